/** Nodes on loopback for the tests, and waiting for what they tell. */
import { createSigner, type Signer, toHex } from '@radledger/primitives';
import { afterEach, vi } from 'vitest';
import {
  createNetwork,
  type Network,
  type NetworkEvents,
  type NetworkLimits,
  type NetworkOptions,
  type NetworkReport,
  type PeerInfo,
} from '../src/index.js';
import { selfSigned } from './certificate.js';

export const chainId = new Uint8Array(32).fill(7);
export const tls = await selfSigned();

const topics = {
  news: { relay: true, bytesMax: 65_536 },
  note: { relay: false, bytesMax: 1_024 },
  ask: { relay: false, bytesMax: 1_024 },
};

/** Short waits, so that a test is over soon; no test depends on their length. */
const quickLimits: Partial<NetworkLimits> = { reconnectMinMs: 5, reconnectMaxMs: 50, frameBytesMax: 131_072 };

// Room for a busy machine: every wait below is for a condition.
vi.setConfig({ testTimeout: 30_000 });

/** Resolves when a check passes. */
export const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 5 });

const cleanups: (() => Promise<void>)[] = [];

/** Ends something after the test, the newest first. */
export function afterTest(cleanup: () => Promise<void>): void {
  cleanups.push(cleanup);
}

afterEach(async () => {
  while (cleanups.length > 0) await cleanups.pop()?.();
});

export const signerOf = (seed: number): Promise<Signer> => createSigner(new Uint8Array(32).fill(seed));

export interface TestNode {
  readonly network: Network;
  readonly peerId: string;
  readonly nodeKey: Uint8Array;
  readonly url: string;
  readonly reports: NetworkReport[];
}

export async function startNode(
  seed: number,
  options: Partial<Omit<NetworkOptions, 'peers' | 'limits'>> & {
    peers?: readonly (TestNode | { url: string; nodeKey?: Uint8Array })[];
    limits?: Partial<NetworkLimits>;
  } = {},
): Promise<TestNode> {
  const nodeSigner = options.nodeSigner ?? (await signerOf(seed));
  const network = await createNetwork({
    chainId,
    nodeSigner,
    listen: { host: '127.0.0.1', port: 0, tls },
    topics,
    isKnownKey: () => true,
    ...options,
    peers: (options.peers ?? []).map(({ url, nodeKey }) => ({ url, ...(nodeKey === undefined ? {} : { nodeKey }) })),
    limits: { ...quickLimits, ...options.limits },
  });
  afterTest(() => network.close());
  const reports: NetworkReport[] = [];
  network.on('report', (report) => reports.push(report));
  const { nodeKey } = network;
  return { network, peerId: toHex(nodeKey), nodeKey, url: `wss://127.0.0.1:${network.address?.port}`, reports };
}

/** Resolves with the arguments of the first event that fits. */
export function eventOf<Event extends keyof NetworkEvents>(
  { network }: TestNode,
  event: Event,
  fits: (...args: Parameters<NetworkEvents[Event]>) => boolean = () => true,
): Promise<Parameters<NetworkEvents[Event]>> {
  return new Promise((resolve) => {
    const listener = (...args: Parameters<NetworkEvents[Event]>) => {
      if (!fits(...args)) return;
      stop();
      resolve(args);
    };
    const stop = network.on(event, listener as NetworkEvents[Event]);
  });
}

export const reportOf = (node: TestNode, code: string): Promise<[NetworkReport]> =>
  eventOf(node, 'report', (report) => report.code === code);

export const goneOf = (node: TestNode, code: string): Promise<[PeerInfo, string]> =>
  eventOf(node, 'gone', (_peer, goneCode) => goneCode === code);

/** Two nodes that have met: the second dialled the first. */
export async function startPair(
  limits: { first?: Partial<NetworkLimits>; second?: Partial<NetworkLimits> } = {},
): Promise<{ first: TestNode; second: TestNode }> {
  const first = await startNode(1, { limits: limits.first ?? {} });
  const met = eventOf(first, 'peer');
  const second = await startNode(2, { peers: [first], limits: limits.second ?? {} });
  if (second.network.peers().length === 0) await eventOf(second, 'peer');
  await met;
  return { first, second };
}
