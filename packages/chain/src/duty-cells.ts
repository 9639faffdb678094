/** What the state keeps of duties: cells and their bytes. Spec: docs/spec/duties.md, section 2. */
import { bytes, encodeWith, flag, type Infer, list, optional, struct, uint } from '@radledger/primitives';
import { decodeCell, stakeAmount, versioned } from './cell-format.js';

/** Most views that wait for their grace to pass; the oldest is judged early when there are more. */
export const PENDING_VIEWS_MAX = 256;
/** A bit a member of the open epoch: an epoch cell holds at most 4,096. */
const VOTERS_BYTES_MAX = 512;
/** Cells that list sources: as many as ever carry weight. */
const LEAVES_MAX = 65_536;
const LEAVES_BYTES_MAX = 8 * 1024 * 1024;

const id = bytes({ length: 32 });

/** How many views of each class, or verdicts, a source has. */
const counts = {
  produced: uint(),
  missed: uint(),
  declined: uint(),
  late: uint(),
  invalid: uint(),
  equivocated: uint(),
} as const;
const dutyCounts = struct(counts);
export type DutyCounts = Infer<typeof dutyCounts>;
const windowCounts = struct({ ...counts, shadowMilli: uint() });
/** Sums over the closed epochs of the window, and the shadow duty in thousandths of a view. */
export type WindowCounts = Infer<typeof windowCounts>;

const dutyCell = versioned({
  /** Of the open epoch. */
  open: dutyCounts,
  window: windowCounts,
  /** Basis points, as of the last closed epoch: 0 to 10,000. */
  reliability: uint(10_000),
  /** Suspensions in a row: the next one lasts 2^this epochs, at most 2^6. */
  suspensions: uint(6),
  /** First epoch in which a suspended source may serve again; 0 when it is not suspended. */
  suspendedUntil: uint(),
  /** Closed epochs in a row in which it could have shown itself and did not. */
  silentEpochs: uint(),
  /** Left out until its Resume. */
  dormant: flag,
  /** Epoch of the block that held the newest proof of equivocation. */
  tombstonedEpoch: optional(uint()),
  /** Epochs of which an invalid block was charged already, the newest last. */
  invalidEpochs: list(uint(), { max: 8 }),
});
/** What a source owes and did: its duty record. */
export type DutyCell = Infer<typeof dutyCell>;

const pendingView = struct({ epoch: uint(), view: uint(), source: id, dueHeight: uint() });
/** A view that counts as missed unless a notarization is shown by the block at `dueHeight`. */
export type PendingView = Infer<typeof pendingView>;

const viewsCell = versioned({
  /** How many views blocks of the open epoch closed. */
  closed: uint(),
  /** The newest 32 closed views, the newest in the lowest bit: 1 when it ended without a block. */
  recent: uint(0xffffffff),
  /** In the order in which they were closed. */
  pending: list(pendingView, { max: PENDING_VIEWS_MAX }),
  /** Views that were given a class in the open epoch: for a leader, or for nobody because of a storm. */
  settled: uint(),
  storm: uint(),
  /** Verdicts of the open epoch about views that had their class already, or about votes. */
  charged: uint(),
  /** Members of the open epoch whose votes its blocks show: a bit each, in the order of the epoch cell, the first highest. */
  voters: bytes({ max: VOTERS_BYTES_MAX }),
  /** Epochs in a row for which the handover guard kept the old members. */
  continued: uint(),
});
/** What the open epoch knows of views. */
export type ViewsCell = Infer<typeof viewsCell>;

const dutyLeaf = struct({
  source: id,
  epoch: uint(),
  /** Share of the epoch's views that its weight stands for, in thousandths of a view. */
  expectedMilli: uint(),
  ...counts,
  /** Views it would have led while it was left out, in thousandths. */
  shadowMilli: uint(),
  reliability: uint(10_000),
});
/** The account of one source for one epoch: a leaf under the duty root. */
export type DutyLeaf = Infer<typeof dutyLeaf>;

const dutiesCell = versioned({
  epoch: uint(),
  /** Views that its blocks closed; views that got a class in it, for a leader or because of a storm for nobody. */
  closed: uint(),
  settled: uint(),
  storm: uint(),
  /** Verdicts besides. All counts of all leaves are `settled + charged`. */
  charged: uint(),
  /** Views that were still within their grace when the epoch closed. */
  pending: uint(),
  /** In the order of source ids. */
  leaves: list(dutyLeaf, { max: LEAVES_MAX }),
});
/** The accounts of a closed epoch. */
export type DutiesCell = Infer<typeof dutiesCell>;

const absentCell = versioned({
  /** In the order of source ids. */
  sources: list(struct({ source: id, weight: stakeAmount }), { max: LEAVES_MAX }),
});
/** Sources that are left out of an epoch for what they owe, with the weight that they would have. */
export type AbsentCell = Infer<typeof absentCell>;

/** Nothing counted yet. */
export const NO_DUTIES: DutyCounts = { produced: 0, missed: 0, declined: 0, late: 0, invalid: 0, equivocated: 0 };

/** What stands for a source without a duty cell. */
export const EMPTY_DUTY_CELL: DutyCell = {
  open: NO_DUTIES,
  window: { ...NO_DUTIES, shadowMilli: 0 },
  reliability: 9_500,
  suspensions: 0,
  suspendedUntil: 0,
  silentEpochs: 0,
  dormant: false,
  tombstonedEpoch: undefined,
  invalidEpochs: [],
};

/** What stands for the views cell before the first block. */
export const EMPTY_VIEWS_CELL: ViewsCell = {
  closed: 0,
  recent: 0,
  pending: [],
  settled: 0,
  storm: 0,
  charged: 0,
  voters: new Uint8Array(0),
  continued: 0,
};

export const encodeDutyCell = (cell: DutyCell): Uint8Array => encodeWith(dutyCell, cell);
export const encodeViewsCell = (cell: ViewsCell): Uint8Array => encodeWith(viewsCell, cell);
export const encodeDutiesCell = (cell: DutiesCell): Uint8Array => encodeWith(dutiesCell, cell);
export const encodeAbsentCell = (cell: AbsentCell): Uint8Array => encodeWith(absentCell, cell);
/** Canonical bytes of a leaf: what `merkleLeafHash` hashes. */
export const encodeDutyLeaf = (leaf: DutyLeaf): Uint8Array => encodeWith(dutyLeaf, leaf);

/** Each decoder throws {ChainError} `MALFORMED` or `TOO_LARGE` when the bytes are not such a cell. */
export const decodeDutyCell = (encoded: Uint8Array): DutyCell => decodeCell('duty cell', dutyCell, encoded);
export const decodeViewsCell = (encoded: Uint8Array): ViewsCell => decodeCell('views cell', viewsCell, encoded);
export const decodeDutiesCell = (encoded: Uint8Array): DutiesCell =>
  decodeCell('duties cell', dutiesCell, encoded, LEAVES_BYTES_MAX);
export const decodeAbsentCell = (encoded: Uint8Array): AbsentCell =>
  decodeCell('absent cell', absentCell, encoded, LEAVES_BYTES_MAX);
export const decodeDutyLeaf = (encoded: Uint8Array): DutyLeaf => decodeCell('duty leaf', dutyLeaf, encoded);
