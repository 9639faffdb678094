/** The kinds of transaction and their numbers on the wire. Spec: docs/spec/transactions.md, section 2. */

/** Number of each kind in the envelope. */
export const KIND_NUMBERS = {
  'define-source': 1,
  'move-source': 2,
  'rotate-key': 3,
  'define-study': 4,
  'amend-study': 5,
  'retire-study': 6,
  'allow-access': 7,
  'revoke-access': 8,
  'set-delegate': 9,
  'move-owner': 10,
  'report-misconduct': 11,
  attest: 12,
  resume: 13,
} as const;

export type TransactionKind = keyof typeof KIND_NUMBERS;

/** Every kind, in the order of the numbers. */
export const TRANSACTION_KINDS = Object.keys(KIND_NUMBERS) as readonly TransactionKind[];

const KIND_BY_NUMBER: ReadonlyMap<number, TransactionKind> = new Map(
  TRANSACTION_KINDS.map((kind) => [KIND_NUMBERS[kind], kind]),
);

/** The kind of a number, or undefined for a reserved or unknown one. */
export function kindOfNumber(number: number): TransactionKind | undefined {
  return KIND_BY_NUMBER.get(number);
}

/** What a key of a source is for (D13). */
export type KeyRole = 'signing' | 'node' | 'vrf';

/** Numbers of the roles in payloads, key proofs and key cells. */
export const KEY_ROLE_NUMBERS = { signing: 1, node: 2, vrf: 3 } as const satisfies Record<KeyRole, number>;

/** Why a study ends: a class, never free text. */
export type RetireReason = 'other' | 'owner-request' | 'wrong-patient' | 'no-longer-held' | 'reissued';

/** Numbers of the reasons in Retire Study and in the study cell. */
export const RETIRE_REASON_NUMBERS = {
  other: 0,
  'owner-request': 1,
  'wrong-patient': 2,
  'no-longer-held': 3,
  reissued: 4,
} as const satisfies Record<RetireReason, number>;
