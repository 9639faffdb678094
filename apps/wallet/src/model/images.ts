/** The pictures of one study, fetched one by one and compared with what the ledger says before anything is made of them. */
import { ClientError } from '@radledger/client';
import { checkedFileSet, ImagingError, instanceCheck } from '@radledger/imaging/received';
import { concatBytes } from '@radledger/primitives';
import type { StudyReader } from '@radledger/wallet';
import { arrangedIn, type Group } from './groups.js';

/** Largest instance that a phone is asked to show. */
const INSTANCE_BYTES_MAX = 512 * 1024 * 1024;
const COPY_BYTES_MAX = 64 * 1024 * 1024 * 1024;
/** What is checked goes to the browser's own store in pieces of this size. */
const PIECE_BYTES = 8 * 1024 * 1024;
const PART_HEAD_BYTES_MAX = 4096;
const IDLE_MS = 60_000;
/** What is checked in one go: so much holds up nothing that she does meanwhile. */
const SLICE_BYTES = 512 * 1024;

export interface StudyImages {
  readonly groups: readonly Group[];
  /** A file of the study, as it stands there. @throws {ImagingError} `CONTENT_MISMATCH`; {ClientError} */
  file(sopInstanceUid: string, signal: AbortSignal): Promise<Uint8Array>;
  /** The whole as a ZIP, given only when all of it holds. @throws {ImagingError} `CONTENT_MISMATCH` | `INVALID_ZIP`; {ClientError} */
  copy(options: {
    readonly signal: AbortSignal;
    /** @param totalBytes - as the source says; absent when it does not */
    readonly onBytes: (bytes: number, totalBytes: number | undefined) => void;
  }): Promise<Blob>;
}

export async function imagesOf(reader: StudyReader, signal: AbortSignal): Promise<StudyImages> {
  const groups = arrangedIn(reader.manifest, await reader.imagingStudy({ signal }));
  const entries = new Map(reader.manifest.map((entry) => [entry.sopInstanceUid, entry]));

  const file = async (sopInstanceUid: string, stop: AbortSignal): Promise<Uint8Array> => {
    const entry = entries.get(sopInstanceUid);
    if (entry === undefined) throw new TypeError('no instance of this study');
    const response = await reader.openInstance(sopInstanceUid, { signal: stop });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of bytesOf(response, stop)) {
      bytes += chunk.length;
      if (bytes > INSTANCE_BYTES_MAX) throw tooLarge(INSTANCE_BYTES_MAX);
      chunks.push(chunk);
    }
    const part = onlyPart(concatBytes(...chunks), response.headers.get('content-type') ?? '');
    const check = instanceCheck(entry);
    for (let at = 0; at < part.length; at += SLICE_BYTES) {
      check.update(part.subarray(at, at + SLICE_BYTES));
      await aMoment();
      stop.throwIfAborted();
    }
    check.end();
    return part;
  };

  return {
    groups,
    file,
    async copy({ signal: stop, onBytes }) {
      const response = await reader.openFileSet({ signal: stop });
      const totalBytes = Number(response.headers.get('content-length') ?? 0) || undefined;
      const checked = checkedFileSet(bytesOf(response, stop), reader.manifest, { bytesMax: COPY_BYTES_MAX });
      const pieces: Blob[] = [];
      let piece: Uint8Array<ArrayBuffer>[] = [];
      let pieceBytes = 0;
      let bytes = 0;
      for await (const chunk of checked) {
        piece.push(new Uint8Array(chunk));
        pieceBytes += chunk.length;
        bytes += chunk.length;
        if (pieceBytes < PIECE_BYTES) continue;
        pieces.push(new Blob(piece));
        piece = [];
        pieceBytes = 0;
        onBytes(bytes, totalBytes);
      }
      return new Blob([...pieces, ...piece], { type: 'application/zip' });
    },
  };
}

/** The body of an answer; one that stalls or breaks off is an error. */
async function* bytesOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const stalled = new AbortController();
      const timer = setTimeout(() => {
        stalled.abort();
        void reader.cancel().catch(() => undefined);
      }, IDLE_MS);
      const read = await reader.read().catch((cause: unknown) => {
        signal.throwIfAborted();
        throw new ClientError({ code: 'UNREACHABLE' }, 'the answer broke off', { cause });
      });
      clearTimeout(timer);
      signal.throwIfAborted();
      if (stalled.signal.aborted) throw new ClientError({ code: 'TIMEOUT', timeoutMs: IDLE_MS }, 'the answer stalled');
      if (read.done) return;
      yield read.value;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** What stands in a `multipart/related` body of one part; what was cut out wrongly has another hash. */
function onlyPart(body: Uint8Array, contentType: string): Uint8Array {
  const boundary = /boundary="?([^";]{1,70})/.exec(contentType)?.[1] ?? '';
  const head = new TextDecoder('latin1').decode(body.subarray(0, PART_HEAD_BYTES_MAX)).indexOf('\r\n\r\n');
  return body.subarray(head + 4, Math.max(head + 4, body.length - `\r\n--${boundary}--\r\n`.length));
}

/** Lets whatever else waits go first. */
function aMoment(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close(); // else both stay
      resolve();
    };
    port2.postMessage(undefined);
  });
}

function tooLarge(bytesMax: number): ImagingError {
  return new ImagingError({ code: 'INSTANCE_TOO_LARGE', bytesMax }, `expected at most ${bytesMax} bytes`);
}
