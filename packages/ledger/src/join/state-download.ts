/** Fetches the state after a boundary from several peers at once, part by part. Spec: docs/spec/node-sync.md, section 4. */
import { type PartPlace, verifyTreePart } from '@radledger/chain';
import type { PeerId } from '@radledger/network';
import { bytes, decodeWith, encodeWith, type Infer, list, literal, struct, text, uint } from '@radledger/primitives';
import type { StateImport } from '@radledger/storage';
import { createJobQueue } from '../job-queue.js';
import { decodePart, encodeSnapshotRequest } from '../snapshot-messages.js';
import { TOPICS } from '../topics.js';
import type { Asking } from './asking.js';

/** Parts under way at each peer. */
const REQUESTS_EACH = 2;
/** Parts that wait to be written; more are not asked for. */
const WAITING_PARTS_MAX = 8;

const progressSchema = struct({
  format: literal(1),
  height: uint(),
  id: bytes({ length: 32 }),
  /** Places still to be fetched. */
  places: list(struct({ prefix: text({ max: 64 }), hash: bytes({ length: 32 }) }), { max: 1_000_000 }),
});
export type ImportProgress = Omit<Infer<typeof progressSchema>, 'format'>;

export function encodeProgress(progress: ImportProgress): Uint8Array {
  return encodeWith(progressSchema, { format: 1, ...progress });
}

export function decodeProgress(encoded: Uint8Array): ImportProgress {
  const { height, id, places } = decodeWith(progressSchema, encoded, { bytesMax: encoded.length, depthMax: 4 });
  return { height, id, places };
}

/**
 * Fetches what is missing of a state.
 * @returns true when all of it is written; false when no peer gives more of it: what was written stays
 * @throws what a failed write throws: what was written before it stays
 */
export async function downloadState(options: {
  readonly target: { readonly height: number; readonly id: Uint8Array; readonly stateRoot: Uint8Array };
  readonly importing: StateImport;
  readonly asking: Asking;
  readonly answerBytesMax: number;
  /** Peers that say they have this state. */
  readonly providers: readonly PeerId[];
  /** Called with the number of cells in each proven part. */
  readonly received: (cells: number) => void;
}): Promise<boolean> {
  const { target, importing, asking, answerBytesMax } = options;
  const { height, id, stateRoot } = target;
  const inOrder = createJobQueue();
  // Taken from the end: places below the newest part come first, so that few are open at a time.
  const open: PartPlace[] = importing.progress
    ? [...decodeProgress(importing.progress).places]
    : [{ prefix: '', hash: stateRoot }];
  const underWay = new Set<PartPlace>();
  const failure = new AbortController();
  let waiting = 0;

  function fail(error: unknown): void {
    failure.abort(error);
  }

  async function fetchPart(peer: PeerId, place: PartPlace): Promise<void> {
    const request = encodeSnapshotRequest({ part: { height, prefix: place.prefix } });
    const proven = await asking.ask(peer, TOPICS.snapshot, request, (answer) =>
      verifyTreePart(place, decodePart(answer, answerBytesMax)),
    );
    underWay.delete(place);
    open.push(...(proven?.places ?? [place]));
    if (!proven) return;
    options.received(proven.cells.length);
    const written = write(proven.cells);
    if (waiting >= WAITING_PARTS_MAX) await written;
  }

  /**
   * Cells of a proven part; what is neither written nor waits before them is in the progress that is written with them. So nothing
   * may be written after a write that failed.
   */
  function write(cells: Parameters<StateImport['write']>[0]): Promise<void> {
    waiting += 1;
    const places = [...underWay, ...open];
    return inOrder(async () => {
      if (!failure.signal.aborted) await importing.write(cells, encodeProgress({ height, id, places })).catch(fail);
      waiting -= 1;
    });
  }

  const busy = new Map<PeerId, number>();
  await new Promise<void>((resolve) => {
    let running = 0;
    /** Gives every provider something to do, until a failure; ends when nothing is under way and nothing can be. */
    function distribute(): void {
      const providers = asking.peers().filter((peer) => options.providers.includes(peer));
      for (let round = 0; round < REQUESTS_EACH; round += 1) {
        for (const peer of providers) {
          const isFree = !failure.signal.aborted && (busy.get(peer) ?? 0) < REQUESTS_EACH;
          const place = isFree ? open.pop() : undefined;
          if (!place) continue;
          underWay.add(place);
          busy.set(peer, (busy.get(peer) ?? 0) + 1);
          running += 1;
          void fetchPart(peer, place)
            .catch(fail)
            .then(() => done(peer));
        }
      }
      if (running === 0) resolve();
    }
    function done(peer: PeerId): void {
      busy.set(peer, (busy.get(peer) ?? 1) - 1);
      running -= 1;
      distribute();
    }
    distribute();
  });
  await inOrder(() => Promise.resolve());
  failure.signal.throwIfAborted();
  return open.length === 0;
}
