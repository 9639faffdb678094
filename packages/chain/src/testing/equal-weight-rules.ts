/** The simplest rules that fulfil the port, for tests: every source weighs one study, seeds are hash chains, no duties. */
import { hash } from '@radledger/primitives';
import type { EpochMember } from '../cells.js';
import { statedEvidence } from './stated-evidence.js';
import type { ChainRules, SourceEntry } from '../rules.js';

/** Rules named `equal-weight/1`. The seal's bytes count as the block's randomness. */
export const equalWeightRules: ChainRules = {
  id: 'equal-weight/1',
  seedLag: 0,
  evidence: statedEvidence,
  openGenesis({ chainId, sources }) {
    const members = membersOf(sources);
    const seed = hash('radledger/test-seed/1', chainId);
    return { runningSeed: seed, seed, members, nextMembers: members };
  },
  randomnessOf: ({ sealBytes }) => (sealBytes.length === 0 ? undefined : sealBytes),
  accumulateSeed: ({ runningSeed, randomness }) =>
    randomness === undefined ? runningSeed : hash('radledger/test-seed/1', runningSeed, randomness),
  closeViews: ({ views }) => ({ views, settled: [], events: [] }),
  closeEpoch: ({ runningSeed, sources, epoch, next, views }) => ({
    runningSeed: hash('radledger/test-seed/1', runningSeed, epoch),
    seed: runningSeed,
    nextMembers: next.members,
    members: membersOf(sources),
    counted: [],
    absent: { sources: [] },
    nextAbsent: undefined,
    account: { epoch, closed: 0, settled: 0, storm: 0, charged: 0, pending: 0, leaves: [] },
    duties: [],
    views,
  }),
};

function membersOf(sources: readonly SourceEntry[]): readonly EpochMember[] {
  const trusted = sources.filter(({ tombstoned }) => tombstoned !== true);
  return trusted.map(({ source, cell: { nodeKey, vrfKey } }) => ({ source, nodeKey, vrfKey, weight: 1_000n }));
}
