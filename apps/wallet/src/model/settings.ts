/** `config.json` beside the app: which ledger, the nodes that are asked about it, and from where it is followed. */
import { type Genesis, genesisFromJson } from '@radledger/chain';

export interface Settings {
  readonly genesis: Genesis;
  /** Addresses of nodes, at least one; with two, one that lies is noticed and left. */
  readonly nodes: readonly string[];
  /** Where gateways answer browsers, besides the addresses in the ledger; empty when those do. */
  readonly gateways: readonly string[];
  /** `height:id`; absent: the beginning of the ledger. */
  readonly checkpoint: string | undefined;
}

/** @throws {TypeError} when the file is not there, or is something else; {ChainError} of the genesis */
export async function loadSettings(): Promise<Settings> {
  const answer = await fetch('./config.json', { credentials: 'omit' });
  const json: unknown = answer.ok ? await answer.json() : undefined;
  const { genesis, nodes, gateways = [], checkpoint } = (json ?? {}) as Record<string, unknown>;
  const isWhole =
    isTexts(nodes) &&
    nodes.length > 0 &&
    isTexts(gateways) &&
    (checkpoint === undefined || typeof checkpoint === 'string');
  if (!isWhole) throw new TypeError('config.json must name the ledger and its nodes');
  return { genesis: genesisFromJson(genesis), nodes, gateways, checkpoint };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
