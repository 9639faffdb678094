/** Takes an MTOM/XOP package apart. Source: XOP 1.0, section 4; MTOM, section 3; ITI TF-2, appendix V.8. */
import {
  type ContentType,
  type MultipartOptions,
  type MultipartPart,
  parseContentType,
  readMultipart,
} from '@radledger/multipart';
import { Iti43Error, malformed } from './errors.js';
import { SOAP_MEDIA_TYPE, XOP_MEDIA_TYPE } from './namespaces.js';

export interface MtomLimits extends Omit<MultipartOptions, 'errorOf'> {
  /** Largest root part; parts that arrive before it may hold as much again. */
  readonly envelopeBytesMax: number;
}

export interface MtomPart {
  /** The Content-ID without `<>`, percent-decoded; undefined for a part that nothing can refer to. */
  readonly contentId: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface MtomPackage {
  /** The root part: the SOAP envelope. */
  readonly envelope: Uint8Array;
  /** The other parts in wire order; iterate once. Ending early lets go of the source. */
  readonly parts: AsyncGenerator<MtomPart, void, undefined>;
}

/** Whether a Content-Type announces MTOM: multipart/related whose root is XOP. */
export function isMtom(contentType: ContentType): boolean {
  return (
    contentType.mediaType === 'multipart/related' &&
    contentType.parameters.has('boundary') &&
    contentType.parameters.get('type')?.toLowerCase() === XOP_MEDIA_TYPE
  );
}

/**
 * Reads up to the root part and hands out the rest as streams.
 * @param contentType - as checked by `isMtom`
 * @throws {Iti43Error} `MALFORMED_MESSAGE` | `MESSAGE_TOO_LARGE`; so may `parts` and the bodies
 */
export async function readMtom(
  source: AsyncIterable<Uint8Array>,
  contentType: ContentType,
  limits: MtomLimits,
): Promise<MtomPackage> {
  const start = contentType.parameters.get('start');
  const rootId = start === undefined ? undefined : normalizeContentId(start);
  const parts = readMultipart(source, contentType.parameters.get('boundary') ?? '', {
    ...limits,
    errorOf: (problem, message) =>
      problem.code === 'MALFORMED'
        ? malformed('multipart', problem.rule, message)
        : new Iti43Error({ ...problem, code: 'MESSAGE_TOO_LARGE' }, message),
  });
  const seen = new Set<string>();
  const early: MtomPart[] = [];
  try {
    let earlyBytes = 0;
    for (;;) {
      const step = await parts.next();
      if (step.done === true) throw malformed('multipart', 'no-root', 'the root part named by start is missing');
      const contentId = contentIdOf(step.value, seen);
      if (rootId === undefined || contentId === rootId) {
        checkRoot(step.value);
        const envelope = await collect(step.value.body, limits.envelopeBytesMax);
        return { envelope, parts: remainingParts(early, parts, seen) };
      }
      const bytes = await collect(step.value.body, limits.envelopeBytesMax - earlyBytes);
      earlyBytes += bytes.length;
      early.push({ contentId, body: once(bytes) });
    }
  } catch (error) {
    await parts.return();
    throw error;
  }
}

async function* remainingParts(
  early: readonly MtomPart[],
  parts: AsyncGenerator<MultipartPart, void, undefined>,
  seen: Set<string>,
): AsyncGenerator<MtomPart, void, undefined> {
  try {
    yield* early;
    for (;;) {
      const step = await parts.next();
      if (step.done === true) return;
      yield { contentId: contentIdOf(step.value, seen), body: step.value.body };
    }
  } finally {
    await parts.return();
  }
}

/**
 * Content-IDs and references to them in one form: without `<>`, percent-decoded, since real senders encode one side only.
 * Two ids that this makes equal count as duplicates.
 */
export function normalizeContentId(value: string): string | undefined {
  const bare = /^<(.*)>$/s.exec(value)?.[1] ?? value;
  try {
    return bare === '' ? undefined : decodeURIComponent(bare);
  } catch {
    return bare;
  }
}

function contentIdOf(part: MultipartPart, seen: Set<string>): string | undefined {
  const header = part.headers.get('content-id');
  const contentId = header === undefined ? undefined : normalizeContentId(header);
  if (contentId !== undefined) {
    if (seen.has(contentId)) throw malformed('multipart', 'content-id-repeated', 'each Content-ID stands once');
    seen.add(contentId);
  }
  const encoding = part.headers.get('content-transfer-encoding')?.toLowerCase() ?? 'binary';
  if (encoding !== 'binary' && encoding !== '8bit' && encoding !== '7bit') {
    throw malformed('multipart', 'transfer-encoding', 'parts are sent as binary, 8bit or 7bit');
  }
  return contentId;
}

function checkRoot(part: MultipartPart): void {
  const contentType = parseContentType(part.headers.get('content-type') ?? '');
  const charset = contentType?.parameters.get('charset')?.toLowerCase() ?? 'utf-8';
  const inner = parseContentType(contentType?.parameters.get('type') ?? SOAP_MEDIA_TYPE);
  // text/xml announces SOAP 1.1: let it pass here, so that the envelope is answered with a VersionMismatch.
  const soap = inner?.mediaType === SOAP_MEDIA_TYPE || inner?.mediaType === 'text/xml';
  if (contentType?.mediaType !== XOP_MEDIA_TYPE || !soap) {
    throw malformed('multipart', 'root-type', `the root part is ${XOP_MEDIA_TYPE} of type ${SOAP_MEDIA_TYPE}`);
  }
  if (charset !== 'utf-8') throw malformed('multipart', 'root-charset', 'the root part is UTF-8');
}

/** All bytes of a stream that must stay small. */
export async function collect(source: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      throw new Iti43Error(
        { code: 'MESSAGE_TOO_LARGE', limit: 'envelopeBytesMax', max: bytesMax },
        'the SOAP part is too large',
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
