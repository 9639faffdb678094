/**
 * The ledger as its voters signed it: one's own node only carries what is said, and is believed in nothing that proofs can show.
 * Design D11; spec: docs/spec/gateway-api.md, section 3.
 */
import { blockIdOf, ChainError, decodeBody, type Header, merkleRoot } from '@radledger/chain';
import { type CellAnswer, ClientError, type LightClient, type NodeClient } from '@radledger/client';
import { equalBytes, toHex } from '@radledger/primitives';
import { ExchangeError } from './errors.js';
import type { LedgerHead, LedgerPort } from './ledger-port.js';
import { BODY_BYTES_MAX, createNodeLedger, failed, reaching } from './node-ledger.js';

/** A block, as statements of a halt name it. */
export interface BlockName {
  readonly height: number;
  readonly blockId: Uint8Array;
}

export interface ProvenLedgerOptions {
  readonly node: NodeClient;
  /** On the same node, with the verifier of the consensus module. */
  readonly light: Pick<LightClient, 'follow' | 'boundary' | 'believe'>;
  /** Whether encoded statements of voters prove that the network stands still at a block; never throws for what they hold. */
  readonly isHalted: (statements: readonly Uint8Array[], block: BlockName) => Promise<boolean>;
  /** Unix ms; default the system's clock. */
  readonly now?: () => number;
}

interface ProvenBlock extends BlockName {
  readonly timestampMs: number;
}

/** Headers whose proof is not looked at again. */
const PROVEN_MAX = 64;

/**
 * Reads through a node that may lie. Each header was made final by the voters that a walk from the light client's checkpoint leads to;
 * cells, bodies and halts are checked under it. The age of its newest proof is that of the newest proven block by its timestamp: a node
 * that holds new blocks back makes the view old.
 */
export function createProvenLedger(options: ProvenLedgerOptions): LedgerPort {
  const { node, light, isHalted, now = Date.now } = options;
  const told = createNodeLedger(node);
  const proven = new Map<string, Header>();
  let newest: ProvenBlock | undefined;

  async function believe(header: Uint8Array, finality: Uint8Array | null, floor: number): Promise<Header> {
    const blockId = blockIdOf(header);
    const known = proven.get(toHex(blockId));
    if (known !== undefined && known.height >= floor) return known;
    // The view has its own rule for what is old, which a proven halt may bend.
    const believed = await reaching(light.believe({ header, finality }, { floor, ageMaxMs: Number.POSITIVE_INFINITY }));
    proven.set(toHex(blockId), believed);
    const [oldest] = proven.keys();
    if (proven.size > PROVEN_MAX && oldest !== undefined) proven.delete(oldest);
    const { height, timestampMs } = believed;
    if (newest === undefined || height > newest.height) newest = { height, blockId, timestampMs };
    return believed;
  }

  async function headerAt(height: number): Promise<Header> {
    const [block] = await reaching(node.blocks({ from: height, limit: 1 }));
    if (block === undefined) throw silent('BLOCK_UNKNOWN');
    const header = await believe(block.header, block.finality, 0);
    if (header.height !== height) throw unproven();
    return header;
  }

  /** Whether a block is older than what the walk has reached: nothing proves it any more. */
  const isPassed = (height: number): boolean => height < (light.boundary()?.header.height ?? 0);

  async function cell<T>(asked: Promise<CellAnswer<T>>): Promise<T | undefined> {
    const floor = newest?.height ?? 0;
    const { proof, cell: value } = await reaching(asked);
    await believe(proof.headerBytes, proof.finality, floor);
    return value;
  }

  const ageMs = ({ timestampMs }: ProvenBlock): number => Math.max(0, now() - timestampMs);

  async function haltedAt(block: ProvenBlock): Promise<boolean> {
    return isHalted(await reaching(node.haltStatements()), block);
  }

  return {
    ...told,
    async head(): Promise<LedgerHead> {
      const { chainId, finalized, halted } = await reaching(node.status());
      await reaching(light.follow());
      await headerAt(finalized.height);
      if (newest === undefined) throw unproven();
      return { ...newest, chainId, proofAgeMs: ageMs(newest), halted: halted !== null && (await haltedAt(newest)) };
    },
    study: (source, studyId) => cell(node.study(source, studyId)),
    grant: (source, studyId, tag) => cell(node.grant(source, studyId, tag)),
    source: (id) => cell(node.source(id)),
    async transactionsAt(height) {
      if (isPassed(height)) return undefined;
      const block = await reaching(node.block(height));
      if (block?.body === undefined) throw silent('BLOCK_UNKNOWN');
      const header = await believe(block.header, block.finality, 0);
      const transactions = transactionsOf(block.body);
      if (header.height !== height || !equalBytes(merkleRoot(transactions), header.transactionRoot)) throw unproven();
      return transactions;
    },
    async *events(range) {
      for await (const event of told.events(range)) {
        if (event.kind === 'seen') yield event;
        else if (event.kind === 'finalized') {
          if (isPassed(event.height)) continue;
          const { height, timestampMs } = await headerAt(event.height);
          yield { kind: 'finalized', height, timestampMs };
        } else if (newest !== undefined) {
          const halted = event.halted && (await haltedAt(newest));
          yield { kind: 'heartbeat', height: newest.height, proofAgeMs: ageMs(newest), halted };
        }
      }
    },
  };
}

function transactionsOf(body: Uint8Array): readonly Uint8Array[] {
  try {
    return decodeBody(body, { bytesMax: BODY_BYTES_MAX }).transactions;
  } catch (cause) {
    if (cause instanceof ChainError) throw unproven();
    throw cause;
  }
}

function unproven(): ExchangeError {
  return failed(
    new ClientError({ code: 'PROOF_INVALID' }, 'the proof does not show what the node says'),
  ) as ExchangeError;
}

function silent(reason: string): ExchangeError {
  return new ExchangeError({ code: 'NODE_UNREACHABLE', reason }, 'the node has no body of a final block');
}
