/** Four voters with real keys, and evidence against them. */
import { blockIdOf, DEFAULT_PARAMETERS, type EpochCell, type Header } from '@radledger/chain';
import { type EpochContext, epochContextOf, leaderOf, vrfAlpha } from '@radledger/consensus';
import {
  compareBytes,
  createSigner,
  hash,
  publicKeyOf,
  sha256,
  type Signer,
  toHex,
  utf8,
  verify,
  vrfProve,
} from '@radledger/primitives';
import type { Certificate } from '../../src/certificate.js';
import { encodeEvidence, type Evidence } from '../../src/evidence-format.js';
import { encodeSeal } from '../../src/seal.js';
import { simplex } from '../../src/simplex.js';
import { signedBytes, type Vote } from '../../src/vote.js';

export const chainId = hash('test/evidence-chain');
export const parameters = { ...DEFAULT_PARAMETERS, epochHeights: 6 };
const policies = { admission: 'open', stake: 'raw' } as const;
const ZERO = new Uint8Array(32);

interface Keys {
  readonly source: Uint8Array;
  readonly node: Signer;
  readonly vrfSeed: Uint8Array;
}

export interface Court {
  readonly epoch: EpochContext;
  readonly next: EpochContext;
  /** Signs a vote as this seat, in this epoch. */
  sign(seat: number, vote: Vote, epoch?: EpochContext): Promise<Uint8Array>;
  keys(seat: number): Keys;
  certificate(vote: Vote, seats: readonly number[]): Promise<Certificate>;
  /** A header that its leader may sign in this view, but for the changes. */
  header(view: number, changes?: Partial<Header>): Promise<Header>;
  leaderSeat(view: number): number;
}

export async function openCourt(): Promise<Court> {
  const named = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (name) => {
      const vrfSeed = sha256(utf8(`vrf ${name}`));
      const node = await createSigner(sha256(utf8(`node ${name}`)));
      return { source: sha256(utf8(`source ${name}`)), node, vrfSeed, vrfKey: await publicKeyOf(vrfSeed) };
    }),
  );
  named.sort((a, b) => compareBytes(a.source, b.source));
  const members = named.map(({ source, node, vrfKey }) => ({
    source,
    nodeKey: node.publicKey,
    vrfKey,
    weight: 1_000n,
  }));
  const context = (epoch: number): EpochContext => {
    const cell: EpochCell = { epoch, firstHeight: epoch * 6 + 1, members, seed: hash('test/seed', epoch) };
    return epochContextOf(cell, { chainId, committeeMax: 128 });
  };
  const epoch = context(3);
  const keys = (seat: number): Keys => named[seat] as Keys;
  const leaderSeat = (view: number): number => {
    const { source } = leaderOf(chainId, epoch, view);
    return named.findIndex((entry) => toHex(entry.source) === toHex(source));
  };
  const sign = (seat: number, vote: Vote, of = epoch): Promise<Uint8Array> =>
    keys(seat).node.sign(signedBytes(chainId, of, vote));
  return {
    epoch,
    next: context(4),
    sign,
    keys,
    leaderSeat,
    async certificate(vote, seats) {
      const signatures = await Promise.all(seats.map(async (seat) => [seat, await sign(seat, vote)] as const));
      return { epoch: epoch.epoch, groups: [{ vote, signatures }] };
    },
    async header(view, changes = {}) {
      const height = changes.height ?? 20;
      const leader = keys(leaderSeat(view));
      const alpha = vrfAlpha({ chainId, seed: epoch.seed, epoch: epoch.epoch, height });
      const vrfProof = vrfProve(leader.vrfSeed, alpha);
      const seal = { epoch: epoch.epoch, view, vrfProof, justificationRoot: ZERO };
      return {
        format: 1,
        chainId,
        height,
        parentId: ZERO,
        timestampMs: 1_000,
        proposer: leader.source,
        transactionRoot: ZERO,
        stateRoot: ZERO,
        dutyRoot: ZERO,
        bodyBytes: 4,
        sealKind: 1,
        sealBytes: encodeSeal(seal),
        ...changes,
      };
    },
  };
}

export const blockA = hash('test/block', 'a');
export const blockB = hash('test/block', 'b');

/** Two votes of one seat, as evidence of this kind. */
export async function pairOf(
  court: Court,
  kind: 1 | 2 | 3 | 4,
  seat: number,
  votes: readonly [Vote, Vote],
): Promise<Evidence> {
  const { epoch, committeeRoot } = court.epoch;
  const [first, second] = await Promise.all(
    votes.map(async (vote) => ({ vote, signature: await court.sign(seat, vote) })),
  );
  if (first === undefined || second === undefined) throw new Error('two votes');
  return { kind, epoch, committeeRoot, nodeKey: court.keys(seat).node.publicKey, votes: [first, second] };
}

export interface Ruling {
  readonly kind: number;
  readonly view: number;
  readonly verdict: string;
  /** Seats. */
  readonly offenders: readonly number[];
}

/** What a node makes of evidence: claims first, then judgement; undefined when either fails. */
export async function ruling(
  court: Court,
  evidence: Uint8Array | Evidence,
  options: { readonly epoch?: EpochContext; readonly chainId?: Uint8Array } = {},
): Promise<Ruling | undefined> {
  const bytes = evidence instanceof Uint8Array ? evidence : encodeEvidence(evidence);
  const on = options.chainId ?? chainId;
  const claims = simplex.evidence.claims(bytes, on);
  if (claims === undefined) return undefined;
  for (const { key, message, signature } of claims.holding)
    if (!(await verify(key, message, signature))) return undefined;
  for (const { key, message, signature } of claims.failing) if (await verify(key, message, signature)) return undefined;
  const judgement = simplex.evidence.judge({
    evidence: bytes,
    chainId: on,
    parameters,
    policies,
    epoch: options.epoch ?? court.epoch,
    judgeOffence: () => undefined,
  });
  if (judgement === undefined) return undefined;
  const { kind, view, verdict, offenders } = judgement;
  const seats = offenders.map(({ source }) =>
    court.epoch.committee.findIndex((m) => toHex(m.source) === toHex(source)),
  );
  return { kind, view, verdict, offenders: seats };
}

/** Evidence that this header was proposed in this view by its leader. */
export async function proposed(
  court: Court,
  view: number,
  header: Uint8Array,
  offence?: Uint8Array,
): Promise<Evidence> {
  const { epoch, committeeRoot } = court.epoch;
  const seat = court.leaderSeat(view);
  const signature = await court.sign(seat, { kind: 'proposal', view, blockId: blockIdOf(header) });
  return { kind: 5, epoch, committeeRoot, nodeKey: court.keys(seat).node.publicKey, view, signature, header, offence };
}
