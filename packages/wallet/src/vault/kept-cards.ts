/**
 * The newest set of helpers' cards of each profile, kept so that it can be shown again: cards of two sets do not fit. Sealed under the seed
 * that two of them give, so that it needs the same unlocking as the words. Spec: docs/spec/wallet-keys.md, section 11.
 */
import { decodeWith, encodeWith, list, struct, text, uint } from '@radledger/primitives';
import { openAtRest, type RestContext, sealAtRest } from './sealed-at-rest.js';
import type { VaultRecord } from './vault-storage.js';

/** Three cards that fit each other, and no others. */
export interface HelperCards {
  /** Unix ms. */
  readonly madeAtMs: number;
  /** Sixteen words each. */
  readonly cards: readonly string[];
}

/** Sixteen words of at most eight letters, and the spaces. */
const CARD_BYTES_MAX = 143;
const schema = struct({ madeAtMs: uint(), cards: list(text({ max: CARD_BYTES_MAX }), { min: 3, max: 3 }) });

/** @returns undefined when none are kept, or what is kept was changed: then others are made */
export async function keptCards(
  { cards = [] }: VaultRecord,
  profile: { readonly id: string; readonly entropy: Uint8Array },
): Promise<HelperCards | undefined> {
  const kept = cards.find(({ id }) => id === profile.id);
  const opened = kept && (await openAtRest(profile.entropy, contextOf(profile.id), kept.sealed));
  return opened && decodeWith(schema, opened, { bytesMax: 1024 });
}

/** The record with this set in place of the one before. */
export async function withCards(
  record: VaultRecord,
  { id, entropy }: { readonly id: string; readonly entropy: Uint8Array },
  set: HelperCards,
): Promise<VaultRecord> {
  const sealed = await sealAtRest(entropy, contextOf(id), encodeWith(schema, set));
  const others = (record.cards ?? []).filter((other) => other.id !== id);
  return { ...record, cards: [...others, { id, sealed }] };
}

function contextOf(id: string): RestContext {
  return { purpose: 'radledger/vault-cards/1', names: [id] };
}
