/** The numbers a network is run by; genesis sets them, the cell `params` holds them. Spec: docs/spec/genesis.md, section 2. */
import { type Infer, type Schema, struct } from '@radledger/primitives';
import { choice } from '@radledger/transactions';
import { ChainError } from './errors.js';
import { moduleSettingsSchema } from './module-settings.js';

/** 2^31 - 1: wide enough for every parameter but the longest spans of time. */
const NUMBER_MAX = 0x7fffffff;

/** An integer from `min` to `max`: a parameter out of range would stop every node. Checked when read, and named. */
function parameter(min: number, max = NUMBER_MAX): Schema<number> {
  return {
    encode: (value) => value,
    decode(value, path = '') {
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
      throw new ChainError(
        { code: 'PARAMETER_OUT_OF_RANGE', parameter: path },
        `expected ${min} to ${max} for ${path}`,
      );
    },
  };
}

export const parametersSchema = struct({
  /** Longest encoded body, in bytes. */
  blockBytesMax: parameter(1_024, 64 * 1024 * 1024),
  /** Longest signed transaction, in bytes. */
  transactionBytesMax: parameter(1_024, 1024 * 1024),
  /** E: heights of an epoch. */
  epochHeights: parameter(2, 1_000_000),
  /** T: target block interval. */
  targetIntervalMs: parameter(1),
  /** Tmin: a block's timestamp is at least its parent's plus this, and always later. */
  minimumIntervalMs: parameter(0),
  /** Delta: assumed message delay; base of the module's timers. */
  assumedDelayMs: parameter(1),
  /** PREC: assumed clock precision of voters. */
  clockPrecisionMs: parameter(0),
  /** Most voters of an epoch: the heaviest sources. */
  committeeMax: parameter(1, 128),
  /** How far ahead of a block an expiry height may lie; also the replay window in blocks. */
  expiryHeightsMax: parameter(1, 65_536),
  /** How far a sequence may lie ahead of the block's timestamp. */
  sequenceAheadMaxMs: parameter(0),
  /** Longest grant or delegation, counted from the block's timestamp. */
  grantDurationMaxMs: parameter(1, 1_000_000_000_000),
  /** Allow quota of a study: tokens of a full bucket. */
  studyAllowBurst: parameter(1, 1_000_000),
  /** Heights in which a study's bucket gains one token. */
  studyAllowRefillHeights: parameter(1, 1_000_000),
  /** Define Study quota of a source: tokens a period whatever its rate. */
  sourceStudyBase: parameter(1, 1_000_000),
  /** Define Study quota of a source: what its mean rate is multiplied with. */
  sourceStudyRateFactor: parameter(0, 1_000),
  /** Allow quota of a source: multiple of its Define Study quota. */
  sourceAllowFactor: parameter(1, 1_000),
  /** Heights of a quota period; a day of blocks by default. */
  quotaPeriodHeights: parameter(1, 1_000_000),
  /** Periods over which the mean rate is smoothed. */
  rateWindowPeriods: parameter(1, 1_000),
  /** Heights over which a genesis endowment decays to nothing. */
  endowmentHeights: parameter(1, 1_000_000_000),
  /** Epochs for which a study counts towards stake. */
  stakeWindowEpochs: parameter(1, 10_000_000),
  /** Growth bound of stake: studies a source may count beside 5/4 of what it counted before. */
  stakeGrowthBase: parameter(1, 1_000_000_000),
  /** Periods that the growth bound looks back. */
  stakeGrowthPeriods: parameter(1, 1_000),
  /** New weight that may enter the whole set in a period, in 1/10,000 of its weight. */
  stakeChurnBasisPoints: parameter(1, 10_000),
  /** What an authority may attest in a quota period. */
  attestsPerPeriod: parameter(1, 1_000_000),
  /** How long after the end of its epoch misconduct may be reported. */
  evidenceHeightsMax: parameter(1, 1_000_000_000),
  /** Leading zero bits of a work stamp in open admission; 0 = no stamp needed. */
  workBits: parameter(0, 32),
  /** G: heights within which a notarization turns a missed view into a late one. */
  dutyGraceHeights: parameter(1, 1_024),
  /** Epochs over which duties are summed up. */
  dutyWindowEpochs: parameter(1, 1_000_000),
  /** A source below this reliability (basis points) is suspended, once it owes `suspendFromDebt` views; 0 = never. */
  suspendBelowReliability: parameter(0, 9_500),
  suspendFromDebt: parameter(1, 1_000_000),
  /** Epochs in a row without any sign of a source after which it is dormant. */
  dormantAfterEpochs: parameter(1, 1_000_000),
  /** Most weight, in basis points of all, that suspensions and dormancy take out from one epoch to the next. */
  leftOutPerEpochMax: parameter(0, 3_333),
  /** What the consensus module is tuned by; it judges names and ranges. */
  moduleSettings: moduleSettingsSchema,
});

/** Every value but `moduleSettings` is an integer; spans end in Ms (milliseconds), Heights, Periods or Epochs. */
export type Parameters = Infer<typeof parametersSchema>;

/** Defaults for a consortium: blocks of 1 MiB every 2 s, epochs of 720 heights. */
export const DEFAULT_PARAMETERS: Parameters = {
  blockBytesMax: 1_048_576,
  transactionBytesMax: 65_536,
  epochHeights: 720,
  targetIntervalMs: 2_000,
  minimumIntervalMs: 200,
  assumedDelayMs: 500,
  clockPrecisionMs: 500,
  committeeMax: 128,
  expiryHeightsMax: 512,
  sequenceAheadMaxMs: 3_600_000,
  grantDurationMaxMs: 3_653 * 86_400_000,
  studyAllowBurst: 32,
  studyAllowRefillHeights: 60,
  sourceStudyBase: 64,
  sourceStudyRateFactor: 3,
  sourceAllowFactor: 10,
  quotaPeriodHeights: 43_200,
  rateWindowPeriods: 28,
  endowmentHeights: 3_888_000,
  stakeWindowEpochs: 21_900,
  stakeGrowthBase: 100,
  stakeGrowthPeriods: 28,
  stakeChurnBasisPoints: 120,
  attestsPerPeriod: 1_000,
  evidenceHeightsMax: 1_209_600,
  workBits: 0,
  dutyGraceHeights: 32,
  dutyWindowEpochs: 1_680,
  suspendBelowReliability: 8_000,
  suspendFromDebt: 5,
  dormantAfterEpochs: 3,
  leftOutPerEpochMax: 1_000,
  moduleSettings: [],
};

/** Who may become a source: `open` with a work stamp (test nets), `attested` by a listed authority. */
export type AdmissionPolicy = 'open' | 'attested';
/** How Define Study counts become weight. */
export type StakePolicy = 'raw' | 'guarded' | 'attested';

export const policiesSchema = struct({
  admission: choice<AdmissionPolicy>(
    { open: 1, attested: 2 },
    () =>
      new ChainError({ code: 'PARAMETER_OUT_OF_RANGE', parameter: 'policies.admission' }, 'expected open or attested'),
  ),
  stake: choice<StakePolicy>(
    { raw: 1, guarded: 2, attested: 3 },
    () =>
      new ChainError(
        { code: 'PARAMETER_OUT_OF_RANGE', parameter: 'policies.stake' },
        'expected raw, guarded or attested',
      ),
  ),
});

export type Policies = Infer<typeof policiesSchema>;
