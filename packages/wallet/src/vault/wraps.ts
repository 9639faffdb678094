/**
 * Wraps of the root seed: each alone gives it back. Spec: docs/spec/wallet-keys.md, section 9.
 *
 * The sheet and the helpers' cards are on paper; a vault only remembers that they were made.
 */
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { hmacSha256, randomBytes, utf8 } from '@radledger/primitives';
import { WalletError } from '../errors.js';
import type { PasskeyPort } from './passkeys.js';
import { openAtRest, type RestContext, sealAtRest } from './sealed-at-rest.js';

/** The seed under the secret that a passkey gives to this web domain alone. */
export interface PasskeyWrap {
  readonly kind: 'passkey';
  readonly credentialId: Uint8Array;
  /** 16 random bytes. */
  readonly salt: Uint8Array;
  readonly sealed: Uint8Array;
  /**
   * Whether this wrap is in the passkey too: `none` and it could be, `here`, or `synced`: then it survives this device. Absent when the
   * passkey cannot hold it.
   */
  readonly copy?: 'none' | 'here' | 'synced';
}

/** The seed under a PIN and a key that no script can read out of this browser. */
export interface PinWrap {
  readonly kind: 'pin';
  /** 16 random bytes. */
  readonly salt: Uint8Array;
  /** HMAC-SHA-256, not extractable. */
  readonly deviceKey: CryptoKey;
  readonly sealed: Uint8Array;
  /** Since the last right one. */
  readonly wrongTries: number;
  /** Unix ms before which no PIN is tried; 0 for none. */
  readonly nextTryAtMs: number;
}

/** That the words, or the helpers' cards, are on paper. */
export interface PaperWrap {
  readonly kind: 'sheet' | 'helpers';
  readonly madeAtMs: number;
  /** Whose: the id of a profile, or absent for the holder's own. */
  readonly profile?: string;
}

export type Wrap = PasskeyWrap | PinWrap | PaperWrap;
/** `passkey-copy`: the passkey alone gives the seed back on another device. */
export type WrapperKind = Wrap['kind'] | 'passkey-copy';

export const PIN_LENGTH_MIN = 6;
const PIN_LENGTH_MAX = 64;
/** 64 MiB and about half a second on a desktop computer. */
const SCRYPT = { N: 2 ** 16, r: 8, p: 1, dkLen: 32 } as const;

/** Tries without a wait; then 30 s, doubling up to an hour. */
const FREE_TRIES = 5;
const WAIT_MS_MAX = 3_600_000;

/** What shall open a vault from now on. */
export type NewLock = { readonly passkey: { readonly userName: string } } | { readonly pin: string };

/** @throws {WalletError} `PASSKEY_REFUSED` | `PASSKEY_WITHOUT_PRF` | `PIN_REFUSED` */
export async function newLock(
  entropy: Uint8Array,
  how: NewLock,
  passkeys: Pick<PasskeyPort, 'create'>,
): Promise<PasskeyWrap | PinWrap> {
  return 'pin' in how ? wrapByPin(entropy, how.pin) : wrapByPasskey(entropy, await passkeys.create(how.passkey));
}

/** @param secret - 32 bytes from the passkey's pseudo-random function */
export async function wrapByPasskey(
  entropy: Uint8Array,
  passkey: { readonly credentialId: Uint8Array; readonly secret: Uint8Array; readonly takesCopy: boolean },
): Promise<PasskeyWrap> {
  const { credentialId, secret, takesCopy } = passkey;
  const salt = randomBytes(16);
  const sealed = await sealAtRest(passkeySecret(salt, secret), passkeyContext(credentialId), entropy);
  return { kind: 'passkey', credentialId, salt, sealed, ...(takesCopy ? { copy: 'none' as const } : {}) };
}

export function unwrapByPasskey(wrap: PasskeyWrap, secret: Uint8Array): Promise<Uint8Array | undefined> {
  return openAtRest(passkeySecret(wrap.salt, secret), passkeyContext(wrap.credentialId), wrap.sealed);
}

/** @throws {WalletError} `PIN_REFUSED` */
export async function wrapByPin(entropy: Uint8Array, pin: string): Promise<PinWrap> {
  const length = pinBytes(pin).length;
  if (length < PIN_LENGTH_MIN || length > PIN_LENGTH_MAX) {
    throw new WalletError(
      { code: 'PIN_REFUSED', lengthMin: PIN_LENGTH_MIN, lengthMax: PIN_LENGTH_MAX },
      `expected ${PIN_LENGTH_MIN} to ${PIN_LENGTH_MAX} digits or letters`,
    );
  }
  const salt = randomBytes(16);
  const deviceKey = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const sealed = await sealAtRest(await pinSecret({ salt, deviceKey }, pin), PIN_CONTEXT, entropy);
  return { kind: 'pin', salt, deviceKey, sealed, wrongTries: 0, nextTryAtMs: 0 };
}

export async function unwrapByPin(wrap: PinWrap, pin: string): Promise<Uint8Array | undefined> {
  return openAtRest(await pinSecret(wrap, pin), PIN_CONTEXT, wrap.sealed);
}

/** The wrap as it is after one more wrong PIN. */
export function afterWrongPin(wrap: PinWrap, nowMs: number): PinWrap {
  const wrongTries = wrap.wrongTries + 1;
  const beyond = wrongTries - FREE_TRIES;
  const waitMs = beyond < 0 ? 0 : Math.min(WAIT_MS_MAX, 30_000 * 2 ** Math.min(beyond, 20));
  return { ...wrap, wrongTries, nextTryAtMs: waitMs === 0 ? 0 : nowMs + waitMs };
}

const PIN_CONTEXT: RestContext = { purpose: 'radledger/vault-pin/1', names: [] };

function passkeyContext(credentialId: Uint8Array): RestContext {
  return { purpose: 'radledger/vault-passkey/1', names: [credentialId] };
}

function passkeySecret(salt: Uint8Array, secret: Uint8Array): Uint8Array {
  return hmacSha256(salt, secret);
}

async function pinSecret({ salt, deviceKey }: Pick<PinWrap, 'salt' | 'deviceKey'>, pin: string): Promise<Uint8Array> {
  const stretched = await scryptAsync(pinBytes(pin), salt, SCRYPT);
  return new Uint8Array(await crypto.subtle.sign('HMAC', deviceKey, new Uint8Array(stretched)));
}

function pinBytes(pin: string): Uint8Array {
  return utf8(pin.normalize('NFKC'));
}
