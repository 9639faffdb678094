/**
 * First sight (D11): a valid Revoke Access, Retire Study or Move Owner ends serving before it is final, and keeps it ended
 * over restarts until the ledger has decided. Spec: docs/spec/gateway-api.md, section 3.
 */
import type { GrantCell, StudyCell } from '@radledger/chain';
import { equalBytes, toHex, verifyAll } from '@radledger/primitives';
import { decodeTransaction, type SignedTransaction, signatureClaims } from '@radledger/transactions';
import { type ExchangeStore, put, remove } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import type { LedgerPort } from '../ledger-port.js';
import type { SourceIdentity } from './source-identity.js';
import { type SuspensionRecord, suspensionRecords } from './source-records.js';

/** What has become of a transaction that suspends. */
export type SuspensionOutcome = 'holds' | 'finalized' | 'overtaken' | 'expired';

export interface SuspensionsOptions {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly ledger: LedgerPort;
  readonly identity: SourceIdentity;
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
  /**
   * Drops cached cells of a study. A suspension is judged by the node's newest cells, which may be ahead of the view: what
   * was cached before them must not be served from once it is lifted.
   */
  readonly forget: (studyId: Uint8Array) => void;
}

export interface Suspensions {
  /** Whether serving `studyId` to the holder of `tag` is ended; constant work, from memory. */
  covers(studyId: Uint8Array, tag: Uint8Array): boolean;
  readonly size: number;
  /** Judges a transaction that was seen, and writes it down when it suspends. */
  see(transaction: SignedTransaction): Promise<void>;
  /** Lifts what the finalized state at `height` has settled. */
  settle(height: number): Promise<void>;
  /** Sends what still holds to the node again. */
  resubmit(): Promise<void>;
}

/** Loads what was suspended before a restart. */
export async function openSuspensions(options: SuspensionsOptions): Promise<Suspensions> {
  const { store, lock, ledger } = options;
  const { chainId, source, signer } = options.identity;
  const held = new Map<string, SuspensionRecord>();
  // How many suspensions cover a study, or a pair of study and tag.
  const covered = new Map<string, number>();
  for (const { id, value } of await store.list(suspensionRecords)) hold(id, value);

  function hold(id: string, record: SuspensionRecord): void {
    if (held.has(id)) return;
    held.set(id, record);
    const key = coverKey(record.studyId, record.tag);
    covered.set(key, (covered.get(key) ?? 0) + 1);
  }

  function release(id: string): void {
    const record = held.get(id);
    if (record === undefined) return;
    held.delete(id);
    const key = coverKey(record.studyId, record.tag);
    const left = (covered.get(key) ?? 1) - 1;
    if (left === 0) covered.delete(key);
    else covered.set(key, left);
  }

  async function outcomeOf(transaction: SignedTransaction, height: number): Promise<SuspensionOutcome> {
    const target = suspendedBy(transaction, source);
    if (target === undefined) return 'overtaken';
    const [study, grant] = await Promise.all([
      ledger.study(source, target.studyId),
      target.tag === undefined ? undefined : ledger.grant(source, target.studyId, target.tag),
    ]);
    return judgeSuspension(transaction, { study, grant, height, signingKey: signer.publicKey });
  }

  return {
    covers: (studyId, tag) => covered.has(coverKey(studyId, undefined)) || covered.has(coverKey(studyId, tag)),
    get size() {
      return held.size;
    },

    async see(transaction) {
      const target = suspendedBy(transaction, source);
      if (target === undefined) return;
      const id = toHex(transaction.txId);
      await lock(`suspension/${id}`, async () => {
        if (held.has(id)) return;
        if (!(await verifyAll(signatureClaims(transaction, chainId)))) return;
        // When the node cannot be asked, the transaction holds: `settle` judges it as soon as the node answers.
        const outcome = await outcomeOf(transaction, 0).catch((error: unknown) => {
          options.onFailure(error);
          return 'holds' as const;
        });
        if (outcome !== 'holds') return options.forget(target.studyId);
        const record: SuspensionRecord = {
          format: 1,
          studyId: target.studyId,
          tag: target.tag,
          transaction: transaction.bytes,
          seenAtMs: options.now(),
        };
        // Memory first: nothing more is served while the disk still works.
        hold(id, record);
        await store.commit([put(suspensionRecords, id, record)]);
      });
    },

    async settle(height) {
      for (const [id, record] of [...held]) {
        await lock(`suspension/${id}`, async () => {
          const outcome = await outcomeOf(decodeTransaction(record.transaction, chainId), height);
          if (outcome === 'holds') return;
          await store.commit([remove(suspensionRecords, id)]);
          options.forget(record.studyId);
          release(id);
        });
      }
    },

    async resubmit() {
      for (const { transaction } of [...held.values()]) {
        // Refused means that the ledger has overtaken it, or that it waits already; `settle` finds out which.
        await ledger.submit(transaction).catch(options.onFailure);
      }
    },
  };
}

/** What a transaction ends when it concerns a study of `source`: one grant, or with no tag the whole study. */
export function suspendedBy(
  { transaction }: SignedTransaction,
  source: Uint8Array,
): { readonly studyId: Uint8Array; readonly tag: Uint8Array | undefined } | undefined {
  switch (transaction.kind) {
    case 'revoke-access':
    case 'retire-study':
    case 'move-owner': {
      const { payload } = transaction;
      if (!equalBytes(payload.source, source)) return undefined;
      return {
        studyId: payload.studyId,
        tag: transaction.kind === 'revoke-access' ? transaction.payload.tag : undefined,
      };
    }
    default:
      return undefined;
  }
}

/**
 * Judges a suspending transaction by finalized cells. Pure.
 * @param state.height - finalized height; 0 where expiry is not to be judged
 */
export function judgeSuspension(
  { transaction }: SignedTransaction,
  state: {
    readonly study: StudyCell | undefined;
    readonly grant: GrantCell | undefined;
    readonly height: number;
    /** The source's own: the only one that may retire. */
    readonly signingKey: Uint8Array;
  },
): SuspensionOutcome {
  const { study, grant, height } = state;
  if (study === undefined || study.retired !== undefined) return 'overtaken';
  const expired = transaction.expiryHeight !== 0 && height >= transaction.expiryHeight;
  switch (transaction.kind) {
    case 'retire-study':
      if (!equalBytes(state.signingKey, transaction.signer)) return 'overtaken';
      return expired ? 'expired' : 'holds';
    case 'move-owner':
      if (!equalBytes(study.owner, transaction.signer)) return 'overtaken';
      return expired ? 'expired' : 'holds';
    case 'revoke-access': {
      const entitled =
        equalBytes(study.owner, transaction.signer) ||
        (study.delegate !== undefined && equalBytes(study.delegate.key, transaction.signer));
      if (!entitled) return 'overtaken';
      if (grant !== undefined && grant.sequence >= transaction.payload.sequence) {
        return grant.revoked && grant.sequence === transaction.payload.sequence ? 'finalized' : 'overtaken';
      }
      return expired ? 'expired' : 'holds';
    }
    default:
      return 'overtaken';
  }
}

function coverKey(studyId: Uint8Array, tag: Uint8Array | undefined): string {
  return tag === undefined ? toHex(studyId) : `${toHex(studyId)}.${toHex(tag)}`;
}
