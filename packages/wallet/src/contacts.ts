/** Whom she asks about her images: the hospitals of her studies, as they say themselves how they are reached. */
import { toHex } from '@radledger/primitives';
import type { CallOptions } from './views.js';
import type { WalletCore } from './wallet-core.js';
import type { StudyRecord } from './wallet-state.js';

export interface Contact {
  /** The hospital's name on the ledger. */
  readonly name: string;
  /** As its gateway signed it, one line; any text of at most 512 bytes. Undefined when it names nobody, or does not answer. */
  readonly contact: string | undefined;
}

/** One for each hospital whose name the ledger tells, in the order of her studies, newest first. */
export async function readContacts(core: WalletCore, { signal }: CallOptions): Promise<readonly Contact[]> {
  const bySource = new Map(core.state.studies.map((record) => [toHex(record.source), record]));
  const contacts = await Promise.all(
    [...bySource.values()].reverse().map(async (record): Promise<Contact | undefined> => {
      const { name } = await core.ledger.source(record.source, signal);
      if (name === undefined) return undefined;
      const contact = await contactOf(core, record, { ...(signal && { signal }) }).catch(() => undefined);
      signal?.throwIfAborted();
      return { name, contact };
    }),
  );
  return contacts.filter((contact) => contact !== undefined);
}

/** As one source says, of whom she may have no study yet. @throws {WalletError} `SOURCE_UNKNOWN` | `GATEWAY_UNKNOWN` */
export async function contactOf(
  core: WalletCore,
  at: Pick<StudyRecord, 'source' | 'gatewayApi'>,
  { signal }: CallOptions,
): Promise<string | undefined> {
  const { privacyContact } = await core.source.gatewayOf(at, signal);
  return privacyContact || undefined;
}
