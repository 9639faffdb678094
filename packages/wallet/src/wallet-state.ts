/** What a wallet remembers, and its bytes. Spec: docs/spec/wallet-keys.md, section 6. */
import {
  algorithmBytes,
  bytes,
  decodeWith,
  encodeWith,
  flag,
  type Infer,
  list,
  literal,
  optional,
  type Schema,
  struct,
  text,
  uint,
} from '@radledger/primitives';
import { DISPLAY_NAME_BYTES_MAX, READER_NAME_BYTES_MAX, READER_ORIGINS } from '@radledger/handover';
import { WalletError } from './errors.js';

/** Largest consent receipt. */
export const CONSENT_RECEIPT_BYTES_MAX = 2_048;

const id = bytes({ length: 32 });
const key = algorithmBytes(32);
const counter = uint(0x7fff_ffff);

const requester = struct({
  recipientKey: key,
  sealingKey: id,
  gatewayApi: text({ max: 256 }),
  boxId: optional(bytes({ length: 16 })),
  reason: text({ max: 200 }),
});

const grantFields = {
  tag: id,
  /** Absent for a grant that was found on the ledger and not in a note. */
  requester: optional(requester),
  sequence: uint(),
  notAfterMs: uint(),
  recordedAtMs: uint(),
  /** The recipient's gateway has taken the notice. */
  noticeDelivered: flag,
};

export const grant1Schema = struct(grantFields);
export const grantSchema = struct({
  ...grantFields,
  /** When the end of the grant was seen to be final. */
  stoppedAtMs: optional(uint()),
  /** Who that is, and how it was proven when she allowed it. */
  receiver: optional(
    struct({
      origin: oneOf(...READER_ORIGINS),
      name: text({ max: READER_NAME_BYTES_MAX }),
      /** What it called itself in its request; proven by nothing. */
      displayName: text({ max: DISPLAY_NAME_BYTES_MAX }),
    }),
  ),
  /** What she agreed to, as it was shown to her: a consent receipt. */
  receipt: optional(bytes({ max: CONSENT_RECEIPT_BYTES_MAX })),
});

const secrets = struct({
  era: uint(),
  studySalt: id,
  contentSalt: id,
  grantSalt: id,
  studyInstanceUid: text({ max: 64 }),
  label: text({ max: 128 }),
});

/** A word as its place in a list. */
export function oneOf<const W extends string>(...words: readonly W[]): Schema<W> {
  const place = uint(words.length - 1);
  return {
    encode: (word) => place.encode(words.indexOf(word)),
    decode: (value, path = '') => words[place.decode(value, path)] as W,
  };
}

const role = oneOf('owner', 'delegate');

const studyFields = {
  source: id,
  studyId: id,
  role,
  branch: counter,
  keyIndex: counter,
  /** Absent when the source has not told them (again) yet. */
  secrets: optional(secrets),
  gatewayApi: optional(text({ max: 256 })),
  /** The source's signed word: its disclosure; without secrets beside it, its note that it erased the study. */
  receipt: optional(bytes({ max: 32 * 1024 })),
};
const grants = list(grantSchema, { max: 10_000 });
const study2 = struct({ ...studyFields, grants });

/** Whom she made her delegate, or gives the study to: by her word, whatever the ledger says of it. */
const given = struct({
  role,
  key,
  acceptance: algorithmBytes(64),
  /** What the person calls herself; proven by nothing. */
  name: text({ max: DISPLAY_NAME_BYTES_MAX }),
  /** The end of a delegation; 0 for a next owner. */
  notAfterMs: uint(),
});
const study3Fields = { ...studyFields, grants, given: optional(given) };
const study3 = struct(study3Fields);
const study = struct({
  ...study3Fields,
  /** The invitation that it was claimed with on this device: 16 bytes; absent when it came otherwise. */
  invitationId: optional(bytes({ length: 16 })),
});

/** A claim that was built but not answered yet; sent again with the same bytes. */
const pendingClaim = struct({
  invitation: bytes({ max: 1024 }),
  claim: bytes({ max: 16_384 }),
  branch: counter,
  keyIndex: counter,
  sealingPublicKey: id,
  sealingPrivateKey: id,
});

/** How many of her devices are remembered, newest first. */
export const DEVICES_MAX = 16;

/** A device that her images were brought back on, by what, and when by its own clock. */
export const deviceFields = {
  /** Random. */
  id: bytes({ length: 8 }),
  atMs: uint(),
  by: oneOf('sheet', 'helpers', 'phone', 'passkey'),
};

/** A key promised to somebody else's study. */
const acceptedRoleFields = { source: id, studyId: id, role, branch: counter, keyIndex: counter };
const acceptedRole2 = struct(acceptedRoleFields);
const acceptedRole = struct({
  ...acceptedRoleFields,
  /** What that somebody calls herself; proven by nothing. */
  name: text({ max: DISPLAY_NAME_BYTES_MAX }),
  gatewayApi: optional(text({ max: 256 })),
});

/** What she asked for and is not done yet. */
const todo = struct({
  kind: oneOf('stop', 'allow', 'notice', 'note', 'name', 'end-delegate', 'delegate', 'move'),
  source: id,
  studyId: id,
  /** The grant; 32 zero bytes for what is about the whole study: a note, a delegate, a move. */
  tag: id,
  askedAtMs: uint(),
  /** When it is tried next. */
  dueAtMs: uint(),
  attempts: uint(),
  /** It may stand on the ledger already. */
  isSent: flag,
  /** It must not enter the ledger together with others. */
  isSpread: flag,
  /** Why it will never be done; empty while it may be. */
  refusal: text({ max: 64 }),
});

const seenStudyFields = {
  source: id,
  studyId: id,
  status: oneOf('awaiting-publication', 'active', 'retired', 'moved-away'),
  sourceName: optional(text({ max: 64 })),
  grants: list(struct({ tag: id, status: oneOf('live', 'ended', 'revoked', 'absent'), notAfterMs: uint() }), {
    max: 10_000,
  }),
};
const seenOf = <T>(seenStudy: Schema<T>) => struct({ atMs: uint(), studies: list(seenStudy, { max: 100_000 }) });
const seen2 = seenOf(struct(seenStudyFields));
/** What the ledger said when it was asked last: shown, with its time, while there is no network. */
const seen = seenOf(struct({ ...seenStudyFields, delegate: optional(struct({ key, notAfterMs: uint() })) }));

const stateFields = {
  chainId: id,
  entropy: bytes({ length: 16 }),
  profile: counter,
  /** Next unused index by branch. */
  branches: list(struct({ branch: counter, nextIndex: counter }), { max: 100_000 }),
  pendingClaims: list(pendingClaim, { max: 1_000 }),
};
const todos = list(todo, { max: 100_000 });
const acceptedRoles2 = list(acceptedRole2, { max: 1_000 });
const state3Fields = {
  ...stateFields,
  acceptedRoles: list(acceptedRole, { max: 1_000 }),
  studies: list(study3, { max: 100_000 }),
  todos,
  seen: optional(seen),
};
const state4Fields = {
  ...state3Fields,
  /** Devices that her images were brought back on. */
  devices: list(struct({ ...deviceFields, standing: oneOf('own', 'new', 'known') }), { max: DEVICES_MAX }),
};
const state = struct({
  format: literal(5),
  ...state4Fields,
  studies: list(study, { max: 100_000 }),
  news: struct({
    /** She does not want to be told who looked. */
    isOff: flag,
    /** When the newest reading of a study was that she has seen. */
    seen: list(struct({ source: id, studyId: id, untilMs: uint() }), { max: 100_000 }),
  }),
});
/** As it was before it kept which invitation a study came with, and who looked since. */
const state4 = struct({ format: literal(4), ...state4Fields });
/** As it was before other devices were heard of. */
const state3 = struct({ format: literal(3), ...state3Fields });
/** As it was before a person could be named or succeeded by another's answer. */
const state2 = struct({
  format: literal(2),
  ...stateFields,
  acceptedRoles: acceptedRoles2,
  studies: list(study2, { max: 100_000 }),
  todos,
  seen: optional(seen2),
});
/** As it was before there were todos. */
const state1 = struct({
  format: literal(1),
  ...stateFields,
  acceptedRoles: acceptedRoles2,
  studies: list(struct({ ...studyFields, grants: list(grant1Schema, { max: 10_000 }) }), { max: 100_000 }),
});

/** What the ledger said when it was asked last. */
export type SeenView = Infer<typeof seen>;
/** One thing she asked for and that is not done yet. */
export type Todo = Infer<typeof todo>;
/** One grant as the wallet knows it; the ledger says whether it is live. */
export type GrantRecord = Infer<typeof grantSchema>;
/** What only owner and source know of a study. */
export type StudySecrets = Infer<typeof secrets>;
/** One study of this wallet. */
export type StudyRecord = Infer<typeof study>;
/** The note of a study that its source erased: the ledger's names of it are all that is left beside. */
export function erasureNoteOf({ secrets: known, receipt }: StudyRecord): Uint8Array | undefined {
  return known === undefined ? receipt : undefined;
}
/** A device that her images were brought back on: this one, one that she was not asked about yet, or one that she knows. */
export type DeviceRecord = WalletState['devices'][number];
/** Everything a wallet remembers. Holds the seed: an app seals it before it writes it anywhere. */
export type WalletState = Infer<typeof state>;

/** The secrets without what else came with them. */
export function secretsOf(disclosure: StudySecrets): StudySecrets {
  const { era, studySalt, contentSalt, grantSalt, studyInstanceUid, label } = disclosure;
  return { era, studySalt, contentSalt, grantSalt, studyInstanceUid, label };
}

const SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024;

/** The snapshot's bytes. They hold the seed in clear. */
export function encodeWalletState(value: WalletState): Uint8Array {
  return encodeWith(state, value);
}

/** @throws {WalletError} `SNAPSHOT_MALFORMED` */
export function decodeWalletState(snapshot: Uint8Array): WalletState {
  const limits = { bytesMax: SNAPSHOT_BYTES_MAX };
  try {
    return decodeWith(state, snapshot, limits);
  } catch {
    // an older format, or none
  }
  try {
    return raised4(decodeWith(state4, snapshot, limits));
  } catch {
    // an older format, or none
  }
  try {
    return raised3(decodeWith(state3, snapshot, limits));
  } catch {
    // an older format, or none
  }
  try {
    return raised2(decodeWith(state2, snapshot, limits));
  } catch {
    // an older format, or none
  }
  try {
    const { studies, ...rest } = decodeWith(state1, snapshot, limits);
    const withGrants = studies.map((record) => ({ ...record, grants: record.grants.map(raisedGrant) }));
    return raised2({ ...rest, format: 2, studies: withGrants, todos: [], seen: undefined });
  } catch {
    // Without its cause: the reader's error may quote a part of the snapshot, which holds the seed.
    throw new WalletError({ code: 'SNAPSHOT_MALFORMED', field: '' }, 'this is not a wallet of format 1 to 5');
  }
}

function raised4({ studies, ...rest }: Infer<typeof state4>): WalletState {
  return {
    ...rest,
    format: 5,
    studies: studies.map((record) => ({ ...record, invitationId: undefined })),
    news: { isOff: false, seen: [] },
  };
}

function raised3(old: Infer<typeof state3>): WalletState {
  return raised4({ ...old, format: 4, devices: [] });
}

function raised2({ acceptedRoles, studies, seen: last, ...rest }: Infer<typeof state2>): WalletState {
  return raised3({
    ...rest,
    format: 3,
    acceptedRoles: acceptedRoles.map((accepted) => ({ ...accepted, name: '', gatewayApi: undefined })),
    studies: studies.map((record) => ({ ...record, given: undefined })),
    seen: last && { ...last, studies: last.studies.map((one) => ({ ...one, delegate: undefined })) },
  });
}

export function raisedGrant(old: Infer<typeof grant1Schema>): GrantRecord {
  return { ...old, stoppedAtMs: undefined, receiver: undefined, receipt: undefined };
}
