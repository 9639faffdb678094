/** The chain's port for seeds and voters, for every module that selects leaders by stake. */
import type { ChainRules, EpochCell, SourceEntry } from '@radledger/chain';
import { epochContextOf } from './committee.js';
import type { ConsensusModule } from './module.js';
import { firstSeed, isBeforeCutOff, runningSeedStart, runningSeedStep } from './seed.js';
import { stakePolicyOf } from './stake-policy.js';

/** An epoch cell has at most this many members: the heaviest. */
const MEMBERS_MAX = 4096;

/** The part of a module that decides epochs. */
export type ChainRulesModule = Pick<ConsensusModule, 'id' | 'randomnessOf' | 'caps' | 'evidence'>;

/**
 * Snapshot at the end of epoch e - 2, seed from the first ⌊2E/3⌋ heights of e - 1, use in e; epochs 0 and 1 from genesis.
 * Both lie one epoch further back for a module whose finality trails behind, and epoch 2 has its members from genesis too.
 * Spec: docs/spec/leader-election.md, sections 1 and 2.
 */
export function createChainRules(module: ChainRulesModule): ChainRules {
  const seedLag = module.caps.finality === 'instant' ? 0 : 1;
  return {
    id: module.id,
    evidence: {
      claims: (evidence, chainId) => module.evidence.claims(evidence, chainId),
      judge({ epoch, ...input }) {
        const { chainId, parameters } = input;
        const context = epochContextOf(epoch, { chainId, committeeMax: parameters.committeeMax });
        return module.evidence.judge({ ...input, epoch: context });
      },
    },
    seedLag,
    openGenesis({ chainId, sources, parameters, policies }) {
      const { weights } = stakePolicyOf(policies.stake)({
        height: 0,
        sources,
        counted: [],
        attested: [],
        parameters,
      });
      const members = membersOf(sources, weights);
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
    closeEpoch(input) {
      const { chainId, epoch, sources, runningSeed, policies } = input;
      const { weights, counted } = stakePolicyOf(policies.stake)(input);
      return {
        runningSeed: runningSeedStart(chainId, epoch + 2 + seedLag, runningSeed),
        seed: runningSeed,
        members: membersOf(sources, weights),
        counted,
      };
    },
  };
}

/** Who signed two things that exclude each other has no seat from the next snapshot on, unless nobody else is left. */
function trusted(sources: readonly SourceEntry[], members: EpochCell['members']): EpochCell['members'] {
  const left = members.filter((_member, index) => sources[index]?.tombstoned !== true);
  return left.some(({ weight }) => weight > 0n) ? left : members;
}

function membersOf(sources: readonly SourceEntry[], weights: readonly bigint[]): EpochCell['members'] {
  const members = sources.map(({ source, cell: { nodeKey, vrfKey } }, index) => ({
    source,
    nodeKey,
    vrfKey,
    weight: weights[index] as bigint,
  }));
  const weighty = trusted(sources, members).filter(({ weight }) => weight > 0n);
  if (weighty.length <= MEMBERS_MAX) return weighty;
  const byWeight = [...weighty].sort((a, b) => (a.weight > b.weight ? -1 : a.weight < b.weight ? 1 : 0));
  const kept = new Set(byWeight.slice(0, MEMBERS_MAX));
  return weighty.filter((member) => kept.has(member));
}
