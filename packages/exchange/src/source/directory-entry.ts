/** The source's own entry in the ledger's directory: Define Source and Move Source. */
import { equalBytes } from '@radledger/primitives';
import {
  createTransaction,
  decodeTransaction,
  isKind,
  type SignedTransaction,
  solveWorkStamp,
} from '@radledger/transactions';
import { ExchangeError } from '../errors.js';
import { type ExchangeStore, put } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import type { LedgerPort } from '../ledger-port.js';
import { EXPIRY_BLOCKS } from './publisher.js';
import type { SourceIdentity } from './source-identity.js';
import { SELF, type SelfRecord, selfRecords } from './source-records.js';

/** What `radledger-node prove` writes: the node's keys and their proofs of possession for this source. */
export interface NodeKeyProofs {
  readonly nodeKey: Uint8Array;
  readonly nodeProof: Uint8Array;
  readonly vrfKey: Uint8Array;
  readonly vrfProof: Uint8Array;
}

export interface DirectoryEntryState {
  readonly state: 'undefined' | 'submitted' | 'defined' | 'failed';
  readonly txId: Uint8Array | undefined;
  /** When the newest transaction of ours was finalized. */
  readonly height: number | undefined;
  /** Why the newest was refused. */
  readonly failure: string | undefined;
}

export interface DirectoryEntryOptions {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly ledger: LedgerPort;
  readonly identity: SourceIdentity;
  /** Where other gateways reach this one; ITI-43 is at `<baseUrl>/xds/iti43`. */
  readonly baseUrl: string;
  /** SHA-256 of the SubjectPublicKeyInfo of the TLS keys in use, 1 to 3. */
  readonly tlsPins: () => readonly Uint8Array[];
  /** Work that open admission asks of a source that genesis does not name. */
  readonly workBits: number;
  readonly onFailure: (error: unknown) => void;
}

export interface DirectoryEntry {
  state(): Promise<DirectoryEntryState>;
  /** @throws {ExchangeError} `SOURCE_DEFINED` when the ledger has an endpoint of this source; {TransactionError} */
  define(input: NodeKeyProofs & { readonly name: string }): Promise<{ readonly txId: Uint8Array }>;
  /** Publishes the configured URL and pins anew. @throws {ExchangeError} `SOURCE_NOT_DEFINED`; {TransactionError} */
  move(input: { readonly name: string }): Promise<{ readonly txId: Uint8Array }>;
  /** Sends what is not settled, and notes what the ledger has settled. */
  advance(): Promise<void>;
}

export function createDirectoryEntry(options: DirectoryEntryOptions): DirectoryEntry {
  const { store, lock, ledger, identity, baseUrl } = options;
  const { chainId, source, signer } = identity;

  const submit = async (signed: SignedTransaction): Promise<{ txId: Uint8Array }> => {
    const record: SelfRecord = { format: 1, source, transaction: signed.bytes, height: undefined, failure: undefined };
    await store.commit([put(selfRecords, SELF, record)]);
    await settle(record);
    return { txId: signed.txId };
  };

  const settle = async (record: SelfRecord): Promise<void> => {
    if (record.transaction === undefined || record.height !== undefined || record.failure !== undefined) return;
    const signed = decodeTransaction(record.transaction, chainId);
    const { height } = await ledger.head();
    const outcome = await ledger.outcome(signed.txId);
    const note = (change: Partial<SelfRecord>): Promise<void> =>
      store.commit([put(selfRecords, SELF, { ...record, ...change })]);
    if (outcome.status === 'finalized') return note({ height: outcome.height });
    if (outcome.status === 'refused') return note({ failure: outcome.code });
    // A node that has forgotten the transaction still knows its effect.
    if (await isInEffect(signed)) return note({ height });
    if (height >= signed.transaction.expiryHeight) return note({ failure: 'EXPIRED' });
    if (outcome.status === 'unknown') await ledger.submit(signed.bytes);
  };

  const isInEffect = async (signed: SignedTransaction): Promise<boolean> => {
    if (!isKind(signed, 'define-source') && !isKind(signed, 'move-source')) return false;
    const cell = await ledger.source(source);
    const { payload } = signed.transaction;
    return (
      cell?.endpoint !== undefined &&
      cell.endpoint.baseUrl === payload.baseUrl &&
      cell.endpoint.name === payload.name &&
      cell.endpoint.tlsPins.length === payload.tlsPins.length &&
      cell.endpoint.tlsPins.every((pin, index) => equalBytes(pin, payload.tlsPins[index] ?? pin.subarray(1)))
    );
  };

  return {
    async state() {
      const [record, cell] = await Promise.all([store.get(selfRecords, SELF), ledger.source(source)]);
      const transaction = record?.transaction;
      const open = transaction !== undefined && record?.height === undefined && record?.failure === undefined;
      const defined = cell?.endpoint !== undefined;
      return {
        state: open ? 'submitted' : defined ? 'defined' : record?.failure !== undefined ? 'failed' : 'undefined',
        txId: transaction === undefined ? undefined : decodeTransaction(transaction, chainId).txId,
        height: record?.height,
        failure: record?.failure,
      };
    },
    define: ({ name, nodeKey, nodeProof, vrfKey, vrfProof }) =>
      lock('self', async () => {
        const cell = await ledger.source(source);
        if (cell?.endpoint !== undefined) {
          throw new ExchangeError({ code: 'SOURCE_DEFINED' }, 'the ledger has this source; move it instead');
        }
        const { height, blockId } = await ledger.head();
        // Genesis sources stand in the directory already, without an endpoint: they need no admission. Without work a source is
        // let in by anybody on a test net, or by an Attest of an authority that the ledger holds.
        const admission =
          cell === undefined && options.workBits > 0
            ? await solveWorkStamp({ chainId, source, height, blockId, workBits: options.workBits })
            : undefined;
        return submit(
          await createTransaction({
            chainId,
            kind: 'define-source',
            signer,
            expiryHeight: height + EXPIRY_BLOCKS,
            payload: {
              source,
              name,
              baseUrl,
              tlsPins: options.tlsPins(),
              nodeKey,
              nodeKeyProof: nodeProof,
              vrfKey,
              vrfKeyProof: vrfProof,
              admission,
            },
          }),
        );
      }),
    move: ({ name }) =>
      lock('self', async () => {
        const cell = await ledger.source(source);
        if (cell?.endpoint === undefined) {
          throw new ExchangeError({ code: 'SOURCE_NOT_DEFINED' }, 'define the source first');
        }
        const { height } = await ledger.head();
        return submit(
          await createTransaction({
            chainId,
            kind: 'move-source',
            signer,
            expiryHeight: height + EXPIRY_BLOCKS,
            payload: { source, baseUrl, tlsPins: options.tlsPins(), name },
          }),
        );
      }),
    advance: () =>
      lock('self', async () => {
        const record = await store.get(selfRecords, SELF);
        if (record !== undefined) await settle(record);
      }),
  };
}
