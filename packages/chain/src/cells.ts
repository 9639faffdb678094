/** What the state's cells hold, and their bytes. Spec: docs/spec/state.md, section 2. */
import {
  algorithmBytes,
  bytes,
  encodeWith,
  flag,
  type Infer,
  list,
  optional,
  PrimitivesError,
  struct,
  text,
  uint,
} from '@radledger/primitives';
import {
  BASE_URL_BYTES_MAX,
  choice,
  keyRoleSchema,
  retireReasonSchema,
  SOURCE_NAME_BYTES_MAX,
} from '@radledger/transactions';
import { decodeCell, stakeAmount, versioned } from './cell-format.js';
import type { DutyVerdict } from './duty-verdict.js';
import { parametersSchema, policiesSchema } from './parameters.js';

/** Longest cell of an epoch: 4,096 members stay below it. */
export const EPOCH_CELL_BYTES_MAX = 1024 * 1024;

const id = bytes({ length: 32 });
const key = algorithmBytes(32);

/** A token bucket: `units` left when it was last touched, at `height`. Its meaning: docs/spec/state.md, section 4. */
const bucket = struct({ units: uint(), height: uint() });
export type QuotaBucket = Infer<typeof bucket>;

/** Studies that a source defined in quota period `period`, and its smoothed rate before that in milli-studies a period. */
const rate = struct({ period: uint(), count: uint(), meanMilli: uint() });
export type StudyRate = Infer<typeof rate>;

const endpoint = struct({
  name: text({ max: SOURCE_NAME_BYTES_MAX }),
  baseUrl: text({ max: BASE_URL_BYTES_MAX }),
  tlsPins: list(id, { min: 1, max: 3 }),
});
/** Where a source is served: name, base URL, 1 to 3 TLS pins. */
export type Endpoint = Infer<typeof endpoint>;

const sourceCell = versioned({
  /** Absent in a genesis source until its Define Source. */
  endpoint: optional(endpoint),
  signingKey: key,
  nodeKey: key,
  vrfKey: key,
  /** Weight given by genesis, in studies; 0 otherwise. */
  endowment: uint(),
  admittedHeight: uint(),
  /** Studies defined and not retired: all under the stake policy `raw`, else those of the stake window. */
  studies: uint(),
  studyQuota: bucket,
  allowQuota: bucket,
  rate,
});
/** A source: keys of D13, endpoint, quotas. */
export type SourceCell = Infer<typeof sourceCell>;

const studyCell = versioned({
  owner: key,
  /** Rises by one with each Move Owner; grants of another era are dead. */
  era: uint(),
  content: id,
  definedHeight: uint(),
  /** Height of the Define Study or Amend Study that set `content`. */
  contentHeight: uint(),
  retired: optional(struct({ reason: retireReasonSchema, height: uint() })),
  delegate: optional(struct({ key, notAfterMs: uint() })),
  quota: bucket,
});
/** A study: owner, era, content commitment, delegate, quota. */
export type StudyCell = Infer<typeof studyCell>;

const grantCell = versioned({
  era: uint(),
  sequence: uint(),
  revoked: flag,
  /** 0 in a tombstone: a Revoke Access that came before any Allow Access. */
  notAfterMs: uint(),
  scope: uint(255),
  consentReceiptHash: optional(id),
  height: uint(),
});
/** The newest record for one (study, tag). */
export type GrantCell = Infer<typeof grantCell>;

/** What a patient's key is to its study. */
export type OwnerRole = 'owner' | 'delegate';
const ownerCell = versioned({
  source: id,
  studyId: id,
  role: choice<OwnerRole>(
    { owner: 0, delegate: 1 },
    () => new PrimitivesError({ code: 'SCHEMA_MISMATCH', path: 'role' }, 'expected 0 or 1'),
  ),
});
/** The one study of an owner's or delegate's key; never freed. */
export type OwnerCell = Infer<typeof ownerCell>;

const keyCell = versioned({ source: id, role: keyRoleSchema, tombstoned: flag });
/** The one source and role of a signing, node or VRF key; never freed. */
export type KeyCell = Infer<typeof keyCell>;

const misconductCell = versioned({
  /** The key that all of it was done with. */
  nodeKey: key,
  /** In the order of the reports, each kind once. */
  reports: list(
    struct({
      /** The consensus module's number of the kind. */
      kind: uint(255),
      verdict: choice<Exclude<DutyVerdict['class'], 'LATE'>>(
        { EQUIVOCATED: 1, INVALID: 2 },
        () => new PrimitivesError({ code: 'SCHEMA_MISMATCH', path: 'verdict' }, 'expected 1 or 2'),
      ),
      view: uint(),
      /** Of the block that holds the report. */
      height: uint(),
    }),
    { min: 1, max: 256 },
  ),
});
/** What a source's node key was shown to have done in one epoch. */
export type MisconductCell = Infer<typeof misconductCell>;

const stakeCell = versioned({ count: uint() });
/** Studies that a source defined in one epoch and did not retire. */
export type StakeCell = Infer<typeof stakeCell>;

/** Most samples of a counted cell: one for each period that growth looks back, and the one before. */
const COUNTED_SAMPLES_MAX = 1_001;

const countedCell = versioned({
  /** Weight that the stake policy counts for the source's studies, in milli-studies. */
  counted: stakeAmount,
  /** What was counted at the last boundary of earlier periods; rising, only where it changed. */
  samples: list(struct({ period: uint(), counted: stakeAmount }), { max: COUNTED_SAMPLES_MAX }),
});
/** What a stake policy remembers of a source: read and written in boundary blocks. */
export type CountedCell = Infer<typeof countedCell>;

const authorityCell = versioned({
  /** Place in genesis' list. */
  index: uint(255),
  /** What it may still attest. */
  quota: bucket,
});
/** A key that genesis lists as an authority. */
export type AuthorityCell = Infer<typeof authorityCell>;

/** Most maxima of a source that count at a time: more than 256 authorities give in fifteen periods. */
export const ATTESTED_MAXIMA_MAX = 4_096;

const attestedCell = versioned({
  /** Last height at which the source may be defined; 0 when nobody admits it. */
  admitUntilHeight: uint(),
  /** At most one a period and authority, rising by period, then by authority. */
  maxima: list(struct({ period: uint(), authority: uint(255), countMax: uint(1_000_000_000) }), {
    max: ATTESTED_MAXIMA_MAX,
  }),
});
/** What authorities say of a source. */
export type AttestedCell = Infer<typeof attestedCell>;

const seedCell = versioned({ seed: id });
/** The running seed of the open epoch. */
export type SeedCell = Infer<typeof seedCell>;

const paramsCell = versioned({ policies: policiesSchema, parameters: parametersSchema });
/** Policies and parameters of genesis. */
export type ParamsCell = Infer<typeof paramsCell>;

const member = struct({ source: id, nodeKey: key, vrfKey: key, weight: stakeAmount });
/** One voter of an epoch: keys as of the snapshot, weight in milli-studies. */
export type EpochMember = Infer<typeof member>;

const epochCell = versioned({
  epoch: uint(),
  firstHeight: uint(),
  /** In the order of source ids. */
  members: list(member, { max: 4_096 }),
  /** Set when the epoch before closes; absent until then. */
  seed: optional(id),
});
/** Who votes and leads in an epoch, and its seed. */
export type EpochCell = Infer<typeof epochCell>;

export const encodeSourceCell = (cell: SourceCell): Uint8Array => encodeWith(sourceCell, cell);
export const encodeStudyCell = (cell: StudyCell): Uint8Array => encodeWith(studyCell, cell);
export const encodeGrantCell = (cell: GrantCell): Uint8Array => encodeWith(grantCell, cell);
export const encodeOwnerCell = (cell: OwnerCell): Uint8Array => encodeWith(ownerCell, cell);
export const encodeKeyCell = (cell: KeyCell): Uint8Array => encodeWith(keyCell, cell);
export const encodeMisconductCell = (cell: MisconductCell): Uint8Array => encodeWith(misconductCell, cell);
export const encodeStakeCell = (cell: StakeCell): Uint8Array => encodeWith(stakeCell, cell);
export const encodeCountedCell = (cell: CountedCell): Uint8Array => encodeWith(countedCell, cell);
export const encodeAuthorityCell = (cell: AuthorityCell): Uint8Array => encodeWith(authorityCell, cell);
export const encodeAttestedCell = (cell: AttestedCell): Uint8Array => encodeWith(attestedCell, cell);
export const encodeSeedCell = (cell: SeedCell): Uint8Array => encodeWith(seedCell, cell);
export const encodeParamsCell = (cell: ParamsCell): Uint8Array => encodeWith(paramsCell, cell);
export const encodeEpochCell = (cell: EpochCell): Uint8Array => encodeWith(epochCell, cell);

/** Each decoder throws {ChainError} `MALFORMED` or `TOO_LARGE` when the bytes are not such a cell. */
export const decodeSourceCell = (encoded: Uint8Array): SourceCell => decodeCell('source cell', sourceCell, encoded);
export const decodeStudyCell = (encoded: Uint8Array): StudyCell => decodeCell('study cell', studyCell, encoded);
export const decodeGrantCell = (encoded: Uint8Array): GrantCell => decodeCell('grant cell', grantCell, encoded);
export const decodeOwnerCell = (encoded: Uint8Array): OwnerCell => decodeCell('owner cell', ownerCell, encoded);
export const decodeKeyCell = (encoded: Uint8Array): KeyCell => decodeCell('key cell', keyCell, encoded);
export const decodeMisconductCell = (encoded: Uint8Array): MisconductCell =>
  decodeCell('misconduct cell', misconductCell, encoded);
export const decodeStakeCell = (encoded: Uint8Array): StakeCell => decodeCell('stake cell', stakeCell, encoded);
export const decodeCountedCell = (encoded: Uint8Array): CountedCell => decodeCell('counted cell', countedCell, encoded);
export const decodeAuthorityCell = (encoded: Uint8Array): AuthorityCell =>
  decodeCell('authority cell', authorityCell, encoded);
export const decodeAttestedCell = (encoded: Uint8Array): AttestedCell =>
  decodeCell('attested cell', attestedCell, encoded);
export const decodeSeedCell = (encoded: Uint8Array): SeedCell => decodeCell('seed cell', seedCell, encoded);
export const decodeParamsCell = (encoded: Uint8Array): ParamsCell => decodeCell('params cell', paramsCell, encoded);
export const decodeEpochCell = (encoded: Uint8Array): EpochCell =>
  decodeCell('epoch cell', epochCell, encoded, EPOCH_CELL_BYTES_MAX);

/**
 * Whether a grant opens its study at this moment: study active, eras equal, not revoked, and its end ahead of both the
 * newest finalized timestamp and the reader's own clock.
 */
export function isLive(input: {
  readonly study: StudyCell;
  readonly grant: GrantCell;
  readonly finalizedTimestampMs: number;
  readonly nowMs: number;
}): boolean {
  const { study, grant } = input;
  return (
    study.retired === undefined &&
    grant.era === study.era &&
    !grant.revoked &&
    grant.notAfterMs > Math.max(input.finalizedTimestampMs, input.nowMs)
  );
}
