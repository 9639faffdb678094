import {
  type AttestedEntry,
  type CountedEntry,
  EMPTY_VIEWS_CELL,
  DEFAULT_PARAMETERS,
  type EpochCell,
  type EpochMember,
  type Parameters,
  type SourceEntry,
  type StakePolicy,
} from '@radledger/chain';
import {
  createChainRules,
  encodeDutyEvent,
  encodeHaltStatement,
  encodeRecovery,
  encodeSignRecord,
  epochContextOf,
  haltSignedBytes,
  hasHonest,
  isQuorum,
  leaderOf,
  networkIdOf,
  recoverySignedBytes,
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
  readonly counted?: readonly CountedEntry[];
  readonly attested?: readonly AttestedEntry[];
  readonly stake?: StakePolicy;
}) {
  const open: EpochCell = { epoch: input.epoch, firstHeight: 1, members: [], seed: fill(0) };
  return rules.closeEpoch({
    sources: [],
    counted: [],
    attested: [],
    ...input,
    chainId,
    policies: { ...policies, stake: input.stake ?? 'raw' },
    current: open,
    next: { ...open, epoch: input.epoch + 1, seed: undefined },
    views: EMPTY_VIEWS_CELL,
    duties: [],
    absent: { sources: [] },
    leaving: undefined,
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

/** Small enough that window, growth, churn and cap all bind within a few boundaries. */
const stakeParameters = {
  ...DEFAULT_PARAMETERS,
  epochHeights: 10,
  endowmentHeights: 1_000,
  quotaPeriodHeights: 20,
  stakeGrowthBase: 40,
  stakeGrowthPeriods: 2,
  stakeChurnBasisPoints: 900,
  stakeWindowEpochs: 8,
  rateWindowPeriods: 2,
};

/** Boundary after boundary: what each gives to remember is what the next is given. */
function snapshots(): VectorCase[] {
  const history = (
    stake: StakePolicy,
    name: string,
    endowments: readonly number[],
    boundaries: readonly { readonly epoch: number; readonly studies: readonly number[] }[],
    attested: readonly AttestedEntry[] = [],
  ): VectorCase => {
    const remembered = new Map<string, CountedEntry>();
    const steps = boundaries.map(({ epoch, studies }) => {
      const height = (epoch + 1) * stakeParameters.epochHeights;
      const sources = endowments.map((endowment, index) => sourceEntry(index + 1, endowment, studies[index] ?? 0));
      const { members, counted } = close({
        epoch,
        height,
        runningSeed: fill(0),
        parameters: stakeParameters,
        sources,
        counted: [...remembered.values()],
        attested,
        stake,
      });
      for (const entry of counted) remembered.set(toHex(entry.source), entry);
      return { input: { height, studies }, output: { members, counted } };
    });
    const sources = endowments.map((endowment, index) => {
      const { source, cell } = sourceEntry(index + 1, endowment, 0);
      return { source, nodeKey: cell.nodeKey, vrfKey: cell.vrfKey, endowment };
    });
    return {
      name: `${stake}: ${name}`,
      input: asJson({
        policy: stake,
        parameters: stakeParameters,
        sources,
        attested,
        boundaries: steps.map(({ input }) => input),
      }),
      output: asJson(steps.map(({ output }) => output)),
    };
  };
  const at = (epoch: number, ...studies: readonly number[]) => ({ epoch, studies });
  const rising = (by: readonly number[], epochs: number) =>
    Array.from({ length: epochs }, (_, epoch) => at(epoch, ...by.map((each) => each * (epoch + 1))));
  return [
    history('raw', 'nobody has weight', [0, 0, 0], [at(0)]),
    history('raw', 'counts', [0, 0, 0], [at(0, 6, 70_000), at(1, 5, 70_001)]),
    history('raw', 'endowments decay', [10, 0, 7], [at(0, 0, 3), at(33, 0, 3), at(400, 0, 3)]),
    history('raw', 'endowments keep one study', [1_000_000_000, 1, 0], [at(500, 0, 0, 2)]),
    history('attested', 'no more than authorities say', [0, 50, 50, 0], rising([4, 1, 9, 2], 12), [
      {
        source: fill(1),
        cell: {
          admitUntilHeight: 0,
          maxima: [
            { period: 0, authority: 0, countMax: 6 },
            { period: 0, authority: 3, countMax: 7 },
            { period: 1, authority: 0, countMax: 1_000 },
          ],
        },
      },
      { source: fill(3), cell: { admitUntilHeight: 5, maxima: [{ period: 0, authority: 0, countMax: 2 }] } },
      { source: fill(4), cell: { admitUntilHeight: 5, maxima: [] } },
    ]),
    history('guarded', 'nobody has weight', [0, 0, 0], [at(0)]),
    history('guarded', 'begins without endowments', [0, 0, 0, 0], rising([3, 1, 0, 7], 9)),
    history('guarded', 'growth and churn', [500, 500, 500, 500, 0], rising([10, 20, 0, 5, 200], 14)),
    history(
      'guarded',
      'counts fall and rise again',
      [100, 100, 0],
      [at(0, 50, 9), at(1, 50, 9), at(2, 5, 9, 30), at(9, 5, 0, 30), at(10, 60, 0, 30), at(30, 60, 0, 30)],
    ),
    history('guarded', 'the cap of four', [1_000, 10, 20, 30], [at(0), at(1), at(2)]),
    history('guarded', 'the cap of twelve', [900, 800, ...Array<number>(10).fill(20)], [at(0), at(50), at(99)]),
    history(
      'guarded',
      'sources without weight worth the name do not move the cap',
      [300, 300, 300, 300, ...Array<number>(20).fill(0)],
      [at(0, 0, 0, 0, 0, ...Array<number>(20).fill(1)), at(1, 0, 0, 0, 0, ...Array<number>(20).fill(1))],
    ),
  ];
}

function sourceEntry(index: number, endowment: number, studies: number): SourceEntry {
  const source = fill(index);
  const quota = { units: 0, height: 0 };
  return {
    source,
    cell: {
      endpoint: undefined,
      signingKey: source,
      nodeKey: fill(index + 0x41),
      vrfKey: fill(index + 0x81),
      endowment,
      admittedHeight: 0,
      studies,
      studyQuota: quota,
      allowQuota: quota,
      rate: { period: 0, count: 0, meanMilli: 0 },
    },
  };
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
        ['duty PRODUCED', { class: 'PRODUCED', reasonWeights: none }],
        ['duty NULLIFIED', { class: 'NULLIFIED', reasonWeights: [7_000n, 0n, 1n, 300n] }],
        ['duty UNRECORDED', { class: 'UNRECORDED', reasonWeights: none }],
        ['duty EMPTY', { class: 'EMPTY', reasonWeights: none }],
        [
          'duty NULLIFIED as invalid',
          { class: 'NULLIFIED', reasonWeights: [0n, 4_000n, 0n, 3_000n], invalidWeight: 3_500n },
        ],
        [
          'duty NULLIFIED as declined',
          { class: 'NULLIFIED', reasonWeights: [0n, 0n, 0n, 9_000n], leaderDeclined: true },
        ],
      ] as const
    ).map(([name, seen]) => {
      const event = { ...duty, ...seen };
      return { name, input: asJson(event), output: toHex(encodeDutyEvent(event)) };
    }),
    ...halts(),
  ];
}

/** Bytes only: signatures over other records are in `signatures` and `simplex-votes`. */
function halts(): VectorCase[] {
  const said = { height: 70_000, blockId: fill(5), statedAtMs: 1_700_000_000_123 };
  const statement = { nodeKey: fill(6), ...said, signature: fill(7, 64) };
  const recovery = { height: 14, blockId: fill(5), leftOut: [fill(0x41), fill(0x43)], nonce: fill(8, 8) };
  const signed = {
    ...recovery,
    keySignatures: [[0, fill(9, 64)] as const, [200, fill(10, 64)] as const],
    voterSignatures: [[fill(0x42), fill(11, 64)] as const],
  };
  const members: EpochMember[] = [1n, 2n, 3n, 4n].map((weight, index) => ({
    source: fill(index + 1),
    nodeKey: fill(index + 0x41),
    vrfKey: fill(index + 0x81),
    weight,
  }));
  const contextIn = (epoch: number) =>
    epochContextOf(
      { epoch, firstHeight: 1, members, seed: fill(1) },
      { chainId, committeeMax: 128 },
      { recoveries: [recovery], epochHeights: 10 },
    );
  return [
    {
      name: 'halt statement',
      input: asJson({ chainId, ...statement }),
      output: asJson({ signedBytes: haltSignedBytes(chainId, said), bytes: encodeHaltStatement(statement) }),
    },
    {
      name: 'recovery, and the voters of its epoch and of the next',
      input: asJson({ chainId, ...signed, epochHeights: 10, members }),
      output: asJson({
        signedBytes: recoverySignedBytes(chainId, recovery),
        bytes: encodeRecovery(signed),
        roots: [1, 2].map((epoch) => contextIn(epoch).committeeRoot),
        networkId: networkIdOf(chainId, [recovery]),
      }),
    },
  ];
}
