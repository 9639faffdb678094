/** Bytes of a line of the sign-log. Spec: docs/spec/consensus-boundary.md, section 4. */
import { bytes, decodeWith, encodeWith, list, literal, struct, uint } from '@radledger/primitives';
import { ConsensusError } from './errors.js';
import type { SignRecord } from './module.js';

/** Longest record: a block of the largest size with its justification, and room for the rest. */
const RECORD_BYTES_MAX = 64 * 1024 * 1024;

const schema = struct({
  format: literal(1),
  kind: uint(255),
  epoch: uint(),
  view: uint(),
  bytes: bytes({ max: 4096 }),
  support: list(bytes({ max: RECORD_BYTES_MAX }), { max: 256 }),
});

export function encodeSignRecord(record: SignRecord): Uint8Array {
  return encodeWith(schema, { format: 1, ...record });
}

/** @throws {ConsensusError} `MALFORMED_SIGN_RECORD` */
export function decodeSignRecord(encoded: Uint8Array): SignRecord {
  try {
    const { kind, epoch, view, bytes: signed, support } = decodeWith(schema, encoded, { bytesMax: RECORD_BYTES_MAX });
    return { kind, epoch, view, bytes: signed, support };
  } catch (cause) {
    throw new ConsensusError({ code: 'MALFORMED_SIGN_RECORD' }, 'expected a record that encodeSignRecord wrote', {
      cause,
    });
  }
}
