/** Patients' systems under fire: each writes or reads one grant after the other, through whichever node it happens to ask. */
import { ClientError, type NodeClient } from '@radledger/client';
import { type Signer, toHex } from '@radledger/primitives';
import type { Prng } from '@radledger/simulator';
import { createTransaction, type SignedTransaction } from '@radledger/transactions';
import type { FinalizedRecord } from './finalized-record.js';
import type { GrantState } from './linearizability.js';
import { within } from './within.js';

/** A grant cell that clients write and read. */
export interface Register {
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly tag: Uint8Array;
  readonly owner: Signer;
  /** Highest sequence that a client has used. */
  sequence: number;
}

export type SeenOperation =
  | {
      readonly kind: 'write';
      readonly register: Register;
      readonly state: GrantState;
      readonly invokedMs: number;
      readonly txId: string;
    }
  | {
      readonly kind: 'read';
      readonly register: Register;
      readonly state: GrantState;
      readonly invokedMs: number;
      readonly returnedMs: number;
    };

export interface ClientSurroundings {
  readonly chainId: Uint8Array;
  readonly registers: readonly Register[];
  readonly nodes: readonly NodeClient[];
  readonly record: FinalizedRecord;
  readonly operations: SeenOperation[];
  /** No further operation begins after this. */
  readonly ended: AbortSignal;
  /** What was begun is given up after this. */
  readonly patience: AbortSignal;
}

/** How long a node is waited for before another is asked. */
const PATIENCE_MS = 3_000;
/** As far ahead as the default parameters allow, less a margin for a node that lags. */
const EXPIRY_HEIGHTS = 400;
const DAY_MS = 86_400_000;

/**
 * Allows and revokes until the end: submits each record again, elsewhere, until it is final or overtaken; an Allow until it
 * has expired.
 */
export async function write(surroundings: ClientSurroundings, prng: Prng): Promise<void> {
  const { registers, record, operations, ended, patience } = surroundings;
  while (!ended.aborted) {
    const register = prng.pick(registers);
    const revoked = prng.chance(45);
    const sequence = ++register.sequence;
    const signed = await recordOf(surroundings, register, { sequence, revoked });
    const txId = toHex(signed.txId);
    operations.push({ kind: 'write', register, state: { sequence, revoked }, invokedMs: performance.now(), txId });
    const expiryHeight = revoked ? Infinity : record.height + EXPIRY_HEIGHTS;
    while (record.height <= expiryHeight) {
      if (patience.aborted) throw new Error(await neverFinal(surroundings, signed, { sequence, revoked }));
      if ((await submit(prng.pick(surroundings.nodes), signed)) === 'overtaken') break;
      if (await within(PATIENCE_MS, (signal) => record.finality(txId, signal), patience)) break;
    }
  }
}

/**
 * Reads grants until the end. A read is answered from a state that is not older than what anyone was told is final
 * when it began: the node is given time to get there.
 */
export async function read(surroundings: ClientSurroundings, prng: Prng): Promise<void> {
  const { registers, nodes, record, operations, ended } = surroundings;
  while (!ended.aborted) {
    const register = prng.pick(registers);
    const at = prng.between(0, nodes.length - 1);
    const invokedMs = performance.now();
    const known = record.height;
    const { source, studyId, tag } = register;
    const answer = await within(
      PATIENCE_MS,
      async (signal) => {
        if (!(await record.reached(at, known, signal))) return undefined;
        return orNothing((nodes[at] as NodeClient).grant(source, studyId, tag, { signal }));
      },
      ended,
    );
    if (answer === undefined || answer.height < known) continue;
    const state = { sequence: answer.cell?.sequence ?? 0, revoked: answer.cell?.revoked ?? false };
    operations.push({ kind: 'read', register, state, invokedMs, returnedMs: performance.now() });
  }
}

function recordOf(
  { chainId, record }: ClientSurroundings,
  { source, studyId, tag, owner }: Register,
  { sequence, revoked }: GrantState,
): Promise<SignedTransaction> {
  const payload = { source, studyId, tag, sequence };
  if (revoked) return createTransaction({ chainId, kind: 'revoke-access', signer: owner, expiryHeight: 0, payload });
  return createTransaction({
    chainId,
    kind: 'allow-access',
    signer: owner,
    expiryHeight: record.height + EXPIRY_HEIGHTS,
    payload: { ...payload, notAfterMs: Date.now() + DAY_MS, scope: 0, consentReceiptHash: undefined },
  });
}

async function neverFinal(
  { nodes }: ClientSurroundings,
  { txId }: SignedTransaction,
  { sequence, revoked }: GrantState,
): Promise<string> {
  const words = nodes.map(async (node) => {
    const asked = within(PATIENCE_MS, (signal) => node.transactionStatus(txId, { signal }));
    const status = await orNothing(asked);
    return status?.status === 'refused' ? status.reason : (status?.status ?? 'no answer');
  });
  const kind = revoked ? 'revocation' : 'grant';
  return `a ${kind} with sequence ${sequence} did not become final: ${(await Promise.all(words)).join(', ')}`;
}

/** @returns `overtaken` when a record with a higher sequence stands already */
async function submit(node: NodeClient, signed: SignedTransaction): Promise<'sent' | 'overtaken'> {
  try {
    await within(PATIENCE_MS, (signal) => node.submit(signed.bytes, { signal }));
  } catch (error) {
    if (error instanceof ClientError && error.info.code === 'REFUSED' && error.info.reason === 'SEQUENCE_NOT_HIGHER')
      return 'overtaken';
    // A node that is down, stopped, busy or behind: the next one may not be.
  }
  return 'sent';
}

async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch {
    return undefined;
  }
}
