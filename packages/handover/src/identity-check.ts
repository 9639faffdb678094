/** How a source knew who its patient is, before it gave her anything. Spec: docs/spec/links.md, section 6. */
import { type Schema, struct, uint } from '@radledger/primitives';
import { timeMs } from './wire.js';

/**
 * What may prove to a source who somebody is, by its number in messages: a photo ID at its desk, staff who know her, her sign-in to its
 * portal, or a code that it mailed to her address.
 */
export const IDENTITY_CHECKS = ['photo-id', 'known', 'portal', 'mailed-code'] as const;
export type IdentityCheck = (typeof IDENTITY_CHECKS)[number];

/** A check that was made. */
export interface CheckedIdentity {
  readonly checkedBy: IdentityCheck;
  /** Unix ms; of a mailed code, when it was made. */
  readonly checkedAtMs: number;
}

const number = uint(IDENTITY_CHECKS.length - 1);
const checkedBy: Schema<IdentityCheck> = {
  encode: (check) => number.encode(IDENTITY_CHECKS.indexOf(check)),
  decode: (value, path) => IDENTITY_CHECKS[number.decode(value, path)] as IdentityCheck,
};

export const checkedIdentity: Schema<CheckedIdentity> = struct({ checkedBy, checkedAtMs: timeMs });
