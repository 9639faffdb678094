/** A ledger of one process behind the node's HTTP API, for tests: real blocks, state and proofs; no consensus, no sockets. */
import {
  blockIdOf,
  buildBlock,
  type BuildBlockResult,
  cellKey,
  type ChainRules,
  chainIdOf,
  checkTransaction,
  decodeDutiesCell,
  decodeGrantCell,
  decodeOwnerCell,
  decodeSourceCell,
  decodeStudyCell,
  DEFAULT_PARAMETERS,
  type DutiesCell,
  type DutyLeaf,
  EMPTY_DUTY_CELL,
  encodeBody,
  encodeCellProof,
  encodeDutyLeaf,
  encodeHeader,
  type Genesis,
  genesisBlock,
  grantToJson,
  type Header,
  ownerToJson,
  type Parameters,
  proveBucket,
  proveCell,
  proveInclusion,
  type RecentBlocks,
  sourceOfCellName,
  sourceToJson,
  studyToJson,
} from '@radledger/chain';
import { createMemoryState, equalWeightRules } from '@radledger/chain/testing';
import { equalBytes, fromHex, toHex, verifyAll } from '@radledger/primitives';
import { decodeTransaction, type SignedTransaction, signatureClaims, TransactionError } from '@radledger/transactions';
import type { Fetch } from '../http.js';

/** The three public keys of a genesis source. */
export interface FakeGenesisSource {
  readonly source: Uint8Array;
  readonly nodeKey: Uint8Array;
  readonly vrfKey: Uint8Array;
}

export interface FakeNodeOptions {
  readonly sources: readonly FakeGenesisSource[];
  readonly parameters?: Partial<Parameters>;
  /** Keys that admit sources; named, nobody else comes in. */
  readonly authorities?: readonly Uint8Array[];
  /** Largest bucket answered; default 4,096. */
  readonly bucketCellsMax?: number;
}

/** The fake and its levers. */
export interface FakeNode {
  readonly chainId: Uint8Array;
  /** Answers like a node's listener, at any origin. */
  readonly fetch: Fetch;
  /** Age of the view that `status` tells, in milliseconds; 0 at first. */
  viewAgeMs: number;
  /** While true, submitted transactions wait until `mine`. */
  isPaused: boolean;
  readonly height: number;
  /** Makes one block of what is waiting. */
  mine(): Promise<void>;
  /** Cuts all event streams; readers must come back. */
  dropStreams(): void;
}

const HEX_ID = '([0-9a-f]{64})';

/** Everybody may count on an account of each closed epoch, in which nothing happened. */
const rules: ChainRules = {
  ...equalWeightRules,
  closeEpoch(input) {
    const closed = equalWeightRules.closeEpoch(input);
    const { account } = closed;
    const empty = {
      epoch: account.epoch,
      expectedMilli: 0,
      ...EMPTY_DUTY_CELL.open,
      shadowMilli: 0,
      reliability: 10_000,
    };
    return {
      ...closed,
      account: { ...account, leaves: input.current.members.map(({ source }) => ({ source, ...empty })) },
    };
  },
};

/** A chain with these genesis sources. Each submitted transaction gets a block at once unless paused. */
export async function createFakeNode(options: FakeNodeOptions): Promise<FakeNode> {
  const genesis: Genesis = {
    format: 1,
    name: 'test net',
    timeMs: 1_700_000_000_000,
    moduleId: rules.id,
    policies: { admission: options.authorities === undefined ? 'open' : 'attested', stake: 'raw' },
    parameters: { ...DEFAULT_PARAMETERS, minimumIntervalMs: 0, ...options.parameters },
    sources: options.sources
      .map((source) => ({ ...source, endowment: 1_000 }))
      .sort((a, b) => (toHex(a.source) < toHex(b.source) ? -1 : 1)),
    authorities: options.authorities ?? [],
    recoveryKeys: [],
    recoveryThreshold: 0,
  };
  const chainId = chainIdOf(genesis);
  const state = createMemoryState();
  const first = await genesisBlock(genesis, rules);
  state.commit(first.writeSet);
  const headers: Header[] = [first.header];
  const blocks = new Map<number, BuildBlockResult>();
  const included = new Map<string, number>();
  let waiting: SignedTransaction[] = [];
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  let mining: Promise<void> = Promise.resolve();

  const parent = () => headers.at(-1) as Header;
  const nextTimestampMs = () => Math.max(Date.now(), parent().timestampMs + 1);
  const recent: RecentBlocks = {
    isRecentTransaction: (txId) => included.has(toHex(txId)),
    blockIdAt: (height) => (headers[height] === undefined ? undefined : blockIdOf(headers[height])),
  };

  const send = (controller: ReadableStreamDefaultController<Uint8Array>, event: string, data: object, id?: number) =>
    controller.enqueue(
      new TextEncoder().encode(
        `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`,
      ),
    );
  const finalizedEvent = (header: Header) => ({
    height: header.height,
    id: toHex(blockIdOf(header)),
    timestampMs: header.timestampMs,
    stateRoot: toHex(header.stateRoot),
  });
  const mineOne = async () => {
    const built = await buildBlock({
      chainId,
      parent: parent(),
      state,
      rules,
      recent,
      candidates: waiting,
      timestampMs: nextTimestampMs(),
      proposer: genesis.sources[0]?.source ?? new Uint8Array(32),
      seal: { kind: 1, bytes: Uint8Array.of(parent().height % 256) },
      justification: new Uint8Array(0),
    });
    waiting = [];
    state.commit(built.writeSet);
    headers.push(built.block.header);
    blocks.set(parent().height, built);
    for (const { txId } of built.selected) included.set(toHex(txId), parent().height);
    for (const controller of streams) send(controller, 'finalized', finalizedEvent(parent()), parent().height);
  };

  const fake: FakeNode = {
    chainId,
    viewAgeMs: 0,
    isPaused: false,
    get height() {
      return parent().height;
    },
    mine() {
      mining = mining.then(mineOne);
      return mining;
    },
    dropStreams() {
      for (const controller of streams) controller.error(new Error('connection lost'));
      streams.clear();
    },
    async fetch(address, init) {
      const { pathname, searchParams } = new URL(address);
      init.signal?.throwIfAborted();
      if (pathname === '/v1/events')
        return openStream(Number(searchParams.get('fromHeight') ?? parent().height + 1), init.signal);
      if (pathname === '/v1/transactions' && init.method === 'POST') return submit(init.body as Uint8Array);
      return answer(pathname, searchParams);
    },
  };

  const submit = async (bytes: Uint8Array): Promise<Response> => {
    let signed: SignedTransaction;
    try {
      signed = decodeTransaction(bytes, chainId);
    } catch (error) {
      if (error instanceof TransactionError) return refuse(400, error.code);
      throw error;
    }
    if (!(await verifyAll(signatureClaims(signed, chainId)))) return refuse(400, 'SIGNATURE_INVALID');
    const check = await checkTransaction(signed, {
      rules,
      chainId,
      state,
      recent,
      height: parent().height + 1,
      timestampMs: nextTimestampMs(),
    });
    if (!check.ok) return refuse(409, check.code);
    waiting.push(signed);
    for (const controller of streams) {
      send(controller, 'seen', { txId: toHex(signed.txId), transaction: toHex(signed.bytes) });
    }
    if (!fake.isPaused) await fake.mine();
    return reply(202, { txId: toHex(signed.txId) });
  };

  const openStream = (fromHeight: number, signal: AbortSignal | null | undefined): Response => {
    let own: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        own = controller;
        send(controller, 'status', { height: parent().height, proofAgeMs: fake.viewAgeMs, nowMs: Date.now() });
        for (const header of headers.slice(fromHeight))
          send(controller, 'finalized', finalizedEvent(header), header.height);
        streams.add(controller);
        signal?.addEventListener('abort', () => {
          if (!streams.delete(controller)) return;
          controller.error(signal.reason);
        });
      },
      cancel() {
        if (own !== undefined) streams.delete(own);
      },
    });
    return new Response(body, { status: 200, headers: { 'content-type': 'text/event-stream' } });
  };

  const proofOf = async (name: Uint8Array) => {
    const [value] = await state.getMany([name]);
    return {
      header: toHex(encodeHeader(parent())),
      finality: '',
      name: toHex(name),
      value: value === undefined ? null : toHex(value),
      path: toHex(encodeCellProof(await proveCell(state, name))),
    };
  };
  const cellAnswer = async (
    name: Uint8Array,
    missing: string,
    withProof: boolean,
    toJson: (value: Uint8Array) => object,
  ): Promise<Response> => {
    const [value] = await state.getMany([name]);
    const rest = { height: parent().height, ...(withProof ? { proof: await proofOf(name) } : {}) };
    if (value !== undefined) return reply(200, { ...rest, ...toJson(value) });
    return reply(404, { error: { code: missing, message: 'there is none' }, ...rest });
  };

  const blockJson = (height: number, withBody: boolean): object | undefined => {
    const header = headers[height];
    if (header === undefined) return undefined;
    const built = blocks.get(height);
    const body = built?.block.body ?? first.block.body;
    return {
      height,
      id: toHex(blockIdOf(header)),
      header: toHex(encodeHeader(header)),
      ...(withBody ? { body: toHex(encodeBody(body)) } : {}),
      transactions: (built?.selected ?? []).map(({ txId }) => toHex(txId)),
      timestampMs: header.timestampMs,
      proposer: toHex(header.proposer),
      finality: height === 0 ? null : '',
    };
  };

  const answer = async (path: string, query: URLSearchParams): Promise<Response> => {
    const withProof = query.get('proof') === '1';
    const match = (pattern: string) => new RegExp(`^${pattern}$`).exec(path)?.slice(1);
    if (path === '/v1/status') return reply(200, statusJson());
    if (path === '/v1/sources') {
      const sources = [...state.cells]
        .map(([name, value]) => ({ id: sourceOfCellName(fromHex(name)), value }))
        .flatMap(({ id, value }) => (id === undefined ? [] : [sourceToJson(id, decodeSourceCell(value))]))
        .filter(({ id }) => id > (query.get('after') ?? ''))
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, Number(query.get('limit') ?? 1_000));
      return reply(200, { height: parent().height, sources });
    }
    const source = match(`/v1/sources/${HEX_ID}`)?.map(fromHex);
    if (source?.[0] !== undefined) {
      const [id] = source;
      return cellAnswer(cellKey.source(id), 'SOURCE_UNKNOWN', withProof, (value) => ({
        source: sourceToJson(id, decodeSourceCell(value)),
      }));
    }
    const [ofStudy, studyId] = match(`/v1/studies/${HEX_ID}/${HEX_ID}`)?.map(fromHex) ?? [];
    if (ofStudy !== undefined && studyId !== undefined) {
      return cellAnswer(cellKey.study(ofStudy, studyId), 'STUDY_UNKNOWN', withProof, (value) => ({
        study: studyToJson({ source: ofStudy, studyId }, decodeStudyCell(value)),
      }));
    }
    const [ofGrant, granted, tag] = match(`/v1/grants/${HEX_ID}/${HEX_ID}/${HEX_ID}`)?.map(fromHex) ?? [];
    if (ofGrant !== undefined && granted !== undefined && tag !== undefined) {
      return cellAnswer(cellKey.grant(ofGrant, granted, tag), 'GRANT_UNKNOWN', withProof, (value) => ({
        grant: grantToJson({ source: ofGrant, studyId: granted, tag }, decodeGrantCell(value)),
      }));
    }
    const [key] = match(`/v1/owners/${HEX_ID}`)?.map(fromHex) ?? [];
    if (key !== undefined) {
      return cellAnswer(cellKey.owner(key), 'OWNER_UNKNOWN', withProof, (value) => ({
        ...ownerToJson(key, decodeOwnerCell(value)),
      }));
    }
    const [epoch] = match('/v1/duties/accounts/([0-9]+)') ?? [];
    if (epoch !== undefined) {
      const cell = await dutiesOf(Number(epoch));
      if (cell === undefined) return refuse(404, 'ACCOUNT_UNKNOWN');
      return reply(200, { height: parent().height, ...cell, leaves: cell.leaves.map(leafJson) });
    }
    const [ofEpoch, owing] = match(`/v1/duties/accounts/([0-9]+)/${HEX_ID}`) ?? [];
    if (ofEpoch !== undefined && owing !== undefined) return dutyAccount(Number(ofEpoch), fromHex(owing));
    const [prefix] = match('/v1/state/buckets/([0-9a-f]{0,8})') ?? [];
    if (prefix !== undefined) return bucket(prefix);
    const [height] = match('/v1/blocks/([0-9]+)') ?? [];
    if (height !== undefined) {
      const json = blockJson(Number(height), true);
      return json === undefined ? refuse(404, 'BLOCK_UNKNOWN') : reply(200, json);
    }
    if (path === '/v1/blocks') {
      const limit = Number(query.get('limit') ?? 20);
      const from = Number(query.get('from') ?? Math.max(0, parent().height - limit + 1));
      const heights = Array.from({ length: limit }, (_, offset) => from + offset);
      return reply(200, { blocks: heights.flatMap((at) => blockJson(at, false) ?? []) });
    }
    const [txId] = match(`/v1/transactions/${HEX_ID}`) ?? [];
    if (txId !== undefined) {
      const at = included.get(txId);
      return reply(200, at === undefined ? { txId, status: 'unknown' } : { txId, status: 'finalized', height: at });
    }
    return refuse(404, 'ROUTE_UNKNOWN');
  };

  const bucket = async (prefix: string): Promise<Response> => {
    const cellsMax = options.bucketCellsMax ?? 4_096;
    try {
      const { cells, proof } = await proveBucket(state, prefix, { cellsMax });
      return reply(200, {
        height: parent().height,
        prefix,
        cells: cells.map(({ name, value }) => ({ name: toHex(name), value: toHex(value) })),
        proof: { header: toHex(encodeHeader(parent())), finality: '', path: toHex(encodeCellProof(proof)) },
      });
    } catch {
      return refuse(413, 'BUCKET_TOO_LARGE');
    }
  };

  const dutiesOf = async (epoch: number): Promise<DutiesCell | undefined> => {
    const [value] = await state.getMany([cellKey.duties(epoch)]);
    return value && decodeDutiesCell(value);
  };
  const dutyAccount = async (epoch: number, source: Uint8Array): Promise<Response> => {
    const cell = await dutiesOf(epoch);
    const index = cell?.leaves.findIndex((leaf) => equalBytes(leaf.source, source)) ?? -1;
    const account = cell?.leaves[index];
    const anchor = headers[(epoch + 1) * genesis.parameters.epochHeights];
    if (cell === undefined || account === undefined || anchor === undefined) return refuse(404, 'ACCOUNT_UNKNOWN');
    const { path, size } = proveInclusion(cell.leaves.map(encodeDutyLeaf), index);
    const leaf = toHex(encodeDutyLeaf(account));
    const proof = { header: toHex(encodeHeader(anchor)), finality: '', leaf, index, size, path: path.map(toHex) };
    return reply(200, { height: parent().height, account: leafJson(account), proof });
  };

  const statusJson = () => ({
    chainId: toHex(chainId),
    name: genesis.name,
    module: genesis.moduleId,
    height: parent().height,
    finalized: { ...finalizedEvent(parent()), proofAgeMs: fake.viewAgeMs },
    peers: 0,
    pendingTransactions: waiting.length,
    nodeKey: null,
    voting: { allowed: false, reason: 'FOLLOWER' },
    nowMs: Date.now(),
  });

  return fake;
}

function leafJson({ source, ...numbers }: DutyLeaf): object {
  return { source: toHex(source), ...numbers };
}

function reply(status: number, json: object): Response {
  return new Response(JSON.stringify(json), { status, headers: { 'content-type': 'application/json' } });
}

function refuse(status: number, code: string): Response {
  return reply(status, { error: { code, message: 'refused' } });
}
