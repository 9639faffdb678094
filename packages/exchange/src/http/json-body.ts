/** Reads the members of a JSON body: what is absent, unknown or of another kind is refused by what was expected. */
import { fromHex } from '@radledger/primitives';
import { RETIRE_REASON_NUMBERS, type RetireReason } from '@radledger/transactions';
import { ExchangeError } from '../errors.js';

/** The members of a JSON body: all of `required`, none but those and `allowed`. */
export function membersOf(
  body: unknown,
  required: readonly string[],
  allowed: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  const members = (body ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof members !== 'object' || Array.isArray(members)) throw malformed('a JSON object');
  const unknown = Object.keys(members).find((name) => !required.includes(name) && !allowed.includes(name));
  if (unknown !== undefined) throw malformed(`only the members ${[...required, ...allowed].join(', ')}`);
  const missing = required.find((name) => members[name] === undefined);
  if (missing !== undefined) throw malformed(`a member ${missing}`);
  return members;
}

export function textOf(value: unknown, lengthMax: number): string {
  if (typeof value !== 'string' || value.length > 4 * lengthMax) throw malformed(`text of at most ${lengthMax} bytes`);
  return value;
}

const UID = /^[0-9]+(\.[0-9]+)*$/;

export function uidOf(value: unknown): string {
  if (typeof value !== 'string' || value.length > 64 || !UID.test(value)) throw malformed('a Study Instance UID');
  return value;
}

export function hexOf(value: unknown, length: number): Uint8Array {
  if (typeof value !== 'string' || !/^[0-9a-f]*$/.test(value) || value.length !== 2 * length) {
    throw malformed(`${2 * length} lower-case hex digits`);
  }
  return fromHex(value);
}

export function timeOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw malformed('a time in Unix milliseconds');
  return value;
}

export function reasonOf(value: unknown): RetireReason {
  const found = Object.entries(RETIRE_REASON_NUMBERS).find(([, number]) => number === value);
  if (found === undefined) throw malformed('a reason class from 0 to 4');
  return found[0] as RetireReason;
}

export function oneIn<const T extends string>(allowed: readonly T[], value: unknown): T {
  const found = allowed.find((entry) => entry === value);
  if (found === undefined) throw malformed(`one of ${allowed.join(', ')}`);
  return found;
}

export function malformed(expected: string): ExchangeError {
  return new ExchangeError({ code: 'MALFORMED_REQUEST' }, `expected ${expected}`);
}
