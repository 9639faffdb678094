/** Writes an MTOM/XOP package in the strict form of docs/spec/iti-43.md, section 2. */
import { randomUUID } from 'node:crypto';
import { malformed } from './errors.js';
import { SOAP_MEDIA_TYPE, XOP_MEDIA_TYPE } from './namespaces.js';

export interface OutgoingPart {
  /** Without `<>`. */
  readonly contentId: string;
  readonly mimeType: string;
  readonly sizeBytes?: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface OutgoingPackage {
  /** Value of the HTTP header Content-Type. */
  readonly contentType: string;
  /** Exact size, when every part has one. */
  readonly sizeBytes?: number;
  /** The body; parts are opened one after the other, when their turn comes. */
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
}

/** An id for a part that no document can contain by chance. */
export function freshContentId(): string {
  return `${randomUUID()}@radledger`;
}

/**
 * Packs an envelope and the parts that it includes. Holds no part in memory. `chunks` throws `MALFORMED_MESSAGE` before the
 * closing boundary when a part is not as long as it said.
 */
export function writeMtom(envelope: Uint8Array, parts: readonly OutgoingPart[]): OutgoingPackage {
  const boundary = `uuid:${randomUUID()}`;
  const rootId = freshContentId();
  const head = (contentId: string, contentType: string, first: boolean): Uint8Array =>
    Buffer.from(
      `${first ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${contentType}\r\n` +
        `Content-Transfer-Encoding: binary\r\nContent-ID: <${contentId}>\r\n\r\n`,
      'latin1',
    );
  const rootHead = head(rootId, `${XOP_MEDIA_TYPE}; charset=UTF-8; type="${SOAP_MEDIA_TYPE}"`, true);
  const partHeads = parts.map((part) => head(part.contentId, part.mimeType, false));
  const close = Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1');

  let sizeBytes: number | undefined = rootHead.length + envelope.length + close.length;
  parts.forEach((part, index) => {
    sizeBytes =
      sizeBytes === undefined || part.sizeBytes === undefined
        ? undefined
        : sizeBytes + (partHeads[index]?.length ?? 0) + part.sizeBytes;
  });

  return {
    contentType:
      `multipart/related; boundary="${boundary}"; type="${XOP_MEDIA_TYPE}"; ` +
      `start="<${rootId}>"; start-info="${SOAP_MEDIA_TYPE}"`,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    async *chunks() {
      yield Buffer.concat([rootHead, envelope]);
      for (const [index, part] of parts.entries()) {
        yield partHeads[index] ?? new Uint8Array(0);
        let bytes = 0;
        for await (const chunk of part.open()) {
          bytes += chunk.length;
          if (part.sizeBytes !== undefined && bytes > part.sizeBytes) break;
          yield chunk;
        }
        if (part.sizeBytes !== undefined && bytes !== part.sizeBytes) {
          throw malformed('multipart', 'part-size', 'a part must have exactly the bytes that were announced');
        }
      }
      yield close;
    },
  };
}
