/** What every frame after the handshake holds. Spec: docs/spec/peer-protocol.md, section 3. */
import {
  bytes,
  decodeWith,
  encodeWith,
  type Infer,
  PrimitivesError,
  type Schema,
  struct,
  text,
  uint,
} from '@radledger/primitives';

/** The kinds of envelope: a message, a request, its response, or its refusal (payload: a code in ASCII). */
export const envelopeKind = { message: 0, request: 1, response: 2, refusal: 3 } as const;
type EnvelopeKind = (typeof envelopeKind)[keyof typeof envelopeKind];

/** Most bytes that an envelope adds to its payload. */
export const ENVELOPE_BYTES_MAX = 64;
export const TOPIC_BYTES_MAX = 32;

const kindSchema: Schema<EnvelopeKind> = uint(3) as Schema<EnvelopeKind>;

function envelopeSchema(payloadBytesMax: number) {
  return struct({
    topic: text({ min: 1, max: TOPIC_BYTES_MAX }),
    kind: kindSchema,
    /** 0 for a message; from 1 upwards, chosen by the side that asks, for the rest. */
    requestId: uint(),
    payload: bytes({ max: payloadBytesMax }),
  });
}

export type Envelope = Infer<ReturnType<typeof envelopeSchema>>;

const encodingSchema = envelopeSchema(Number.MAX_SAFE_INTEGER);

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return encodeWith(encodingSchema, envelope);
}

/** @throws {PrimitivesError} when the frame is not exactly one canonical envelope */
export function decodeEnvelope(frame: Uint8Array, frameBytesMax: number): Envelope {
  const envelope = decodeWith(envelopeSchema(frameBytesMax), frame, { bytesMax: frameBytesMax, depthMax: 1 });
  if ((envelope.kind === envelopeKind.message) !== (envelope.requestId === 0)) {
    const info = { code: 'SCHEMA_MISMATCH', path: 'requestId' } as const;
    throw new PrimitivesError(info, 'expected a request id exactly where something is asked or answered');
  }
  return envelope;
}
