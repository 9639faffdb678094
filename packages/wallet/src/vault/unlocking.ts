/** What gives the locked seed back: the gesture on a passkey, or the PIN, whose wrong tries are counted. */
import { equalBytes } from '@radledger/primitives';
import { WalletError } from '../errors.js';
import { afterGesture, copyOf } from './passkey-copy.js';
import type { PasskeyPort } from './passkeys.js';
import { afterWrongPin, type PinWrap, unwrapByPasskey, unwrapByPin, type Wrap } from './wraps.js';

export interface Unlocked {
  /** The seed; undefined when the wrap was changed. */
  readonly entropy: Uint8Array | undefined;
  /** As they are then. */
  readonly wraps: readonly Wrap[];
}

/**
 * One gesture on any of the passkeys.
 * @param input.leavesCopy - whether the gesture may put a copy into the passkey that can hold one and has none
 * @throws {WalletError} `WRAPPER_MISSING` | `PASSKEY_REFUSED` | `PASSKEY_WITHOUT_PRF`
 */
export async function unlockByPasskey(
  wraps: readonly Wrap[],
  input: { readonly passkeys: PasskeyPort; readonly leavesCopy: boolean },
): Promise<Unlocked> {
  const candidates = wraps.filter((wrap) => wrap.kind === 'passkey');
  const [only] = candidates;
  if (only === undefined) throw missing('passkey');
  const copy = input.leavesCopy && candidates.length === 1 ? copyOf(only) : undefined;
  const ids = candidates.map(({ credentialId }) => credentialId);
  const answer = await input.passkeys.ask(ids, copy);
  const used = candidates.find(({ credentialId }) => equalBytes(credentialId, answer.credentialId));
  const entropy = used && (await unwrapByPasskey(used, answer.secret));
  return { entropy, wraps: wraps.map((wrap) => (wrap === used ? afterGesture(used, answer) : wrap)) };
}

/**
 * A wrong try is written down before it is made: closing the window in the middle does not give it back.
 * @param input.count - writes the wrap with the try in it
 * @throws {WalletError} `WRAPPER_MISSING` | `WRONG_PIN` | `PIN_WAIT`
 */
export async function unlockByPin(
  wraps: readonly Wrap[],
  input: { readonly pin: string; readonly nowMs: number; readonly count: (counted: PinWrap) => Promise<void> },
): Promise<Uint8Array> {
  const { pin, nowMs, count } = input;
  const wrap = wraps.find((candidate) => candidate.kind === 'pin');
  if (wrap === undefined) throw missing('pin');
  if (wrap.nextTryAtMs > nowMs) {
    throw new WalletError({ code: 'PIN_WAIT', untilMs: wrap.nextTryAtMs }, 'too many wrong tries; wait');
  }
  const counted = afterWrongPin(wrap, nowMs);
  await count(counted);
  const entropy = await unwrapByPin(wrap, pin);
  if (entropy !== undefined) return entropy;
  const waitMs = Math.max(0, counted.nextTryAtMs - nowMs);
  throw new WalletError({ code: 'WRONG_PIN', waitMs }, 'this is not the PIN');
}

export function withPin(wraps: readonly Wrap[], pin: PinWrap): readonly Wrap[] {
  return wraps.map((wrap) => (wrap.kind === 'pin' ? pin : wrap));
}

export function withoutTries(wrap: Wrap): Wrap {
  return wrap.kind === 'pin' ? { ...wrap, wrongTries: 0, nextTryAtMs: 0 } : wrap;
}

function missing(kind: 'passkey' | 'pin'): WalletError {
  return new WalletError({ code: 'WRAPPER_MISSING', kind }, `this vault was not locked with a ${kind}`);
}
