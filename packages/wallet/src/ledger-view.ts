/** How the wallet reads the ledger: by bucket and by block, never by the name of one key, study or transaction it cares for. */
import {
  cellKey,
  decodeBody,
  decodeGrantCell,
  decodeOwnerCell,
  decodeSourceCell,
  decodeStudyCell,
  type GrantCell,
  type OwnerCell,
  type StudyCell,
} from '@radledger/chain';
import { type CellReader, createCellReader, type NodeClient, type ProvenNode } from '@radledger/client';
import { equalBytes, toHex } from '@radledger/primitives';
import { decodeTransaction, type SignedTransaction } from '@radledger/transactions';
import { WalletError } from './errors.js';

/** The part of a node's API that a wallet uses: a plain `NodeClient`, which is believed, or a `ProvenNode`, which need not be. */
export interface WalletNode
  extends Pick<NodeClient, 'sources' | 'submit' | 'waitForFinalized' | 'bucket' | 'block' | 'events'> {
  status: ProvenNode['status'];
  /** How cells are read; default by bucket, each checked against the header that came with it. */
  readonly cells?: CellReader;
}

/** A source as the directory shows it. */
export interface DirectorySource {
  readonly id: Uint8Array;
  readonly signingKey: Uint8Array;
  /** Absent in a genesis source that is not defined yet. */
  readonly name?: string;
  readonly baseUrl?: string;
  readonly tlsPins: readonly Uint8Array[];
}

/** The newest finalized block as the node tells it. */
export interface Head {
  readonly height: number;
  readonly timestampMs: number;
  readonly viewAgeMs: number;
}

/** A grant cell's name and content. */
export interface FoundGrant {
  readonly tag: Uint8Array;
  readonly cell: GrantCell;
}

const BODY_BYTES_MAX = 16 * 1024 * 1024;
const GRANT_PREFIX = new TextEncoder().encode('grant/');

/** Reads for one wallet. */
export class LedgerView {
  readonly node: WalletNode;
  readonly chainId: Uint8Array;
  readonly #cells: CellReader;

  constructor(node: WalletNode, chainId: Uint8Array) {
    this.node = node;
    this.chainId = chainId;
    this.#cells = node.cells ?? createCellReader(node);
  }

  /** @throws {WalletError} `WRONG_CHAIN` */
  async head(signal?: AbortSignal): Promise<Head> {
    const status = await this.node.status(signal === undefined ? {} : { signal });
    if (!equalBytes(status.chainId, this.chainId)) {
      throw new WalletError(
        { code: 'WRONG_CHAIN', expected: toHex(this.chainId), actual: toHex(status.chainId) },
        'the node belongs to another ledger',
      );
    }
    const { height, timestampMs, proofAgeMs } = status.finalized;
    return { height, timestampMs, viewAgeMs: proofAgeMs };
  }

  /** Ids of all sources, as the node lists them. */
  async sourceIds(signal?: AbortSignal): Promise<readonly Uint8Array[]> {
    const { sources } = await this.node.sources(signal === undefined ? {} : { signal });
    return sources.map(({ id }) => id);
  }

  /** @throws {WalletError} `SOURCE_UNKNOWN` */
  async source(id: Uint8Array, signal?: AbortSignal): Promise<DirectorySource> {
    const [value] = await this.#cells.read([cellKey.source(id)], signal);
    if (value === undefined) {
      throw new WalletError({ code: 'SOURCE_UNKNOWN', source: toHex(id) }, 'the directory has no such source');
    }
    const { signingKey, endpoint } = decodeSourceCell(value);
    return endpoint === undefined ? { id, signingKey, tlsPins: [] } : { id, signingKey, ...endpoint };
  }

  async study(source: Uint8Array, studyId: Uint8Array, signal?: AbortSignal): Promise<StudyCell | undefined> {
    const [value] = await this.#cells.read([cellKey.study(source, studyId)], signal);
    return value === undefined ? undefined : decodeStudyCell(value);
  }

  async studies(
    names: readonly { source: Uint8Array; studyId: Uint8Array }[],
    signal?: AbortSignal,
  ): Promise<readonly (StudyCell | undefined)[]> {
    const values = await this.#cells.read(
      names.map(({ source, studyId }) => cellKey.study(source, studyId)),
      signal,
    );
    return values.map((value) => (value === undefined ? undefined : decodeStudyCell(value)));
  }

  async grants(
    source: Uint8Array,
    studyId: Uint8Array,
    tags: readonly Uint8Array[],
    signal?: AbortSignal,
  ): Promise<readonly (GrantCell | undefined)[]> {
    const values = await this.#cells.read(
      tags.map((tag) => cellKey.grant(source, studyId, tag)),
      signal,
    );
    return values.map((value) => (value === undefined ? undefined : decodeGrantCell(value)));
  }

  /** Studies, their grants and the names of their sources, in one reading; in the order given. */
  async everythingOf(
    studies: readonly { source: Uint8Array; studyId: Uint8Array; tags: readonly Uint8Array[] }[],
    signal?: AbortSignal,
  ): Promise<
    readonly {
      readonly study: StudyCell | undefined;
      readonly sourceName: string | undefined;
      readonly grants: readonly (GrantCell | undefined)[];
    }[]
  > {
    const names = studies.flatMap(({ source, studyId, tags }) => [
      cellKey.study(source, studyId),
      cellKey.source(source),
      ...tags.map((tag) => cellKey.grant(source, studyId, tag)),
    ]);
    const values = (await this.#cells.read(names, signal)).values();
    const next = <T>(decode: (value: Uint8Array) => T): T | undefined => {
      const value = values.next().value;
      return value === undefined ? undefined : decode(value);
    };
    return studies.map(({ tags }) => ({
      study: next(decodeStudyCell),
      sourceName: next(decodeSourceCell)?.endpoint?.name,
      grants: tags.map(() => next(decodeGrantCell)),
    }));
  }

  /** What each key owns or is delegate of. */
  async owners(keys: readonly Uint8Array[], signal?: AbortSignal): Promise<readonly (OwnerCell | undefined)[]> {
    const values = await this.#cells.read(keys.map(cellKey.owner), signal);
    return values.map((value) => (value === undefined ? undefined : decodeOwnerCell(value)));
  }

  /**
   * Every grant of the given studies, found by reading the whole state: the only way when neither note nor source remembers.
   * @param options.digitsMax - see `CellReader.all`
   */
  async allGrants(
    studies: readonly { source: Uint8Array; studyId: Uint8Array }[],
    options: { readonly digitsMax?: number; readonly signal?: AbortSignal } = {},
  ): Promise<ReadonlyMap<string, readonly FoundGrant[]>> {
    const found = new Map<string, FoundGrant[]>(studies.map(({ source, studyId }) => [studyKey(source, studyId), []]));
    for await (const { name, value } of this.#cells.all(options.signal, options.digitsMax)) {
      if (name.length !== GRANT_PREFIX.length + 98 || !GRANT_PREFIX.every((byte, at) => name[at] === byte)) continue;
      const rest = name.subarray(GRANT_PREFIX.length);
      const list = found.get(studyKey(rest.subarray(0, 32), rest.subarray(33, 65)));
      list?.push({ tag: rest.slice(66), cell: decodeGrantCell(value) });
    }
    return found;
  }

  /** The transactions of one finalized block. */
  async transactionsAt(height: number, signal?: AbortSignal): Promise<readonly SignedTransaction[]> {
    const block = await this.node.block(height, signal === undefined ? {} : { signal });
    if (block?.body === undefined) return [];
    const { transactions } = decodeBody(block.body, { bytesMax: BODY_BYTES_MAX });
    return transactions.map((bytes) => decodeTransaction(bytes, this.chainId));
  }

  /** Resolves when a finalized block holds a transaction that `matches`, or `isDone` says so at once or when the stream begins. */
  async waitFor(input: {
    isDone: () => Promise<boolean>;
    matches: (transaction: SignedTransaction) => boolean;
    timeoutMs: number;
    signal?: AbortSignal | undefined;
  }): Promise<boolean> {
    const { height } = await this.head(input.signal);
    if (await input.isDone()) return true;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), input.timeoutMs);
    const signal = input.signal === undefined ? limit.signal : AbortSignal.any([input.signal, limit.signal]);
    try {
      for await (const event of this.node.events({ fromHeight: height + 1, signal })) {
        if (event.event !== 'finalized') continue;
        const transactions = await this.transactionsAt(event.height, signal);
        if (transactions.some(input.matches) && (await input.isDone())) return true;
      }
    } catch (error) {
      if (!limit.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
    input.signal?.throwIfAborted();
    return false;
  }
}

/** A study as a name in a map. */
export function studyKey(source: Uint8Array, studyId: Uint8Array): string {
  return `${toHex(source)}/${toHex(studyId)}`;
}
