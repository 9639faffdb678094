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
import { WalletError } from './errors.js';

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

const grant = struct({
  tag: id,
  /** Absent for a grant that was found on the ledger and not in a note. */
  requester: optional(requester),
  sequence: uint(),
  notAfterMs: uint(),
  recordedAtMs: uint(),
  /** The recipient's gateway has taken the notice. */
  noticeDelivered: flag,
});

const secrets = struct({
  era: uint(),
  studySalt: id,
  contentSalt: id,
  grantSalt: id,
  studyInstanceUid: text({ max: 64 }),
  label: text({ max: 128 }),
});

const role: Schema<'owner' | 'delegate'> = {
  encode: (value) => (value === 'owner' ? 0 : 1),
  decode: (value, path = '') => (flag.decode(value, path) ? 'delegate' : 'owner'),
};

const study = struct({
  source: id,
  studyId: id,
  role,
  branch: counter,
  keyIndex: counter,
  /** Absent when the source has not told them (again) yet. */
  secrets: optional(secrets),
  gatewayApi: optional(text({ max: 256 })),
  /** The source's signed disclosure. */
  receipt: optional(bytes({ max: 32 * 1024 })),
  grants: list(grant, { max: 10_000 }),
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

/** A key promised to somebody else's study. */
const acceptedRole = struct({ source: id, studyId: id, role, branch: counter, keyIndex: counter });

const state = struct({
  format: literal(1),
  chainId: id,
  entropy: bytes({ length: 16 }),
  profile: counter,
  /** Next unused index by branch. */
  branches: list(struct({ branch: counter, nextIndex: counter }), { max: 100_000 }),
  pendingClaims: list(pendingClaim, { max: 1_000 }),
  acceptedRoles: list(acceptedRole, { max: 1_000 }),
  studies: list(study, { max: 100_000 }),
});

/** Whom a grant is for. */
export type Requester = Infer<typeof requester>;
/** One grant as the wallet knows it; the ledger says whether it is live. */
export type GrantRecord = Infer<typeof grant>;
/** What only owner and source know of a study. */
export type StudySecrets = Infer<typeof secrets>;
/** One study of this wallet. */
export type StudyRecord = Infer<typeof study>;
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
  try {
    return decodeWith(state, snapshot, { bytesMax: SNAPSHOT_BYTES_MAX });
  } catch {
    // Without its cause: the reader's error may quote a part of the snapshot, which holds the seed.
    throw new WalletError({ code: 'SNAPSHOT_MALFORMED', field: '' }, 'this is not a wallet of format 1');
  }
}

const noteSchema = struct({ format: literal(1), grants: list(grant, { max: 200 }) });

/** The grants of a study, newest kept, as they go into the note at the source (at most 16 KiB). */
export function encodeOwnerNote(grants: readonly GrantRecord[]): Uint8Array {
  for (let count = Math.min(grants.length, 200); ; count = Math.floor(count * 0.8)) {
    const newest = [...grants].sort((a, b) => b.recordedAtMs - a.recordedAtMs).slice(0, count);
    const encoded = encodeWith(noteSchema, { format: 1, grants: newest });
    if (encoded.length <= 16 * 1024) return encoded;
  }
}

/** @throws {PrimitivesError} when the bytes are not a note */
export function decodeOwnerNote(note: Uint8Array): readonly GrantRecord[] {
  return decodeWith(noteSchema, note, { bytesMax: 16 * 1024 }).grants;
}
