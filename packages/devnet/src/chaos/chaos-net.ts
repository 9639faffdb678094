/** The net under fire: real node processes behind links that can be disturbed, one source, and studies whose owners are known. */
import { createNodeClient, type NodeClient } from '@radledger/client';
import { createSigner, randomBytes, type Signer, toHex } from '@radledger/primitives';
import { createTransaction, signAcceptance } from '@radledger/transactions';
import { createNodes, type DevNodes, proveKeys } from '../dev-nodes.js';
import type { DevProcess } from '../dev-process.js';
import type { Register } from './clients.js';
import { Links } from './links.js';

export interface ChaosNet {
  readonly chainId: Uint8Array;
  readonly links: Links;
  readonly clients: readonly NodeClient[];
  readonly source: Signer;
  /** Starts the process of a node that does not run. */
  start(node: number): Promise<void>;
  /** SIGKILL. */
  kill(node: number): Promise<void>;
  signal(node: number, signal: 'SIGSTOP' | 'SIGCONT'): void;
  stop(): Promise<void>;
  /** Makes a source and its studies, and waits until they are final. */
  defineRegisters(count: { readonly studies: number; readonly tags: number }): Promise<Register[]>;
}

const EXPIRY_HEIGHTS = 500;

/** Makes keys and configuration in an empty folder; starts nothing. */
export async function createChaosNet(options: { readonly folder: string; readonly count: number }): Promise<ChaosNet> {
  const source = await createSigner(randomBytes(32));
  const links = new Links();
  const net = await createNodes({
    ...options,
    firstSource: toHex(source.publicKey),
    // Blocks at a pace that two cores can keep for many nodes, epochs that end under fire, quotas that never do.
    parameters: {
      minimumIntervalMs: 150,
      targetIntervalMs: 500,
      assumedDelayMs: 300,
      epochHeights: 60,
      studyAllowBurst: 1_000_000,
      sourceStudyBase: 10_000,
      sourceAllowFactor: 1_000,
    },
    dialledPort: ({ from, to, port }) => links.add(from, to, port),
  });
  const processes: (DevProcess | undefined)[] = net.nodes.map(() => undefined);
  const clients = net.nodes.map(({ api }) => createNodeClient({ url: api }));
  const { chainId } = net;
  return {
    chainId,
    links,
    clients,
    source,
    async start(node) {
      processes[node] = await net.start(node);
    },
    async kill(node) {
      await processes[node]?.kill();
      processes[node] = undefined;
    },
    signal(node, signal) {
      const pid = processes[node]?.pid;
      if (pid !== undefined) process.kill(pid, signal);
    },
    async stop() {
      await Promise.all(processes.map(async (running) => running?.stop()));
      await links.close();
    },
    async defineRegisters({ studies, tags }) {
      const [client] = clients as [NodeClient];
      await defineSource(net, source, client);
      const owners = await Promise.all(Array.from({ length: studies }, () => createSigner(randomBytes(32))));
      const studyIds = owners.map(() => randomBytes(32));
      const defined = await Promise.all(
        owners.map(async (owner, index) =>
          createTransaction({
            chainId,
            kind: 'define-study',
            signer: source,
            expiryHeight: EXPIRY_HEIGHTS,
            payload: {
              source: source.publicKey,
              studyId: studyIds[index] as Uint8Array,
              owner: owner.publicKey,
              acceptance: await signAcceptance({ chainId, source: source.publicKey, owner }),
              content: randomBytes(32),
            },
          }),
        ),
      );
      for (const { bytes } of defined) await client.submit(bytes);
      for (const { txId } of defined) await client.waitForFinalized(txId, { fromHeight: 1 });
      return owners.flatMap((owner, index) =>
        Array.from({ length: tags }, () => ({
          source: source.publicKey,
          studyId: studyIds[index] as Uint8Array,
          tag: randomBytes(32),
          owner,
          sequence: 0,
        })),
      );
    },
  };
}

async function defineSource(net: DevNodes, source: Signer, client: NodeClient): Promise<void> {
  const { nodeKey, nodeProof, vrfKey, vrfProof } = await proveKeys(net, toHex(source.publicKey));
  const { txId, bytes } = await createTransaction({
    chainId: net.chainId,
    kind: 'define-source',
    signer: source,
    expiryHeight: EXPIRY_HEIGHTS,
    payload: {
      source: source.publicKey,
      name: 'Hospital under fire',
      baseUrl: 'https://hospital.example',
      tlsPins: [randomBytes(32)],
      nodeKey,
      nodeKeyProof: nodeProof,
      vrfKey,
      vrfKeyProof: vrfProof,
      admission: undefined,
    },
  });
  await client.submit(bytes);
  await client.waitForFinalized(txId, { fromHeight: 1 });
}
