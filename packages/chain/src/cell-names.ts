/** Names of the state's cells: a readable prefix and raw ids. Spec: docs/spec/state.md, section 1. */
import { concatBytes, utf8 } from '@radledger/primitives';
import { bytesHasher } from './bytes-hasher.js';

const SLASH = Uint8Array.of(0x2f);
const SOURCE = utf8('source/');
const STUDY = utf8('study/');
const GRANT = utf8('grant/');
const OWNER = utf8('owner/');
const KEY = utf8('key/');
const STAKE = utf8('stake/');
const COUNTED = utf8('counted/');
const AUTHORITY = utf8('authority/');
const ATTESTED = utf8('attested/');
const EPOCH = utf8('epoch/');
const DUTY = utf8('duty/');
const DUTIES = utf8('duties/');
const ABSENT = utf8('absent/');
const MISCONDUCT = utf8('misconduct/');

/** Builders of cell names. Ids and keys are 32 raw bytes; numbers are 8 bytes, big-endian. */
export const cellKey = {
  source: (source: Uint8Array): Uint8Array => concatBytes(SOURCE, source),
  study: (source: Uint8Array, studyId: Uint8Array): Uint8Array => concatBytes(STUDY, source, SLASH, studyId),
  grant: (source: Uint8Array, studyId: Uint8Array, tag: Uint8Array): Uint8Array =>
    concatBytes(GRANT, source, SLASH, studyId, SLASH, tag),
  owner: (key: Uint8Array): Uint8Array => concatBytes(OWNER, key),
  key: (key: Uint8Array): Uint8Array => concatBytes(KEY, key),
  stake: (source: Uint8Array, epoch: number): Uint8Array => concatBytes(STAKE, source, SLASH, bigEndian64(epoch)),
  counted: (source: Uint8Array): Uint8Array => concatBytes(COUNTED, source),
  authority: (key: Uint8Array): Uint8Array => concatBytes(AUTHORITY, key),
  attested: (source: Uint8Array): Uint8Array => concatBytes(ATTESTED, source),
  epoch: (epoch: number): Uint8Array => concatBytes(EPOCH, bigEndian64(epoch)),
  duty: (source: Uint8Array): Uint8Array => concatBytes(DUTY, source),
  duties: (epoch: number): Uint8Array => concatBytes(DUTIES, bigEndian64(epoch)),
  absent: (epoch: number): Uint8Array => concatBytes(ABSENT, bigEndian64(epoch)),
  views: utf8('views'),
  misconduct: (source: Uint8Array, epoch: number): Uint8Array =>
    concatBytes(MISCONDUCT, source, SLASH, bigEndian64(epoch)),
  seed: utf8('seed'),
  params: utf8('params'),
} as const;

/** Prefixes for `StateReader.scan`. */
export const cellPrefix = {
  sources: SOURCE,
  studiesOf: (source: Uint8Array): Uint8Array => concatBytes(STUDY, source, SLASH),
  grantsOf: (source: Uint8Array, studyId: Uint8Array): Uint8Array => concatBytes(GRANT, source, SLASH, studyId, SLASH),
  counted: COUNTED,
  attested: ATTESTED,
  misconductOf: (source: Uint8Array): Uint8Array => concatBytes(MISCONDUCT, source, SLASH),
  stakesOf: (source: Uint8Array): Uint8Array => concatBytes(STAKE, source, SLASH),
  duty: DUTY,
} as const;

/** Source and epoch of the name of a misconduct cell; undefined for any other name. */
export function misconductOfCellName(name: Uint8Array): { source: Uint8Array; epoch: number } | undefined {
  if (name.length !== MISCONDUCT.length + 32 + 1 + 8 || !startsWith(name, MISCONDUCT)) return undefined;
  const view = new DataView(name.buffer, name.byteOffset + MISCONDUCT.length + 33, 8);
  return {
    source: name.slice(MISCONDUCT.length, MISCONDUCT.length + 32),
    epoch: view.getUint32(0) * 0x100000000 + view.getUint32(4),
  };
}

/** The source id in the name of a source, counted, attested or duty cell; undefined for any other name. */
export function sourceOfCellName(name: Uint8Array): Uint8Array | undefined {
  for (const prefix of [SOURCE, COUNTED, ATTESTED, DUTY]) {
    if (name.length === prefix.length + 32 && startsWith(name, prefix)) return name.slice(prefix.length);
  }
  return undefined;
}

/** Longest name of a cell: a grant's. */
export const CELL_NAME_BYTES_MAX = GRANT.length + 32 + 1 + 32 + 1 + 32;

const hashName = bytesHasher('radledger/cell-key/1');

/** Where a cell hangs in the state tree: H('radledger/cell-key/1', name), 32 bytes. Names are at most 255 bytes. */
export function hashedKeyOf(name: Uint8Array): Uint8Array {
  return hashName(name);
}

function bigEndian64(value: number): Uint8Array {
  const out = new Uint8Array(8);
  const view = new DataView(out.buffer);
  view.setUint32(0, Math.floor(value / 0x100000000));
  view.setUint32(4, value % 0x100000000);
  return out;
}

function startsWith(name: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, index) => name[index] === byte);
}
