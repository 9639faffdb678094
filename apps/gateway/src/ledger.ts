/** The ledger that a gateway acts on: proven by what its voters signed, or as its node tells it. Design D11. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import {
  blockIdOf,
  chainIdOf,
  type Checkpoint,
  formatCheckpoint,
  type Genesis,
  genesisBlock,
  genesisFromFile,
  parseCheckpoint,
} from '@radledger/chain';
import { createLightClient, type LightClient, type NodeClient } from '@radledger/client';
import {
  ConsensusError,
  type ConsensusModule,
  createChainRules,
  createFinalityVerifier,
  decodeHaltStatement,
  epochContextOf,
  haltClaim,
  haltProofOf,
  recoveriesBefore,
  recoveryFromJson,
  type SignedRecovery,
} from '@radledger/consensus';
import { createNodeLedger, createProvenLedger, type LedgerPort, type ProvenLedgerOptions } from '@radledger/exchange';
import { equalBytes, toHex, verifyAll } from '@radledger/primitives';
import type { GatewayConfig } from './config.js';
import { GatewayAppError } from './errors.js';
import { moduleNamed } from './modules.js';

/** How often the newest proven end of an epoch is kept for the next start. */
const KEEP_MS = 60_000;
/** Voters of an epoch are at most 128. */
const STATEMENTS_MAX = 128;

export interface OpenedLedger {
  readonly port: LedgerPort;
  close(): Promise<void>;
}

/** @throws {GatewayAppError} `GENESIS_INVALID` | `RECOVERY_INVALID` | `CHECKPOINT_INVALID` | `FOREIGN_CHAIN` */
export async function openLedger(
  { finality, node: url }: GatewayConfig,
  node: NodeClient,
  onFailure: (error: unknown) => void,
): Promise<OpenedLedger> {
  if (finality === undefined) return { port: createNodeLedger(node), close: () => Promise.resolve() };
  const { genesis, module } = await readGenesis(finality.genesis);
  const chainId = chainIdOf(genesis);
  const told = (await node.status()).chainId;
  if (!equalBytes(told, chainId)) {
    const message = `the node at ${url} belongs to chain ${toHex(told)}, not to ${toHex(chainId)} of ${finality.genesis}`;
    throw new GatewayAppError({ code: 'FOREIGN_CHAIN', node: url }, message);
  }
  const recoveries = await Promise.all(finality.recoveries.map((file) => readRecovery(file, chainId)));
  const light = createLightClient({
    node,
    chainId,
    epochHeights: genesis.parameters.epochHeights,
    verifyFinality: createFinalityVerifier(module, genesis.parameters, { recoveries, genesis }),
    checkpoint: await newestCheckpoint(finality, genesis, module),
  });
  const keeping = keepCheckpoint(light, finality.kept, onFailure);
  return {
    port: createProvenLedger({ node, light, isHalted: haltJudge(light, { chainId, genesis, recoveries }) }),
    close: () => keeping.close(),
  };
}

async function readGenesis(file: string): Promise<{ readonly genesis: Genesis; readonly module: ConsensusModule }> {
  const stop = (why: string, cause?: unknown): GatewayAppError =>
    new GatewayAppError({ code: 'GENESIS_INVALID', file }, `${file} is not a genesis: ${why}`, { cause });
  let genesis: Genesis;
  try {
    genesis = genesisFromFile(await readFile(file));
  } catch (cause) {
    throw stop(firstLineOf(cause), cause);
  }
  const module = moduleNamed(genesis.moduleId);
  if (module === undefined) throw stop(`this gateway knows no module ${genesis.moduleId}`);
  return { genesis, module };
}

async function readRecovery(file: string, chainId: Uint8Array): Promise<SignedRecovery> {
  try {
    return recoveryFromJson(JSON.parse(await readFile(file, 'utf8')), chainId);
  } catch (cause) {
    const message = `${file} is not a recovery of this chain: ${firstLineOf(cause)}`;
    throw new GatewayAppError({ code: 'RECOVERY_INVALID', file }, message, { cause });
  }
}

/** The one that the operator gave, the one that the last run kept, or genesis: whichever is highest. */
async function newestCheckpoint(
  { checkpoint, kept }: NonNullable<GatewayConfig['finality']>,
  genesis: Genesis,
  module: ConsensusModule,
): Promise<Checkpoint> {
  const { block } = await genesisBlock(genesis, createChainRules(module));
  const known: Checkpoint[] = [{ height: 0, id: blockIdOf(block.header) }];
  if (checkpoint !== undefined) known.push(parseCheckpoint(checkpoint));
  try {
    known.push(parseCheckpoint((await readFile(kept, 'utf8')).trim()));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      const message = `${kept} holds no checkpoint: ${firstLineOf(cause)}; remove it, and name one in the configuration`;
      throw new GatewayAppError({ code: 'CHECKPOINT_INVALID', file: kept }, message, { cause });
    }
  }
  return known.reduce((newest, next) => (next.height > newest.height ? next : newest));
}

/** A chain that is older than a checkpoint may be is followed from where the last run stood. */
function keepCheckpoint(
  light: LightClient,
  file: string,
  onFailure: (error: unknown) => void,
): { close(): Promise<void> } {
  let height = 0;
  const keep = async (): Promise<void> => {
    const newest = light.checkpoint();
    if (light.boundary() === undefined || newest.height <= height) return;
    await writeFile(`${file}.new`, `${formatCheckpoint(newest)}\n`, { mode: 0o600, flush: true });
    await rename(`${file}.new`, file);
    height = newest.height;
  };
  const timer = setInterval(() => void keep().catch(onFailure), KEEP_MS);
  timer.unref();
  return {
    close() {
      clearInterval(timer);
      return keep();
    },
  };
}

function haltJudge(
  light: LightClient,
  {
    chainId,
    genesis,
    recoveries,
  }: { readonly chainId: Uint8Array; readonly genesis: Genesis; readonly recoveries: readonly SignedRecovery[] },
): ProvenLedgerOptions['isHalted'] {
  const { committeeMax, epochHeights } = genesis.parameters;
  return async (encoded, { height, blockId }) => {
    const cell = light.boundary()?.epoch;
    if (cell === undefined || encoded.length > STATEMENTS_MAX) return false;
    try {
      const epoch = epochContextOf(
        cell,
        { chainId, committeeMax },
        { recoveries: recoveriesBefore(recoveries, height + 1), epochHeights },
      );
      const statements = encoded.map(decodeHaltStatement);
      const proof = haltProofOf(statements, { height, blockId, epoch, nowMs: Date.now() });
      return proof !== undefined && (await verifyAll(proof.statements.map((one) => haltClaim(chainId, one))));
    } catch (error) {
      if (error instanceof ConsensusError) return false;
      throw error;
    }
  };
}

function firstLineOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message.split('\n')[0] : undefined) ?? 'not valid';
}
