/** Who the readers of a study are, as its owner's app found it proven when she let them in. Spec: docs/spec/audit.md, section 6. */
import { READER_ORIGINS, type OwnerOrder } from '@radledger/handover';
import { type Infer, literal, struct, text, toHex, uint } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import { type ExchangeStore, put, type RecordKind } from '../exchange-store.js';
import { oneOf } from '../one-of.js';

/** Readers of one study that an owner may name. */
const NAMES_MAX = 200;

const schema = struct({
  format: literal(1),
  name: text({ max: 128 }),
  /** What the reader's request called itself; empty for nothing. */
  displayName: text({ max: 128 }),
  origin: oneOf(READER_ORIGINS),
  toldAtMs: uint(),
});
export type ReaderName = Infer<typeof schema>;
/** The id is `<studyId>.<pseudonym of the reader's key>`. */
export const readerNames: RecordKind<ReaderName> = { name: 'reader', schema, bytesMax: 512 };

/** Replaces what she told of the same reader before. @throws {ExchangeError} `TOO_MANY_REQUESTS` */
export async function keepReaderName(
  store: ExchangeStore,
  studyId: Uint8Array,
  told: Extract<OwnerOrder, { readonly kind: 'name-reader' }>,
  nowMs: number,
): Promise<void> {
  const { key, name, displayName, origin } = told;
  const id = idOf(store, toHex(studyId), toHex(key));
  const known = await store.list(readerNames, `${toHex(studyId)}.`);
  if (known.length >= NAMES_MAX && !known.some((other) => other.id === id)) {
    throw new ExchangeError({ code: 'TOO_MANY_REQUESTS' }, `expected at most ${NAMES_MAX} readers of one study`);
  }
  await store.commit([put(readerNames, id, { format: 1, name, displayName, origin, toldAtMs: nowMs })]);
}

/** @param reader - key in hex */
export function readerName(store: ExchangeStore, studyId: string, reader: string): Promise<ReaderName | undefined> {
  return store.get(readerNames, idOf(store, studyId, reader));
}

function idOf(store: ExchangeStore, studyId: string, reader: string): string {
  return `${studyId}.${store.pseudonymOf(`reader ${reader}`)}`;
}
