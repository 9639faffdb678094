/** `config.json` beside the app: which ledger, and the nodes that are asked about it. */
import { fromHex } from '@radledger/primitives';

export interface Settings {
  readonly chainId: Uint8Array;
  /** Addresses of nodes, at least one. */
  readonly nodes: readonly string[];
}

/** @throws {TypeError} when the file is not there, or is something else */
export async function loadSettings(): Promise<Settings> {
  const answer = await fetch('./config.json', { credentials: 'omit' });
  const json: unknown = answer.ok ? await answer.json() : undefined;
  const { chainId, nodes } = (json ?? {}) as { chainId?: unknown; nodes?: unknown };
  const isWhole =
    typeof chainId === 'string' &&
    /^[0-9a-f]{64}$/.test(chainId) &&
    Array.isArray(nodes) &&
    nodes.length > 0 &&
    nodes.every((node) => typeof node === 'string');
  if (!isWhole) throw new TypeError('config.json must name the ledger and its nodes');
  return { chainId: fromHex(chainId), nodes };
}
