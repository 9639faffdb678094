/** Real `radledger-node` processes on loopback, each with a folder of its own; a test ends all that it started. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DEFAULT_PARAMETERS, type Genesis, genesisToJson, type Parameters } from '@radledger/chain';
import { simplex } from '@radledger/consensus-simplex';
import { compareBytes, createSigner, fromHex, generateSeed, type Signer, toHex } from '@radledger/primitives';
import { afterEach } from 'vitest';

export const MAIN = new URL('../../dist/main.js', import.meta.url).pathname;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command to its end. */
export function runCommand(args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { timeout: 30_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

export interface RunningProcess {
  readonly child: ChildProcess;
  readonly api: string;
  readonly peer: string;
  /** What it has logged, at most the newest 100,000 characters. */
  log(): string;
  /** Resolves with the exit code, or null after a signal. */
  readonly exited: Promise<number | null>;
}

/** Starts `run` and waits for its `listening` line. */
export async function startProcess(config: string, more: readonly string[] = []): Promise<RunningProcess> {
  const child = spawn(process.execPath, [MAIN, 'run', '--config', config, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString()}`.slice(-100_000);
  });
  const lines = createInterface({ input: child.stdout });
  const listening = new Promise<{ api: string; peer: string }>((resolve, reject) => {
    lines.on('line', (line) => {
      const message = JSON.parse(line) as { event?: string; api: string; peer: string };
      if (message.event === 'listening') resolve(message);
    });
    void exited.then((code) => reject(new Error(`the node ended with ${code}: ${stderr.slice(-4_000)}`)));
  });
  const { api, peer } = await listening;
  return { child, api, peer, exited, log: () => stderr };
}

export interface ProcessNode {
  readonly folder: string;
  readonly config: string;
  readonly source: Signer;
  readonly keys: { readonly nodeKey: string; readonly vrfKey: string };
  process: RunningProcess | undefined;
}

export interface ProcessNet {
  readonly folder: string;
  readonly genesis: Genesis;
  readonly genesisFile: string;
  readonly nodes: readonly ProcessNode[];
  /** @param linkedTo - the nodes in its configuration; default all others that were started */
  start(node: ProcessNode, more?: readonly string[], linkedTo?: readonly ProcessNode[]): Promise<RunningProcess>;
  /** A further node that follows only. @param sync - the table of this name in its configuration */
  join(sync: string): Promise<RunningProcess>;
  close(): Promise<void>;
}

/** Address of a running node's API. */
export const apiOf = ({ process: running }: ProcessNode): string => running?.api ?? '';

/** Ends a node and waits until it is gone. */
export async function end({ process: running }: ProcessNode, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  running?.child.kill(signal);
  await running?.exited;
}

const ofTests: ProcessNet[] = [];
afterEach(async () => {
  for (const net of ofTests.splice(0)) await net.close();
});

/** The same as `prepareNet`, closed when the test is over. */
export async function netForTest(size: number, parameters: Partial<Parameters> = {}): Promise<ProcessNet> {
  const net = await prepareNet(size, parameters);
  ofTests.push(net);
  return net;
}

/** Folders, keys, genesis and configurations of a net; nothing is started yet. Peer ports are chosen at the first start. */
export async function prepareNet(size: number, parameters: Partial<Parameters> = {}): Promise<ProcessNet> {
  const folder = await mkdtemp(join(tmpdir(), 'radledger-node-test-'));
  const nodes: ProcessNode[] = [];
  for (let index = 0; index < size; index += 1) {
    const own = join(folder, `node${index}`);
    const { stdout, stderr, code } = await runCommand(['init', '--folder', own]);
    if (code !== 0) throw new Error(`init failed: ${stderr}`);
    const keys = JSON.parse(stdout) as ProcessNode['keys'];
    nodes.push({
      folder: own,
      config: join(own, 'node.toml'),
      source: await createSigner(generateSeed()),
      keys,
      process: undefined,
    });
  }
  const genesis: Genesis = {
    format: 1,
    name: 'process-test',
    timeMs: Date.now() - 60_000,
    moduleId: simplex.id,
    policies: { admission: 'open', stake: 'raw' },
    parameters: { ...DEFAULT_PARAMETERS, minimumIntervalMs: 0, assumedDelayMs: 250, ...parameters },
    sources: nodes
      .map(({ source, keys }) => ({
        source: source.publicKey,
        nodeKey: fromHex(keys.nodeKey),
        vrfKey: fromHex(keys.vrfKey),
        endowment: 10_000,
      }))
      .sort((a, b) => compareBytes(a.source, b.source)),
    authorities: [],
    recoveryKeys: [],
    recoveryThreshold: 0,
  };
  const genesisFile = join(folder, 'genesis.json');
  await writeFile(genesisFile, JSON.stringify(genesisToJson(genesis)));
  const peers = new Map<ProcessNode, string>();
  const started: RunningProcess[] = [];
  let joined = 0;

  return {
    folder,
    genesis,
    genesisFile,
    nodes,
    async start(node, more, linkedTo) {
      const port = Number(new URL(peers.get(node) ?? 'wss://127.0.0.1:0').port);
      const known = [...peers].filter(([other]) => (linkedTo ? linkedTo.includes(other) : other !== node));
      await writeFile(node.config, configText({ node, port, peers: known }));
      const running = await startProcess(node.config, more);
      started.push(running);
      peers.set(node, running.peer);
      node.process = running;
      return running;
    },
    async join(sync) {
      const own = join(folder, `joined${joined++}`);
      const { code, stderr } = await runCommand(['init', '--folder', own]);
      if (code !== 0) throw new Error(`init failed: ${stderr}`);
      const config = join(own, 'node.toml');
      await writeFile(config, `${commonText({ port: 0, peers: [...peers] })}\n[sync]\n${sync}\n`);
      const running = await startProcess(config);
      started.push(running);
      return running;
    },
    async close() {
      for (const { child } of started) child.kill('SIGKILL');
      await Promise.all(started.map(({ exited }) => exited));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configText(options: {
  readonly node: ProcessNode;
  readonly port: number;
  readonly peers: readonly (readonly [ProcessNode, string])[];
}): string {
  return `${commonText(options)}
[identity]
source = "${toHex(options.node.source.publicKey)}"
`;
}

/** What a configuration holds beside the identity. */
function commonText({
  port,
  peers,
}: {
  readonly port: number;
  readonly peers: readonly (readonly [ProcessNode, string])[];
}): string {
  return `folder = "."
genesis = "../genesis.json"
logLevel = "info"

[peer]
host = "127.0.0.1"
port = ${port}

[api]
host = "127.0.0.1"
port = 0

${peers.map(([other, url]) => `[[peers]]\nurl = "${url}"\nnodeKey = "${other.keys.nodeKey}"\n`).join('\n')}`;
}

/** Follows a node's event stream until `done` says so. */
export async function followEvents(
  api: string,
  done: (event: { readonly name: string; readonly data: Record<string, unknown> }) => boolean,
): Promise<void> {
  const abort = new AbortController();
  const response = await fetch(`${api}/v1/events?fromHeight=1`, { signal: abort.signal });
  if (!response.body) throw new Error('expected a stream');
  let text = '';
  try {
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const field = (name: string): string =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
        if (done({ name: field('event'), data: JSON.parse(field('data')) as Record<string, unknown> })) return;
      }
    }
    throw new Error('the stream ended');
  } finally {
    abort.abort();
  }
}

/** Resolves when a node has finalized a height. */
export function heightReached(api: string, height: number): Promise<void> {
  return followEvents(api, ({ name, data }) => name === 'finalized' && Number(data.height) >= height);
}

export async function statusOf(api: string): Promise<{
  readonly height: number;
  readonly finalized: { readonly height: number; readonly id: string };
  readonly peers: number;
  readonly nodeKey: string | null;
  readonly vrfKey: string | null;
  readonly voting: { readonly allowed: boolean; readonly reason: string | null };
}> {
  return (await (await fetch(`${api}/v1/status`)).json()) as never;
}

/** What a node says of its vote once its peers have answered; `other` is a node whose chain goes on. */
export async function votingDecided(
  node: ProcessNode,
  other: ProcessNode,
): Promise<{ readonly allowed: boolean; readonly reason: string | null }> {
  for (;;) {
    const { voting } = await statusOf(apiOf(node));
    if (voting.reason !== 'ASKING_PEERS' && voting.reason !== 'NOT_STARTED') return voting;
    await heightReached(apiOf(other), (await statusOf(apiOf(other))).height + 1);
  }
}
