import {
  DEFAULT_PARAMETERS,
  type EpochCell,
  type EpochMember,
  type Parameters,
  type SourceEntry,
  type StakeEntry,
} from '@radledger/chain';
import {
  createChainRules,
  encodeDutyEvent,
  encodeSignRecord,
  epochContextOf,
  hasHonest,
  isQuorum,
  leaderOf,
  vrfAlpha,
} from '@radledger/consensus';
import { simplex } from '@radledger/consensus-simplex';
import { compareBytes, sha256, toHex, utf8, vrfProofToHash, vrfProve } from '@radledger/primitives';
import { asJson, fill, type VectorCase, type VectorFile } from './vector-file.js';

const chainId = fill(0xc1);
const rules = createChainRules(simplex);
const policies = { admission: 'open', stake: 'raw' } as const;

export function electionVectors(): VectorFile[] {
  return [
    { name: 'first-seeds', spec: 'leader-election.md', cases: [fill(0), chainId].map(firstSeed) },
    { name: 'seeds', spec: 'leader-election.md', cases: seeds() },
    { name: 'stake-snapshots', spec: 'leader-election.md', cases: snapshots() },
    { name: 'leaders', spec: 'leader-election.md', cases: leaders() },
    { name: 'committees', spec: 'leader-election.md', cases: committees() },
    { name: 'quorums', spec: 'simplex.md', cases: quorums() },
    { name: 'consensus-records', spec: 'consensus-boundary.md', cases: records() },
  ];
}

function firstSeed(ofChain: Uint8Array, index: number): VectorCase {
  const opened = rules.openGenesis({
    chainId: ofChain,
    sources: [],
    parameters: DEFAULT_PARAMETERS,
    policies,
  });
  return {
    name: `chain ${index}`,
    input: asJson({ chainId: ofChain }),
    output: asJson({ seed: opened.seed, runningSeed: opened.runningSeed }),
  };
}

function close(input: {
  readonly epoch: number;
  readonly height: number;
  readonly runningSeed: Uint8Array;
  readonly parameters: Parameters;
  readonly sources?: readonly SourceEntry[];
  readonly stakes?: readonly StakeEntry[];
}) {
  const open: EpochCell = { epoch: input.epoch, firstHeight: 1, members: [], seed: fill(0) };
  return rules.closeEpoch({
    sources: [],
    stakes: [],
    ...input,
    chainId,
    policies,
    current: open,
    next: { ...open, epoch: input.epoch + 1, seed: undefined },
  });
}

/** Epochs of 3, 4 and 7 heights, in which some blocks have no proof. */
function seeds(): VectorCase[] {
  return [3, 4, 7].map((epochHeights, epoch) => {
    const parameters = { ...DEFAULT_PARAMETERS, epochHeights };
    const seed = sha256(utf8(`seed ${epoch}`));
    const vrfSeeds = Array.from({ length: epochHeights }, (_, at) => (at % 3 === 1 ? null : fill(at + 1)));
    const first = sha256(utf8(`running ${epoch}`));
    let runningSeed = first;
    const steps = vrfSeeds.map((vrfSeed, at) => {
      const height = epoch * epochHeights + 1 + at;
      const alpha = vrfAlpha({ chainId, seed, epoch, height });
      const proof = vrfSeed === null ? undefined : vrfProve(vrfSeed, alpha);
      const randomness = proof === undefined ? undefined : vrfProofToHash(proof);
      runningSeed = rules.accumulateSeed({ chainId, parameters, policies, epoch, height, randomness, runningSeed });
      return { alpha, proof, randomness, runningSeed };
    });
    const closed = close({ epoch, height: (epoch + 1) * epochHeights, runningSeed, parameters });
    return {
      name: `epoch ${epoch} of ${epochHeights} heights`,
      input: asJson({ chainId, epoch, epochHeights, seed, runningSeed: first, vrfSeeds }),
      output: asJson({ steps, nextSeed: closed.seed, nextRunningSeed: closed.runningSeed }),
    };
  });
}

function snapshots(): VectorCase[] {
  const vector = (
    name: string,
    height: number,
    endowments: readonly number[],
    counts: readonly (readonly [source: number, count: number])[],
  ): VectorCase => {
    const sources = endowments.map((endowment, index) => ({
      source: fill(index + 1),
      nodeKey: fill(index + 0x41),
      vrfKey: fill(index + 0x81),
      endowment,
    }));
    const quota = { units: 0, height: 0 };
    const rate = { period: 0, count: 0, meanMilli: 0 };
    const cellOf = ({ source, nodeKey, vrfKey, endowment }: (typeof sources)[number]) => ({
      source,
      cell: {
        endpoint: undefined,
        signingKey: source,
        nodeKey,
        vrfKey,
        endowment,
        admittedHeight: 0,
        studyQuota: quota,
        allowQuota: quota,
        rate,
      },
    });
    const stakes = counts.map(([source, count], epoch) => ({ source: fill(source), epoch, count }));
    const parameters = { ...DEFAULT_PARAMETERS, endowmentHeights: 1_000 };
    const { members } = close({
      epoch: 9,
      height,
      runningSeed: fill(0),
      parameters,
      sources: sources.map(cellOf),
      stakes,
    });
    return {
      name,
      input: asJson({ height, endowmentHeights: 1_000, sources, stakes }),
      output: asJson(members),
    };
  };
  return [
    vector('nobody has weight', 10, [0, 0, 0], []),
    vector(
      'counts of several epochs',
      10,
      [0, 0, 0],
      [
        [1, 5],
        [2, 70_000],
        [1, 1],
      ],
    ),
    vector('endowments before they decay', 0, [10, 0, 7], [[2, 3]]),
    vector('endowments after a third', 333, [10, 0, 7], [[2, 3]]),
    vector('endowments keep one study', 5_000, [1_000_000_000, 1, 0], [[3, 2]]),
  ];
}

function leaders(): VectorCase[] {
  const views = [...Array.from({ length: 60 }, (_, view) => view), 2 ** 32 - 1, 2 ** 53 - 1];
  const weightings: readonly (readonly [string, readonly bigint[]])[] = [
    ['one source', [1n]],
    ['equal weights', [1_000n, 1_000n, 1_000n, 1_000n]],
    ['a quarter and the rest', [1_000n, 3_000n]],
    ['without weight in between', [5n, 0n, 0n, 9n, 0n]],
    ['up to 2^53', [2n ** 52n, 1n, 2n ** 51n, 2n ** 50n]],
  ];
  return weightings.map(([name, weights], epoch) => {
    const seed = sha256(utf8(name));
    const members = weights.map((weight, index) => ({
      source: fill(index),
      nodeKey: fill(index),
      vrfKey: fill(index),
      weight,
    }));
    return {
      name,
      input: asJson({ chainId, seed, epoch, weights, views }),
      output: views.map((view) => members.indexOf(leaderOf(chainId, { epoch, seed, leaders: members }, view))),
    };
  });
}

function committees(): VectorCase[] {
  const members: EpochMember[] = [5n, 1_000n, 5n, 0n, 70n, 5n, 2n ** 40n]
    .map((weight, index) => ({
      source: sha256(utf8(`source ${index}`)),
      nodeKey: fill(index + 0x41),
      vrfKey: fill(index + 0x81),
      weight,
    }))
    .sort((a, b) => compareBytes(a.source, b.source));
  return [128, 5, 4, 1].map((committeeMax, epoch) => {
    const context = epochContextOf({ epoch, firstHeight: 1, members, seed: fill(1) }, { chainId, committeeMax });
    return {
      name: `at most ${committeeMax} seats`,
      input: asJson({ chainId, epoch, committeeMax, members: members.filter(({ weight }) => weight > 0n) }),
      output: asJson({
        seats: context.committee.map(({ source }) => source),
        totalWeight: context.totalWeight,
        root: context.committeeRoot,
      }),
    };
  });
}

function quorums(): VectorCase[] {
  const weights: readonly (readonly [bigint, bigint])[] = [
    [2n, 3n],
    [3n, 3n],
    [1n, 3n],
    [3n, 4n],
    [2n, 4n],
    [66n, 100n],
    [67n, 100n],
    [33n, 100n],
    [34n, 100n],
    [2n ** 52n, 3n * 2n ** 51n],
    [2n ** 52n + 1n, 3n * 2n ** 51n],
    [0n, 1n],
  ];
  return weights.map(([weight, totalWeight]) => ({
    name: `${weight} of ${totalWeight}`,
    input: asJson({ weight, totalWeight }),
    output: { isQuorum: isQuorum(weight, totalWeight), hasHonest: hasHonest(weight, totalWeight) },
  }));
}

function records(): VectorCase[] {
  const sign = { kind: 2, epoch: 3, view: 70_000, bytes: fill(1, 120), support: [fill(2, 300), fill(3, 5)] };
  const duty = { height: 1_000, epoch: 3, view: 9, source: fill(4), totalWeight: 10_000n } as const;
  const none = [0n, 0n, 0n, 0n] as const;
  return [
    { name: 'sign-log, vote with support', input: asJson(sign), output: toHex(encodeSignRecord(sign)) },
    {
      name: 'sign-log, vote without support',
      input: asJson({ ...sign, support: [] }),
      output: toHex(encodeSignRecord({ ...sign, support: [] })),
    },
    ...(
      [
        { ...duty, class: 'PRODUCED', reasonWeights: none },
        { ...duty, class: 'NULLIFIED', reasonWeights: [7_000n, 0n, 1n, 300n] },
        { ...duty, class: 'UNRECORDED', reasonWeights: none },
      ] as const
    ).map((event) => ({
      name: `duty ${event.class}`,
      input: asJson(event),
      output: toHex(encodeDutyEvent(event)),
    })),
  ];
}
