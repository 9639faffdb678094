/** The chain's port for seeds, voters and duties, for every module that selects leaders by stake. */
import {
  type ChainRules,
  type CloseEpochInput,
  type CloseEpochResult,
  type CloseViewsInput,
  type CloseViewsResult,
  type EpochCell,
  epochOfHeight,
  type Parameters,
  type RulesContext,
} from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import { epochContextOf, heaviest } from './committee.js';
import { type Account, activeWeight, closeAccounts, isOnRecord, sumOf } from './duty-account.js';
import { selectEligible } from './eligibility.js';
import type { EpochContext } from './epoch-context.js';
import type { ConsensusModule } from './module.js';
import { isQuorum } from './quorum.js';
import { type Recovery, recoveriesBefore } from './recovery.js';
import { firstSeed, isBeforeCutOff, runningSeedStart, runningSeedStep } from './seed.js';
import { type StakeInput, type StakeResult, stakePolicyOf } from './stake-policy.js';
import { classifyViews } from './view-classes.js';
import { withVoters } from './voters.js';

/** An epoch cell has at most this many members: the heaviest. */
const MEMBERS_MAX = 4096;

/** The part of a module that decides epochs, duties and evidence. */
export type ChainRulesModule = Pick<
  ConsensusModule,
  'id' | 'randomnessOf' | 'caps' | 'evidence' | 'dutiesOf' | 'votersOf'
>;

/**
 * Snapshot at the end of epoch e - 2, seed from the first ⌊2E/3⌋ heights of e - 1, use in e; epochs 0 and 1 from genesis.
 * Both lie one epoch further back for a module whose finality trails behind, and epoch 2 has its members from genesis too.
 * Spec: docs/spec/leader-election.md, sections 1 and 2; docs/spec/duties.md.
 * @param recoveries - what the chain was told to go on by, ascending by height: they decide whose votes count
 */
export function createChainRules(module: ChainRulesModule, recoveries: readonly Recovery[] = []): ChainRules {
  const seedLag = module.caps.finality === 'instant' ? 0 : 1;
  return {
    id: module.id,
    evidence: {
      claims: (evidence, chainId) => module.evidence.claims(evidence, chainId),
      judge({ epoch, ...input }) {
        for (const context of contextsOf(epoch, { ...input, recoveries })) {
          const judgement = module.evidence.judge({ ...input, epoch: context });
          if (judgement !== undefined) return judgement;
        }
        return undefined;
      },
    },
    seedLag,
    openGenesis(input) {
      const { chainId } = input;
      const { candidates } = weigh({ ...input, height: 0, counted: [], attested: [] });
      const members = heaviest(candidates, MEMBERS_MAX);
      const seed = firstSeed(chainId);
      const started = runningSeedStart(chainId, 1, seed);
      if (seedLag === 0) return { runningSeed: started, seed, members, nextMembers: members };
      const runningSeed = runningSeedStart(chainId, 2, started);
      return { runningSeed, seed, members, nextMembers: members, nextSeed: started };
    },
    randomnessOf: (position) => module.randomnessOf(position),
    accumulateSeed({ height, randomness, runningSeed, parameters }) {
      if (randomness === undefined || !isBeforeCutOff(height, parameters.epochHeights)) return runningSeed;
      return runningSeedStep(runningSeed, randomness);
    },
    closeViews: (input) => closeViews(module, input, recoveries),
    closeEpoch: (input) => closeEpoch(input, recoveries),
  };
}

function closeViews(
  module: ChainRulesModule,
  input: CloseViewsInput,
  recoveries: readonly Recovery[],
): CloseViewsResult {
  const { chainId, parameters, position, justification, current, previous } = input;
  const context = {
    chainId,
    parameters,
    epoch(epoch: number): EpochContext | undefined {
      const cell = [current, previous].find((known) => known?.epoch === epoch);
      return cell && contextOf(cell, { chainId, parameters, recoveries }, position.height);
    },
  };
  const block = { header: position, body: { justification } };
  const events = module.dutiesOf(block, context);
  const graceHeights = parameters.dutyGraceHeights;
  const { views, settled } = classifyViews(input.views, { height: position.height, events, graceHeights });
  if (module.votersOf === undefined) return { views, settled, events };
  const voters = withVoters(views.voters, current, module.votersOf(block, context));
  return { views: { ...views, voters }, settled, events };
}

function closeEpoch(input: CloseEpochInput, recoveries: readonly Recovery[]): CloseEpochResult {
  const { chainId, epoch, runningSeed, parameters, current, next, absent, views } = input;
  const decided = next.epoch + 1;
  const accounts = closeAccounts(input);
  const { candidates, counted } = weigh(input);
  const tombstoned = input.sources.filter((entry) => entry.tombstoned === true).map(({ source }) => source);
  const eligible = selectEligible({ epoch: decided, candidates, accounts, tombstoned, parameters });
  const members = heaviest(eligible.members, MEMBERS_MAX);
  const goesOn = isAsleep(next, accounts, input, recoveries);
  return {
    runningSeed: runningSeedStart(chainId, decided, runningSeed),
    seed: runningSeed,
    nextMembers: goesOn ? current.members : next.members,
    nextAbsent: goesOn ? absent : undefined,
    members,
    counted,
    absent: eligible.absent,
    account: {
      epoch,
      closed: views.closed,
      settled: views.settled,
      storm: views.storm,
      charged: views.charged,
      pending: views.pending.length,
      leaves: accounts.map(({ leaf }) => leaf),
    },
    duties: eligible.duties.map(({ source, cell }) => ({ source, cell: isOnRecord(cell) ? cell : undefined })),
    views: {
      ...views,
      closed: 0,
      settled: 0,
      storm: 0,
      charged: 0,
      voters: new Uint8Array(0),
      continued: goesOn ? views.continued + 1 : 0,
    },
  };
}

/**
 * The handover guard: the voters to come that gave a sign of life in the epoch that closes are no quorum. Voters that a
 * recovery left out are gone; without votes nobody knows.
 */
function isAsleep(
  { members }: EpochCell,
  accounts: readonly Account[],
  { views, height, parameters }: CloseEpochInput,
  recoveries: readonly Recovery[],
): boolean {
  if (views.voters.length === 0) return false;
  const gone = new Set(recoveriesBefore(recoveries, height + 1).flatMap(({ leftOut }) => leftOut.map(toHex)));
  const left = members.filter(({ nodeKey }) => !gone.has(toHex(nodeKey)));
  const voters = heaviest(left, parameters.committeeMax);
  return !isQuorum(activeWeight(voters, accounts), sumOf(voters));
}

interface Known {
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
  readonly recoveries: readonly Recovery[];
}

/** The context made last of a cell: the same cell serves every block of its epoch. */
const contexts = new WeakMap<EpochCell, { readonly of: string; readonly context: EpochContext }>();

/** The epoch as a block at `height` sees it: a recovery may replace voters within one. */
function contextOf(cell: EpochCell, { chainId, parameters, recoveries }: Known, height: number): EpochContext {
  const { committeeMax, epochHeights } = parameters;
  const counting = recoveriesBefore(recoveries, Math.min(height, (cell.epoch + 1) * epochHeights));
  const of = `${toHex(chainId)}/${counting.map(({ height, nonce }) => `${height} ${toHex(nonce)}`).join()}`;
  const known = contexts.get(cell);
  if (known?.of === of) return known.context;
  const context = epochContextOf(cell, { chainId, committeeMax }, { recoveries: counting, epochHeights });
  contexts.set(cell, { of, context });
  return context;
}

/** Voters of an epoch, and those before each recovery in it: all answer for what they signed. */
function contextsOf(cell: EpochCell, known: Known): readonly EpochContext[] {
  const { epochHeights } = known.parameters;
  const ends = known.recoveries.filter(({ height }) => epochOfHeight(height + 1, epochHeights) === cell.epoch);
  const heights = [(cell.epoch + 1) * epochHeights, ...ends.map(({ height }) => height)];
  return heights.map((height) => contextOf(cell, known, height));
}

/** Sources with weight and the keys of this snapshot, in the order of source ids, and what the stake policy remembers. */
function weigh(input: StakeInput & RulesContext): {
  readonly candidates: EpochCell['members'];
  readonly counted: StakeResult['counted'];
} {
  const { weights, counted } = stakePolicyOf(input.policies.stake)(input);
  const candidates = input.sources
    .map(({ source, cell: { nodeKey, vrfKey } }, index) => ({
      source,
      nodeKey,
      vrfKey,
      weight: weights[index] as bigint,
    }))
    .filter(({ weight }) => weight > 0n);
  return { candidates, counted };
}
