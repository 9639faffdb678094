/** How values are sealed before they reach the database. Format of the default: docs/spec/exchange-records.md, section 1. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { concatBytes, utf8 } from '@radledger/primitives';
import { ExchangeError } from './errors.js';

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Swap-in point: seals what a gateway stores. Every implementation must
 * - keep a value secret from who has the database but not the key;
 * - bind it to `name`: a value sealed under one name does not open under another;
 * - open what it sealed earlier, after restarts and key rotations of its own.
 * It may be remote (a key service): both calls are asynchronous.
 */
export interface SecretBox {
  seal(name: string, plaintext: Uint8Array): Promise<Uint8Array>;
  /** @throws {ExchangeError} `RECORD_UNREADABLE` when the bytes, the name or the key differ */
  open(name: string, sealed: Uint8Array): Promise<Uint8Array>;
}

/**
 * AES-256-GCM with a random 96-bit nonce for each value and the name as associated data (NIST SP 800-38D).
 * One key is good for 2^32 sealings.
 * @param key - 32 bytes
 * @throws {ExchangeError} `KEY_FILE_INVALID`
 */
export function createSecretBox(key: Uint8Array): SecretBox {
  if (key.length !== 32) throw new ExchangeError({ code: 'KEY_FILE_INVALID' }, 'a secret box key has 32 bytes');
  const own = key.slice();
  return {
    async seal(name, plaintext) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', own, nonce).setAAD(utf8(name));
      const body = concatBytes(cipher.update(plaintext), cipher.final());
      return concatBytes(Uint8Array.of(FORMAT), nonce, body, cipher.getAuthTag());
    },
    async open(name, sealed) {
      if (sealed[0] !== FORMAT || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) throw unreadable(name);
      const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
      const body = sealed.subarray(1 + NONCE_BYTES, sealed.length - TAG_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', own, nonce).setAAD(utf8(name));
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      try {
        return concatBytes(decipher.update(body), decipher.final());
      } catch (cause) {
        throw unreadable(name, cause);
      }
    },
  };
}

function unreadable(name: string, cause?: unknown): ExchangeError {
  const kind = name.slice(0, name.indexOf('/'));
  return new ExchangeError(
    { code: 'RECORD_UNREADABLE' },
    `a ${kind} record does not open: the secret box key is not the one it was sealed with, or the database was changed`,
    { cause },
  );
}
