/** Four nodes of four genesis sources; the first source is the hospital whose gateway the story is about. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chainIdOf, DEFAULT_PARAMETERS, type Genesis, genesisToJson } from '@radledger/chain';
import { compareBytes, fromHex, publicKeyOf, randomBytes, toHex } from '@radledger/primitives';
import { type ConsensusChoice, consensusNamed } from './consensus-choice.js';
import { type DevProcess, type ProcessOptions, startProcess } from './dev-process.js';
import { freePorts } from './free-port.js';
import { PROGRAMS } from './programs.js';
import { runJsonTool } from './run-tool.js';

export interface DevNode {
  readonly name: string;
  readonly folder: string;
  /** 64 hex. */
  readonly nodeKey: string;
  readonly api: string;
  readonly configFile: string;
}

export interface DevNodes {
  readonly chainId: Uint8Array;
  readonly genesisFile: string;
  readonly nodes: readonly DevNode[];
  /** Starts (again) the node of that index. */
  start(index: number, how?: Pick<ProcessOptions, 'nodeOptions' | 'environment'>): Promise<DevProcess>;
}

export interface NodeNetOptions {
  readonly folder: string;
  /** Source id of the first node's source, 64 hex; the others are made here. */
  readonly firstSource: string;
  readonly count?: number;
  /** Default `simplex`. */
  readonly consensus?: ConsensusChoice;
  /** Overrides of the genesis parameters. */
  readonly parameters?: Partial<Genesis['parameters']>;
  /** Port that node `from` dials to reach `port` of node `to`: for links that can be disturbed. Default: `port` itself. */
  readonly dialledPort?: (link: {
    readonly from: number;
    readonly to: number;
    readonly port: number;
  }) => Promise<number>;
}

export interface KeyProofs {
  readonly nodeKey: Uint8Array;
  readonly nodeProof: Uint8Array;
  readonly vrfKey: Uint8Array;
  readonly vrfProof: Uint8Array;
}

/** Makes keys, genesis and configuration of a net; starts nothing. */
export async function createNodes(options: NodeNetOptions): Promise<DevNodes> {
  const { folder, count = 4, dialledPort = ({ port }) => Promise.resolve(port) } = options;
  const { consensus = consensusNamed('simplex') } = options;
  const sources = [options.firstSource];
  while (sources.length < count) sources.push(toHex(await publicKeyOf(randomBytes(32))));
  const keys = await Promise.all(sources.map((source, index) => initNode(join(folder, `node-${index + 1}`), source)));
  const genesis: Genesis = {
    format: 1,
    name: 'radledger dev net',
    timeMs: Date.now(),
    moduleId: consensus.moduleId,
    policies: { admission: 'open', stake: 'guarded' },
    parameters: { ...DEFAULT_PARAMETERS, minimumIntervalMs: 0, ...consensus.parameters, ...options.parameters },
    sources: keys
      .map(({ nodeKey, vrfKey }, index) => ({
        source: fromHex(sources[index] as string),
        nodeKey: fromHex(nodeKey),
        vrfKey: fromHex(vrfKey),
        endowment: 10_000,
      }))
      .sort((a, b) => compareBytes(a.source, b.source)),
    authorities: [],
    recoveryKeys: [],
    recoveryThreshold: 0,
  };
  const genesisFile = join(folder, 'genesis.json');
  await writeFile(genesisFile, `${JSON.stringify(genesisToJson(genesis), null, 2)}\n`);

  const ports = await freePorts(2 * count);
  const portOf = (index: number, offset: 0 | 1): number => ports[2 * index + offset] as number;
  const nodes = keys.map(({ nodeKey }, index) => ({
    name: `node-${index + 1}`,
    folder: join(folder, `node-${index + 1}`),
    nodeKey,
    api: `http://127.0.0.1:${portOf(index, 1)}`,
    configFile: join(folder, `node-${index + 1}`, 'node.toml'),
  }));
  for (const [index, node] of nodes.entries()) {
    const peers: { url: string; nodeKey: string }[] = [];
    for (const [to, { nodeKey }] of nodes.entries()) {
      if (to === index) continue;
      const port = await dialledPort({ from: index, to, port: portOf(to, 0) });
      peers.push({ url: `wss://127.0.0.1:${port}`, nodeKey });
    }
    await writeFile(
      node.configFile,
      nodeConfig({ source: sources[index] as string, ports: [portOf(index, 0), portOf(index, 1)], peers }),
    );
  }
  return {
    chainId: chainIdOf(genesis),
    genesisFile,
    nodes,
    start(index, how = {}) {
      const { name, configFile } = nodes[index] as DevNode;
      const args = ['run', '--config', configFile];
      return startProcess({ name, script: PROGRAMS.node, args, logFile: join(folder, `${name}.log`), ...how });
    },
  };
}

/** What the source of the first node says to prove that this node holds its node and VRF keys. */
export async function proveKeys(net: DevNodes, source: string): Promise<KeyProofs> {
  const folder = net.nodes[0]?.folder as string;
  const args = ['prove', '--folder', folder, '--genesis', net.genesisFile, '--source', source];
  const proofs = (await runJsonTool('radledger-node prove', PROGRAMS.node, args)) as Record<string, string>;
  const field = (name: string): Uint8Array => fromHex(proofs[name] as string);
  return {
    nodeKey: field('nodeKey'),
    nodeProof: field('nodeKeyProof'),
    vrfKey: field('vrfKey'),
    vrfProof: field('vrfKeyProof'),
  };
}

async function initNode(folder: string, source: string): Promise<{ nodeKey: string; vrfKey: string }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const args = ['init', '--folder', folder, '--source-id', source];
  return (await runJsonTool('radledger-node init', PROGRAMS.node, args)) as { nodeKey: string; vrfKey: string };
}

function nodeConfig(input: {
  source: string;
  ports: readonly [peer: number, api: number];
  peers: readonly { readonly url: string; readonly nodeKey: string }[];
}): string {
  const peers = input.peers.map(({ url, nodeKey }) => `[[peers]]\nurl = "${url}"\nnodeKey = "${nodeKey}"\n`);
  return `folder = "."
genesis = "../genesis.json"

[identity]
source = "${input.source}"

[peer]
host = "127.0.0.1"
port = ${input.ports[0]}

[api]
host = "127.0.0.1"
port = ${input.ports[1]}

${peers.join('\n')}`;
}
