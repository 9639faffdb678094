/** What her devices leave for one another at a study's source, sealed: grants, and devices that her images were brought back on. */
import { decodeWith, encodeWith, list, literal, struct } from '@radledger/primitives';
import {
  DEVICES_MAX,
  type DeviceRecord,
  deviceFields,
  grant1Schema,
  type GrantRecord,
  grantSchema,
  raisedGrant,
} from './wallet-state.js';

const NOTE_BYTES_MAX = 16 * 1024;

const grants = list(grantSchema, { max: 200 });
const noteSchema = struct({
  format: literal(3),
  grants,
  devices: list(struct(deviceFields), { max: DEVICES_MAX }),
});
/** As it was before devices heard of each other. */
const note2 = struct({ format: literal(2), grants });
const note1 = struct({ format: literal(1), grants: list(grant1Schema, { max: 200 }) });

/** A device as it stands in a note: what somebody answered about it is each device's own. */
export type NotedDevice = Omit<DeviceRecord, 'standing'>;

export interface OwnerNote {
  readonly grants: readonly GrantRecord[];
  readonly devices: readonly NotedDevice[];
}

/** The grants of a study, newest kept, and her devices, as they go into the note at the source (at most 16 KiB). */
export function encodeOwnerNote(note: OwnerNote): Uint8Array {
  const devices = note.devices.map(({ id, atMs, by }) => ({ id, atMs, by }));
  for (let count = Math.min(note.grants.length, 200); ; count = Math.floor(count * 0.8)) {
    const newest = [...note.grants].sort((a, b) => b.recordedAtMs - a.recordedAtMs).slice(0, count);
    const encoded = encodeWith(noteSchema, { format: 3, grants: newest, devices });
    if (encoded.length <= NOTE_BYTES_MAX) return encoded;
  }
}

/** @throws {PrimitivesError} when the bytes are not a note */
export function decodeOwnerNote(note: Uint8Array): OwnerNote {
  const limits = { bytesMax: NOTE_BYTES_MAX };
  try {
    return decodeWith(noteSchema, note, limits);
  } catch {
    // an older format, or none
  }
  try {
    return { ...decodeWith(note2, note, limits), devices: [] };
  } catch {
    return { grants: decodeWith(note1, note, limits).grants.map(raisedGrant), devices: [] };
  }
}
