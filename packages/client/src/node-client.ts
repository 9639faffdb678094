/** Client of a node's HTTP API. Spec: docs/spec/node-api.md. */
import {
  type BoundaryRecord,
  cellKey,
  decodeBoundaries,
  decodeGrantCell,
  decodeOwnerCell,
  decodeSourceCell,
  decodeStudyCell,
  type GrantCell,
  type OwnerCell,
  type SourceCell,
  type SourceFacts,
  sourceFromJson,
  type StudyCell,
} from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import { type DutyAccount, type DutyAccounts, readDutyAccounts, readDutyProof } from './duty-accounts.js';
import { ClientError } from './errors.js';
import { readEventStream } from './event-stream.js';
import { Http, type HttpOptions, refusalOf } from './http.js';
import { JsonReader, readHex } from './json-reader.js';
import { type BucketAnswer, readStateProof, type StateProof } from './state-proof.js';
import { type FinalizedTransaction, type WaitOptions, waitForFinalized } from './wait-for-finalized.js';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** A node's word on itself and its newest finalized block. */
export interface NodeStatus {
  readonly chainId: Uint8Array;
  readonly name: string;
  readonly module: string;
  readonly height: number;
  readonly finalized: {
    readonly height: number;
    readonly id: Uint8Array;
    readonly timestampMs: number;
    readonly stateRoot: Uint8Array;
    /** Milliseconds since the node verified its newest finality proof: the view age of design D11. */
    readonly proofAgeMs: number;
  };
  readonly peers: number;
  readonly pendingTransactions: number;
  readonly nodeKey: Uint8Array | null;
  readonly voting: { readonly allowed: boolean; readonly reason: string | null };
  /** What more than half of the stake states with its signatures: this height is final, and nothing follows. */
  readonly halted: { readonly height: number; readonly blockId: Uint8Array } | null;
  readonly nowMs: number;
}

export type TransactionStatus =
  | { readonly status: 'unknown' | 'seen' }
  | { readonly status: 'finalized'; readonly height: number }
  | { readonly status: 'refused'; readonly reason: string };

/**
 * One cell of the state after block `height`, checked against the state root of the header that came with it; `cell` is
 * undefined when its absence is proven. Whether the header is final is the node's word, unless `proof.finality` is judged.
 */
export interface CellAnswer<T> {
  readonly height: number;
  readonly cell: T | undefined;
  readonly proof: StateProof;
}

export interface FinalizedBlock {
  readonly height: number;
  readonly id: Uint8Array;
  /** Canonical header. */
  readonly header: Uint8Array;
  /** Canonical body; only in the answer of `block`. */
  readonly body?: Uint8Array;
  /** Transaction ids in block order. */
  readonly transactions: readonly Uint8Array[];
  readonly timestampMs: number;
  readonly proposer: Uint8Array;
  readonly finality: Uint8Array | null;
}

/** Parts of the state after one block, unverified. */
export interface StateAnswer {
  readonly header: Uint8Array;
  readonly finality: Uint8Array | null;
  /** One for each prefix, in the order asked. */
  readonly parts: readonly StatePart[];
}

interface NamedCell {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

/** All cells under a prefix, or, when asked what changed since a height, the places that did with all their cells. */
export interface StatePart {
  readonly prefix: string;
  readonly cells: readonly NamedCell[];
  /** Only in answers to `since`; `place` has 8 hex digits, and `cells` above is empty. */
  readonly changed?: readonly { readonly place: string; readonly cells: readonly NamedCell[] }[];
  readonly path: Uint8Array;
}

export interface DutyEntry {
  readonly height: number;
  readonly epoch: number;
  readonly view: number;
  readonly source: Uint8Array;
  readonly class: string;
}

export type NodeEvent =
  | {
      readonly event: 'finalized';
      readonly height: number;
      readonly id: Uint8Array;
      readonly timestampMs: number;
      readonly stateRoot: Uint8Array;
    }
  /** A transaction that the node admitted; not finalized, maybe never. */
  | { readonly event: 'seen'; readonly txId: Uint8Array; readonly transaction: Uint8Array }
  | {
      readonly event: 'status';
      readonly height: number;
      readonly proofAgeMs: number;
      /** Whether the node holds proof that the network stands still at this height. */
      readonly halted: boolean;
      readonly nowMs: number;
    };

export interface NodeClient {
  readonly url: string;
  status(options?: CallOptions): Promise<NodeStatus>;
  /** @returns the transaction id @throws {ClientError} `REFUSED` with the rule that it breaks as `reason` */
  submit(transaction: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  transactionStatus(txId: Uint8Array, options?: CallOptions): Promise<TransactionStatus>;
  /** See `waitForFinalized`: follows blocks, does not poll by id. */
  waitForFinalized(txId: Uint8Array, options?: WaitOptions): Promise<FinalizedTransaction>;
  /** The whole directory, ordered by source id. */
  sources(options?: CallOptions): Promise<{ readonly height: number; readonly sources: readonly SourceFacts[] }>;
  /** @throws {ClientError} `PROOF_INVALID` */
  source(id: Uint8Array, options?: CallOptions): Promise<CellAnswer<SourceCell>>;
  /** @throws {ClientError} `PROOF_INVALID` */
  study(source: Uint8Array, studyId: Uint8Array, options?: CallOptions): Promise<CellAnswer<StudyCell>>;
  /** @throws {ClientError} `PROOF_INVALID` */
  grant(
    source: Uint8Array,
    studyId: Uint8Array,
    tag: Uint8Array,
    options?: CallOptions,
  ): Promise<CellAnswer<GrantCell>>;
  /** What a key owns or is delegate of. @throws {ClientError} `PROOF_INVALID` */
  owner(key: Uint8Array, options?: CallOptions): Promise<CellAnswer<OwnerCell>>;
  /**
   * All cells whose hashed name begins with `prefix`.
   * @param prefix - 0 to 8 lower-case hex digits
   * The proof comes unverified: see `verifyBucketAnswer`.
   * @throws {ClientError} `REFUSED` with reason `BUCKET_TOO_LARGE`: ask with a longer prefix
   */
  bucket(prefix: string, options?: CallOptions): Promise<BucketAnswer>;
  /**
   * All cells whose hashed name begins with one of 1 to 16 prefixes (each 0 to 8 lower-case hex digits), of one state. Unverified: a
   * light client judges it.
   * @param query.since - a height whose parts the reader has: only what changed since is answered
   * @throws {ClientError} `REFUSED` with reason `BUCKET_TOO_LARGE`: ask with longer prefixes; `CHANGES_UNKNOWN`: ask without `since`
   */
  state(
    query: { readonly prefixes: readonly string[]; readonly since?: number },
    options?: CallOptions,
  ): Promise<StateAnswer>;
  /** Ends of epochs, ascending from that of `fromEpoch` - 1; unverified. @param range.limit - 1 to 256 */
  boundaries(
    range: { readonly fromEpoch: number; readonly limit: number },
    options?: CallOptions,
  ): Promise<readonly BoundaryRecord[]>;
  /** What voters say of a network that stands still: encoded statements, unverified; none while it goes on. */
  haltStatements(options?: CallOptions): Promise<readonly Uint8Array[]>;
  /** Undefined when the height is not finalized yet. */
  block(height: number, options?: CallOptions): Promise<FinalizedBlock | undefined>;
  /** @param range.limit - 1 to 100, default 20; without `from` the newest ones */
  blocks(range?: { from?: number; limit?: number }, options?: CallOptions): Promise<readonly FinalizedBlock[]>;
  /** @param range.limit - 1 to 1,000 */
  duties(range: { fromHeight: number; limit?: number }, options?: CallOptions): Promise<readonly DutyEntry[]>;
  /** Undefined when the epoch is open, or its accounts are no longer kept. */
  dutyAccounts(epoch: number, options?: CallOptions): Promise<DutyAccounts | undefined>;
  /** Undefined as for `dutyAccounts`, and for a source without an account. @throws {ClientError} `PROOF_INVALID` */
  dutyAccount(epoch: number, source: Uint8Array, options?: CallOptions): Promise<DutyAccount | undefined>;
  /**
   * What happens, from `fromHeight` (default: the next block) until the signal aborts. Connects again by itself and goes on
   * after the last finalized height; `seen` and `status` events may repeat then.
   */
  events(options: {
    fromHeight?: number;
    signal: AbortSignal;
    onReconnect?: (error: unknown, delayMs: number) => void;
  }): AsyncIterable<NodeEvent>;
}

/** Largest answer that is read: a bucket of 4,096 cells or a block of some MiB, in hex. */
/** Sources asked for in one request. */
const SOURCES_AT_ONCE = 1_000;
const LARGE_ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** @param options.url - address of the node's API, without a trailing slash @throws {ClientError} `URL_REFUSED` */
export function createNodeClient(options: HttpOptions): NodeClient {
  const http = new Http(options);

  const readCell = async <T>(
    path: string,
    name: Uint8Array,
    { signal }: CallOptions,
    decode: (cell: Uint8Array) => T,
  ): Promise<CellAnswer<T>> => {
    const answer = await http.jsonOrMissing(`${path}?proof=1`, { signal });
    const found = 'json' in answer;
    if (!found && !/^(SOURCE|STUDY|GRANT|OWNER)_UNKNOWN$/.test(answer.missing.reason)) throw refusalOf(answer.missing);
    const reader = new JsonReader(found ? answer.json : answer.missing.body);
    const proof = readStateProof(reader, name);
    if (found !== (proof.value !== undefined)) {
      throw new ClientError({ code: 'PROOF_INVALID' }, 'the proof does not show what the node says');
    }
    return {
      height: reader.integer('height'),
      cell: proof.value === undefined ? undefined : decode(proof.value),
      proof,
    };
  };

  const client: NodeClient = {
    url: http.url,
    status: async ({ signal } = {}) => readStatus(await http.json('/v1/status', { signal })),
    async submit(transaction, { signal } = {}) {
      const json = await http.json('/v1/transactions', { method: 'POST', body: transaction, signal });
      return new JsonReader(json).bytes('txId', 32);
    },
    async transactionStatus(txId, { signal } = {}) {
      return readTransactionStatus(new JsonReader(await http.json(`/v1/transactions/${toHex(txId)}`, { signal })));
    },
    waitForFinalized: (txId, waitOptions = {}) => waitForFinalized(client, txId, waitOptions),
    async sources({ signal } = {}) {
      const sources: SourceFacts[] = [];
      for (let after = ''; ; ) {
        const path = `/v1/sources?limit=${SOURCES_AT_ONCE}${after === '' ? '' : `&after=${after}`}`;
        const reader = new JsonReader(await http.json(path, { signal, responseBytesMax: LARGE_ANSWER_BYTES_MAX }));
        const page = reader.list('sources', readSource).filter(({ id }) => toHex(id) > after);
        sources.push(...page);
        const last = page.at(-1);
        if (last === undefined || page.length < SOURCES_AT_ONCE) return { height: reader.integer('height'), sources };
        after = toHex(last.id);
      }
    },
    source: (id, call = {}) => readCell(`/v1/sources/${toHex(id)}`, cellKey.source(id), call, decodeSourceCell),
    study: (source, studyId, call = {}) =>
      readCell(`/v1/studies/${toHex(source)}/${toHex(studyId)}`, cellKey.study(source, studyId), call, decodeStudyCell),
    grant: (source, studyId, tag, call = {}) =>
      readCell(
        `/v1/grants/${toHex(source)}/${toHex(studyId)}/${toHex(tag)}`,
        cellKey.grant(source, studyId, tag),
        call,
        decodeGrantCell,
      ),
    owner: (key, call = {}) => readCell(`/v1/owners/${toHex(key)}`, cellKey.owner(key), call, decodeOwnerCell),
    async bucket(prefix, { signal } = {}) {
      const json = await http.json(`/v1/state/buckets/${prefix}`, { signal, responseBytesMax: LARGE_ANSWER_BYTES_MAX });
      const reader = new JsonReader(json);
      const proof = reader.object('proof');
      return {
        height: reader.integer('height'),
        prefix: reader.string('prefix', 8),
        cells: reader.list('cells', readCellBytes),
        proof: { header: proof.bytes('header'), finality: proof.bytesOrNull('finality'), path: proof.bytes('path') },
      };
    },
    async state({ prefixes, since }, { signal } = {}) {
      const path = `/v1/state?prefixes=${prefixes.join(',')}${since === undefined ? '' : `&since=${since}`}`;
      const reader = new JsonReader(await http.json(path, { signal, responseBytesMax: LARGE_ANSWER_BYTES_MAX }));
      return {
        header: reader.bytes('header'),
        finality: reader.bytesOrNull('finality'),
        parts: reader.list('parts', (item, at) => readPart(new JsonReader(item, at), since !== undefined)),
      };
    },
    async boundaries({ fromEpoch, limit }, { signal } = {}) {
      const encoded = await http.octets(`/v1/boundaries?fromEpoch=${fromEpoch}&limit=${limit}`, { signal });
      try {
        return decodeBoundaries(encoded, { bytesMax: encoded.length });
      } catch (cause) {
        throw new ClientError({ code: 'MALFORMED_RESPONSE', field: '' }, 'the answer is no list of boundaries', {
          cause,
        });
      }
    },
    async haltStatements({ signal } = {}) {
      const reader = new JsonReader(await http.json('/v1/halt', { signal }));
      return reader.list('statements', (item, at) => new JsonReader({ item }, at).bytes('item'));
    },
    async block(height, { signal } = {}) {
      const answer = await http.jsonOrMissing(`/v1/blocks/${height}`, {
        signal,
        responseBytesMax: LARGE_ANSWER_BYTES_MAX,
      });
      return 'json' in answer ? readBlock(answer.json, '') : undefined;
    },
    async blocks({ from, limit } = {}, { signal } = {}) {
      const query = new URLSearchParams();
      if (from !== undefined) query.set('from', String(from));
      if (limit !== undefined) query.set('limit', String(limit));
      const json = await http.json(`/v1/blocks?${query.toString()}`, {
        signal,
        responseBytesMax: LARGE_ANSWER_BYTES_MAX,
      });
      return new JsonReader(json).list('blocks', readBlock);
    },
    async duties({ fromHeight, limit = 1000 }, { signal } = {}) {
      const json = await http.json(`/v1/duties?fromHeight=${fromHeight}&limit=${limit}`, { signal });
      return new JsonReader(json).list('duties', readDuty);
    },
    async dutyAccounts(epoch, { signal } = {}) {
      const path = `/v1/duties/accounts/${epoch}`;
      const answer = await http.jsonOrMissing(path, { signal, responseBytesMax: LARGE_ANSWER_BYTES_MAX });
      if ('json' in answer) return readDutyAccounts(new JsonReader(answer.json));
      if (answer.missing.reason !== 'ACCOUNT_UNKNOWN') throw refusalOf(answer.missing);
      return undefined;
    },
    async dutyAccount(epoch, source, { signal } = {}) {
      const answer = await http.jsonOrMissing(`/v1/duties/accounts/${epoch}/${toHex(source)}`, { signal });
      if ('json' in answer) return readDutyProof(new JsonReader(answer.json), { epoch, source });
      if (answer.missing.reason !== 'ACCOUNT_UNKNOWN') throw refusalOf(answer.missing);
      return undefined;
    },
    async *events({ fromHeight, signal, onReconnect }) {
      let next = fromHeight;
      const path = () => (next === undefined ? '/v1/events' : `/v1/events?fromHeight=${next}`);
      for await (const event of readEventStream(http, path, {
        signal,
        ...(onReconnect === undefined ? {} : { onReconnect }),
      })) {
        const known = readEvent(event.event, event.data);
        if (known === undefined) continue;
        if (known.event === 'finalized') next = known.height + 1;
        yield known;
      }
    },
  };
  return client;
}

function readStatus(json: unknown): NodeStatus {
  const reader = new JsonReader(json);
  const finalized = reader.object('finalized');
  const voting = reader.object('voting');
  return {
    chainId: reader.bytes('chainId', 32),
    name: reader.string('name', 256),
    module: reader.string('module', 256),
    height: reader.integer('height'),
    finalized: {
      height: finalized.integer('height'),
      id: finalized.bytes('id', 32),
      timestampMs: finalized.integer('timestampMs'),
      stateRoot: finalized.bytes('stateRoot', 32),
      proofAgeMs: finalized.integer('proofAgeMs'),
    },
    peers: reader.integer('peers'),
    pendingTransactions: reader.integer('pendingTransactions'),
    nodeKey: reader.bytesOrNull('nodeKey', 32),
    voting: { allowed: voting.boolean('allowed'), reason: voting.stringOrNull('reason', 64) },
    halted: readHalted(reader),
    nowMs: reader.integer('nowMs'),
  };
}

/** A node of an older version knows no halt. */
function readHalted(reader: JsonReader): NodeStatus['halted'] {
  if (reader.isAbsent('halted')) return null;
  const halted = reader.object('halted');
  return { height: halted.integer('height'), blockId: halted.bytes('blockId', 32) };
}

function readSource(item: unknown, path: string): SourceFacts {
  try {
    return sourceFromJson(item);
  } catch (cause) {
    throw new ClientError({ code: 'MALFORMED_RESPONSE', field: path }, 'a source is not as specified', { cause });
  }
}

function readTransactionStatus(reader: JsonReader): TransactionStatus {
  const status = reader.string('status', 16);
  if (status === 'finalized') return { status, height: reader.integer('height') };
  if (status === 'refused') return { status, reason: reader.string('code', 64) };
  if (status === 'unknown' || status === 'seen') return { status };
  throw new ClientError({ code: 'MALFORMED_RESPONSE', field: 'status' }, 'the status is none of the known ones');
}

function readBlock(json: unknown, path: string): FinalizedBlock {
  const reader = new JsonReader(json, path);
  return {
    height: reader.integer('height'),
    id: reader.bytes('id', 32),
    header: reader.bytes('header'),
    ...(reader.isAbsent('body') ? {} : { body: reader.bytes('body') }),
    transactions: reader.list('transactions', (item, at) => readHex(item, at, 32)),
    timestampMs: reader.integer('timestampMs'),
    proposer: reader.bytes('proposer', 32),
    finality: reader.bytesOrNull('finality'),
  };
}

function readDuty(json: unknown, path: string): DutyEntry {
  const reader = new JsonReader(json, path);
  return {
    height: reader.integer('height'),
    epoch: reader.integer('epoch'),
    view: reader.integer('view'),
    source: reader.bytes('source', 32),
    class: reader.string('class', 64),
  };
}

/** Undefined for an event of a name that this version does not know. */
function readEvent(event: string, data: unknown): NodeEvent | undefined {
  if (event === 'finalized') {
    const reader = new JsonReader(data);
    return {
      event,
      height: reader.integer('height'),
      id: reader.bytes('id', 32),
      timestampMs: reader.integer('timestampMs'),
      stateRoot: reader.bytes('stateRoot', 32),
    };
  }
  if (event === 'seen') {
    const reader = new JsonReader(data);
    return { event, txId: reader.bytes('txId', 32), transaction: reader.bytes('transaction') };
  }
  if (event === 'status') {
    const reader = new JsonReader(data);
    return {
      event,
      height: reader.integer('height'),
      proofAgeMs: reader.integer('proofAgeMs'),
      halted: reader.isAbsent('halted') ? false : reader.boolean('halted'),
      nowMs: reader.integer('nowMs'),
    };
  }
  return undefined;
}

function readCellBytes(item: unknown, path: string): { readonly name: Uint8Array; readonly value: Uint8Array } {
  const cell = new JsonReader(item, path);
  return { name: cell.bytes('name'), value: cell.bytes('value') };
}

function readPart(part: JsonReader, isChange: boolean): StatePart {
  const [prefix, path] = [part.string('prefix', 8), part.bytes('path')];
  if (!isChange) return { prefix, path, cells: part.list('cells', readCellBytes) };
  const changed = part.list('changed', (item, at) => {
    const place = new JsonReader(item, at);
    return { place: place.string('place', 8), cells: place.list('cells', readCellBytes) };
  });
  return { prefix, path, cells: [], changed };
}
