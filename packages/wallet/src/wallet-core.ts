/** What every action of a wallet works with: its state and who may change it, its keys, the ledger, the sources. */
import type { StudyCell } from '@radledger/chain';
import { equalBytes } from '@radledger/primitives';
import { createTransaction, type PayloadOf, type TransactionKind } from '@radledger/transactions';
import { WalletError } from './errors.js';
import { GAP_LIMIT, type WalletKeys } from './keys.js';
import { type Head, LedgerView } from './ledger-view.js';
import { SourceDialogue } from './source-dialogue.js';
import { type CallOptions, type Finalized, type LongOptions, type StudyView, studyViewOf } from './views.js';
import type { WalletPorts } from './wallet-ports.js';
import { encodeWalletState, type StudyRecord, type WalletState } from './wallet-state.js';

/** How far ahead of the newest finalized block a transaction may still enter one; the protocol's own limit is 512. */
const EXPIRY_BLOCKS = 256;
const VIEW_AGE_MS_MAX = 60_000;

/** One profile of one seed on one ledger. */
export class WalletCore {
  readonly ports: WalletPorts;
  readonly keys: WalletKeys;
  readonly ledger: LedgerView;
  readonly source: SourceDialogue;
  #state: WalletState;
  #written: Promise<unknown> = Promise.resolve();

  constructor(ports: WalletPorts, state: WalletState, keys: WalletKeys) {
    this.ports = ports;
    this.keys = keys;
    this.ledger = new LedgerView(ports.node, state.chainId);
    this.source = new SourceDialogue(ports, this.ledger, keys);
    this.#state = state;
  }

  get state(): WalletState {
    return this.#state;
  }

  get chainId(): Uint8Array {
    return this.#state.chainId;
  }

  now(): number {
    return (this.ports.now ?? Date.now)();
  }

  /**
   * Changes the state, durably. Changes are made one after the other, each from what the one before left, so that actions may overlap.
   * A change that throws changes nothing.
   */
  update(change: (state: WalletState) => Partial<WalletState>): Promise<void> {
    const written = this.#written.then(async () => {
      const next = { ...this.#state, ...change(this.#state) };
      await this.ports.store.save(encodeWalletState(next));
      this.#state = next;
    });
    this.#written = written.catch(() => undefined);
    return written;
  }

  /** Changes one study, when it is still there. */
  updateStudy(study: StudyName, change: (record: StudyRecord) => StudyRecord): Promise<void> {
    return this.update(({ studies }) => ({
      studies: studies.map((other) => (isSameStudy(other, study) ? change(other) : other)),
    }));
  }

  /** @throws {WalletError} `STUDY_UNKNOWN` */
  record(studyId: Uint8Array): StudyRecord {
    const record = this.#state.studies.find((candidate) => equalBytes(candidate.studyId, studyId));
    if (record !== undefined) return record;
    throw new WalletError({ code: 'STUDY_UNKNOWN' }, 'this wallet has no such study');
  }

  viewOf(record: StudyRecord, cell: StudyCell | undefined): StudyView {
    return studyViewOf(record, cell, this.keys.ownerKey(record.branch, record.keyIndex));
  }

  /** @throws {WalletError} `VIEW_STALE` | `WRONG_CHAIN` */
  async freshHead(signal?: AbortSignal): Promise<Head> {
    const head = await this.ledger.head(signal);
    if (head.viewAgeMs <= (this.ports.viewAgeMsMax ?? VIEW_AGE_MS_MAX)) return head;
    throw new WalletError(
      { code: 'VIEW_STALE', viewAgeMs: head.viewAgeMs },
      'the node has heard nothing new for too long',
    );
  }

  /** Signs, submits, and waits until the transaction is final. */
  async transact<K extends TransactionKind>(
    kind: K,
    payload: PayloadOf<K>,
    record: StudyRecord,
    /** Not needed for a Revoke Access, which never expires. */
    head: Head | undefined,
    options: LongOptions,
  ): Promise<Finalized> {
    const signer = await this.keys.ownerSigner(record.branch, record.keyIndex);
    const expiryHeight = kind === 'revoke-access' || head === undefined ? 0 : head.height + EXPIRY_BLOCKS;
    const { bytes, txId } = await createTransaction({ chainId: this.chainId, kind, signer, expiryHeight, payload });
    await this.ports.node.submit(bytes, signalOf(options));
    options.onProgress?.({ step: 'submitted', txId });
    const { height } = await this.ports.node.waitForFinalized(txId, {
      ...(head === undefined ? {} : { fromHeight: head.height + 1 }),
      ...(expiryHeight === 0 ? {} : { expiryHeight }),
      ...signalOf(options),
    });
    options.onProgress?.({ step: 'finalized', txId, height });
    return { txId, height };
  }

  nextIndex(branch: number): number {
    return nextIndexIn(this.#state.branches, branch);
  }

  /**
   * Reserves an index, durably, before its key is shown to anybody. Those whose keys stand on the ledger already (another device with
   * the same words used them) are passed over.
   * @throws {WalletError} `TOO_MANY_UNPUBLISHED`
   */
  async takeIndex(branch: number, signal?: AbortSignal): Promise<number> {
    await this.#checkGap(branch, this.nextIndex(branch) + 1, signal);
    for (;;) {
      const index = this.nextIndex(branch);
      const [cell] = await this.ledger.owners([this.keys.ownerKey(branch, index)], signal);
      let isTaken = false;
      await this.update(({ branches }) => {
        if (nextIndexIn(branches, branch) !== index) return {}; // another action was faster
        isTaken = cell === undefined;
        const others = branches.filter((entry) => entry.branch !== branch);
        return { branches: [...others, { branch, nextIndex: index + 1 }] };
      });
      if (isTaken) return index;
    }
  }

  /** Refuses an index that a restore from the words would not reach: too many keys before it lead to no study. */
  async #checkGap(branch: number, nextIndex: number, signal?: AbortSignal): Promise<void> {
    if (nextIndex < GAP_LIMIT) return;
    const keys = Array.from({ length: GAP_LIMIT - 1 }, (_, offset) =>
      this.keys.ownerKey(branch, nextIndex - GAP_LIMIT + offset),
    );
    if ((await this.ledger.owners(keys, signal)).some((cell) => cell !== undefined)) return;
    throw new WalletError(
      { code: 'TOO_MANY_UNPUBLISHED', limit: GAP_LIMIT - 1 },
      'too many invitations of this source were claimed and never published; ask it to publish or withdraw them',
    );
  }
}

/** What names a study on the ledger. */
export interface StudyName {
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
}

export function isSameStudy(a: StudyName, b: StudyName): boolean {
  return equalBytes(a.studyId, b.studyId) && equalBytes(a.source, b.source);
}

export function nextIndexIn(branches: WalletState['branches'], branch: number): number {
  return branches.find((entry) => entry.branch === branch)?.nextIndex ?? 0;
}

export function signalOf({ signal }: CallOptions): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
