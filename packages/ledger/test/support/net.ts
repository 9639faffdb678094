/** A network of nodes in one process: real TLS on loopback, databases that outlive a closed node. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Genesis, chainIdOf, DEFAULT_PARAMETERS, type Parameters } from '@radledger/chain';
import type { ConsensusModule } from '@radledger/consensus';
import { createNetwork, type Network, type PeerAddress } from '@radledger/network';
import { compareBytes, createSigner, type Signer, vrfProve } from '@radledger/primitives';
import { createSignLog, type LedgerStore, openSignLog, openStore, type SignLog } from '@radledger/storage';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import { generate } from 'selfsigned';
import { type Ledger, type LedgerEvent, type LedgerIdentity, type LedgerOptions, openLedger } from '../../src/index.js';
import { seedOf, type TestSource, testSource } from './keys.js';

/** Times of a quick net: blocks as soon as something waits, else every 2 s. */
export const QUICK: Partial<Parameters> = { minimumIntervalMs: 0, targetIntervalMs: 2_000, assumedDelayMs: 250 };

export function genesisOf(
  sources: readonly TestSource[],
  options: {
    readonly moduleId: string;
    readonly name?: string;
    readonly parameters?: Partial<Parameters>;
    readonly timeMs?: number;
    readonly policies?: Genesis['policies'];
    readonly authorities?: readonly Uint8Array[];
    /** All of them have to sign. */
    readonly recoveryKeys?: readonly Uint8Array[];
  },
): Genesis {
  return {
    format: 1,
    name: options.name ?? 'ledger-test',
    timeMs: options.timeMs ?? Date.now() - 60_000,
    moduleId: options.moduleId,
    policies: options.policies ?? { admission: 'open', stake: 'raw' },
    parameters: { ...DEFAULT_PARAMETERS, ...QUICK, ...options.parameters },
    sources: sources
      .map(({ signer, nodeSigner, vrfKey }) => ({
        source: signer.publicKey,
        nodeKey: nodeSigner.publicKey,
        vrfKey,
        endowment: 10_000,
      }))
      .sort((a, b) => compareBytes(a.source, b.source)),
    authorities: [...(options.authorities ?? [])],
    recoveryKeys: [...(options.recoveryKeys ?? [])],
    recoveryThreshold: options.recoveryKeys?.length ?? 0,
  };
}

/** A sign-log in memory that outlives a closed node, as the file does. */
export function memorySignLog(nodeKey: Uint8Array): { open(): SignLog; readonly records: readonly Uint8Array[] } {
  let records: Uint8Array[] = [];
  return {
    get records() {
      return records;
    },
    open: () => ({
      records: [...records],
      header: { nodeKey, createdAtMs: 0 },
      tornBytes: 0,
      append(record) {
        records.push(record);
        return Promise.resolve();
      },
      rewrite(next) {
        records = [...next];
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    }),
  };
}

/** A database whose content stays when the store closes it. */
function lastingDatabase(): MemoryLevel<Uint8Array, Uint8Array> {
  return new MemoryLevel<Uint8Array, Uint8Array>({ keyEncoding: 'view', valueEncoding: 'view', storeEncoding: 'view' });
}

/** Parts of a node before it runs: a test may replace their methods. */
export interface NodeParts {
  readonly store: LedgerStore;
  readonly signLog: SignLog;
  readonly signer: { publicKey: Uint8Array; sign: Signer['sign'] };
  readonly network: () => Network | undefined;
}

interface Disk {
  database(): MemoryLevel<Uint8Array, Uint8Array> | ClassicLevel<Uint8Array, Uint8Array>;
  signLog(): Promise<SignLog>;
}

async function diskOf(folder: string | undefined, nodeKey: Uint8Array): Promise<Disk> {
  if (folder === undefined) {
    const database = lastingDatabase();
    const signLog = memorySignLog(nodeKey);
    return { database: () => database, signLog: () => Promise.resolve(signLog.open()) };
  }
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'sign-log');
  await createSignLog(path, { nodeKey, createdAtMs: Date.now() });
  return {
    database: () => new ClassicLevel(join(folder, 'db'), { keyEncoding: 'view', valueEncoding: 'view' }),
    signLog: () => openSignLog(path, { nodeKey }),
  };
}

export interface TestNode {
  readonly source: TestSource | undefined;
  readonly ledger: Ledger;
  readonly network: Network;
  readonly running: boolean;
  /** Stops the node; its database and sign-log stay. */
  stop(): Promise<void>;
  restart(): Promise<void>;
}

export interface TestNet {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  readonly sources: readonly TestSource[];
  readonly nodes: readonly TestNode[];
  /** Adds a node that follows only, or one of a source. */
  join(options?: {
    readonly source?: TestSource;
    readonly genesis?: Genesis;
    /** Dialled before the nodes of the net. */
    readonly peers?: readonly PeerAddress[];
  }): Promise<TestNode>;
  close(): Promise<void>;
}

let tlsOnce: Promise<{ key: string; cert: string }> | undefined;
/** One certificate for all: peers know each other by node key. */
export function testTls(): Promise<{ key: string; cert: string }> {
  tlsOnce ??= generate([{ name: 'commonName', value: 'test' }], { keyType: 'ec', algorithm: 'sha256' }).then(
    ({ private: key, cert }) => ({ key, cert }),
  );
  return tlsOnce;
}

export async function startNet(options: {
  readonly module: ConsensusModule;
  readonly size?: number;
  readonly parameters?: Partial<Parameters>;
  /** Unix ms of genesis; default one minute ago. */
  readonly policies?: Genesis['policies'];
  readonly authorities?: readonly Uint8Array[];
  readonly timeMs?: number;
  /** Read each time a node opens. */
  readonly ledger?: Partial<LedgerOptions>;
  readonly recoveryKeys?: readonly Uint8Array[];
  /** Lets a test look at, or break, the parts of one node each time it opens. */
  readonly tap?: (index: number, parts: NodeParts) => void;
  /** Whether a node opens without knowing what its key signed; asked each time it opens. */
  readonly signLogMissing?: (index: number) => boolean;
  /** What a node's identity has besides its first keys; asked each time it opens. */
  readonly identity?: (index: number) => Partial<LedgerIdentity>;
  /** Databases and sign-logs on disk, in folders below this one; in memory when left out. */
  readonly folder?: string;
}): Promise<TestNet> {
  const { size = 4, module, parameters, timeMs } = options;
  const sources = await Promise.all(Array.from({ length: size }, (_, index) => testSource(`s${index}`)));
  const genesis = genesisOf(sources, {
    moduleId: module.id,
    ...(parameters && { parameters }),
    ...(timeMs !== undefined && { timeMs }),
    ...(options.policies && { policies: options.policies }),
    ...(options.authorities && { authorities: options.authorities }),
    ...(options.recoveryKeys && { recoveryKeys: options.recoveryKeys }),
  });
  const nodes: TestNode[] = [];
  const addresses: PeerAddress[] = [];
  const tls = await testTls();

  async function makeNode(
    source: TestSource | undefined,
    own: Genesis,
    peers: readonly PeerAddress[] = [],
  ): Promise<TestNode> {
    const nodeSigner = source?.nodeSigner ?? (await createSigner(seedOf(`follower ${nodes.length}`)));
    const disk = await diskOf(options.folder && join(options.folder, `node${nodes.length}`), nodeSigner.publicKey);
    const index = nodes.length;
    let network: Network | undefined;
    let port = 0;
    const open = async (): Promise<Ledger> => {
      const store = await openStore(disk.database(), { chainId: chainIdOf(own) });
      const signLog = await disk.signLog();
      const signer = { publicKey: nodeSigner.publicKey, sign: nodeSigner.sign.bind(nodeSigner) };
      options.tap?.(index, { store, signLog, signer, network: () => network });
      return openLedger({
        genesis: own,
        store,
        consensus: module,
        ...(source && {
          identity: {
            source: source.signer.publicKey,
            nodeSigner: signer,
            vrf: { publicKey: source.vrfKey, prove: (alpha: Uint8Array) => vrfProve(source.vrfSeed, alpha) },
            signLog,
            signLogMissing: options.signLogMissing?.(index) ?? false,
            ...options.identity?.(index),
          },
        }),
        async network(requirements) {
          network = await createNetwork({
            ...requirements,
            limits: { ...requirements.limits, reconnectMinMs: 20, reconnectMaxMs: 200 },
            nodeSigner,
            listen: { host: '127.0.0.1', port, tls },
            peers: [...peers, ...addresses],
          });
          port = network.address?.port ?? 0;
          return network;
        },
        ...options.ledger,
      });
    };
    let ledger = await open();
    let running = true;
    addresses.push({ url: `wss://127.0.0.1:${port}`, nodeKey: nodeSigner.publicKey });
    return {
      source,
      get ledger() {
        return ledger;
      },
      get network() {
        if (!network) throw new Error('no network');
        return network;
      },
      get running() {
        return running;
      },
      async stop() {
        running = false;
        await ledger.close();
      },
      async restart() {
        ledger = await open();
        running = true;
      },
    };
  }

  for (const source of sources) nodes.push(await makeNode(source, genesis));
  return {
    genesis,
    chainId: chainIdOf(genesis),
    sources,
    nodes,
    async join({ source, genesis: own = genesis, peers } = {}) {
      const node = await makeNode(source, own, peers);
      nodes.push(node);
      return node;
    },
    async close() {
      await Promise.all(nodes.filter(({ running }) => running).map((node) => node.stop()));
    },
  };
}

/** Resolves with the first event, past or future within this wait, that fits; a test's own time limit ends a wait that is vain. */
export function nextEvent<T extends LedgerEvent['type']>(
  ledger: Ledger,
  type: T,
  fits: (event: Extract<LedgerEvent, { type: T }>) => boolean = () => true,
): Promise<Extract<LedgerEvent, { type: T }>> {
  return new Promise((resolve) => {
    const unsubscribe = ledger.subscribe((event) => {
      if (event.type !== type || !fits(event as Extract<LedgerEvent, { type: T }>)) return;
      unsubscribe();
      resolve(event as Extract<LedgerEvent, { type: T }>);
    });
  });
}

/** Resolves when the ledger has finalized this height. */
export async function heightReached(ledger: Ledger, height: number): Promise<void> {
  const reached = nextEvent(ledger, 'finalized', (event) => event.height >= height);
  if (ledger.status().finalized.height >= height) return;
  await reached;
}

/** Resolves with the height at which this node has finalized a transaction. */
export async function finalizedAt(ledger: Ledger, txId: Uint8Array): Promise<number> {
  for (;;) {
    const next = nextEvent(ledger, 'finalized');
    const status = await ledger.transactionStatus(txId);
    if (status.status === 'finalized') return status.height;
    if (status.status === 'refused') throw new Error(`refused: ${status.rule}`);
    await next;
  }
}
