/** Secret files: nobody but their owner may read them. */
import { X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { decodePrivateKeyPem, fromHex } from '@radledger/primitives';
import { GatewayAppError } from './errors.js';

/** @throws {GatewayAppError} `KEY_FILE_MISSING` | `KEY_FILE_MODE` */
export async function readSecretFile(file: string): Promise<string> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, constants.O_RDONLY);
  } catch (cause) {
    throw missing(file, cause);
  }
  try {
    const { mode } = await handle.stat();
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new GatewayAppError(
        { code: 'KEY_FILE_MODE', file, mode: octal },
        `${file} has mode ${octal}: others can read it, set it to 0600`,
      );
    }
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** The seed in a PEM PKCS#8 Ed25519 key file. @throws {GatewayAppError} also `KEY_FILE_INVALID` */
export async function readSeed(file: string): Promise<Uint8Array> {
  const pem = await readSecretFile(file);
  try {
    return decodePrivateKeyPem(pem);
  } catch (cause) {
    throw invalid(file, 'a PEM PKCS#8 Ed25519 private key', cause);
  }
}

/** The 32 bytes of a secret box key file: 64 hex digits. @throws {GatewayAppError} also `KEY_FILE_INVALID` */
export async function readSecretBoxKey(file: string): Promise<Uint8Array> {
  const text = (await readSecretFile(file)).trim();
  if (!/^[0-9a-f]{64}$/.test(text)) throw invalid(file, '64 lower-case hex digits');
  return fromHex(text);
}

/** A bearer token: one word of at least 32 characters. @throws {GatewayAppError} also `KEY_FILE_INVALID` */
export async function readToken(file: string): Promise<string> {
  const token = (await readSecretFile(file)).trim();
  if (!/^[\x21-\x7e]{32,256}$/.test(token)) throw invalid(file, 'one word of 32 to 256 printable ASCII characters');
  return token;
}

/** Certificates in PEM, which are public: their mode does not matter. @throws {GatewayAppError} `KEY_FILE_MISSING` | `KEY_FILE_INVALID` */
export async function readCertificate(file: string): Promise<string> {
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
  } catch (cause) {
    throw missing(file, cause);
  }
  try {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) throw new TypeError('no block of a certificate');
    for (const block of blocks) new X509Certificate(block);
    return pem;
  } catch (cause) {
    throw invalid(file, 'a PEM certificate, or several', cause);
  }
}

export interface TlsFiles {
  readonly authority?: string | undefined;
  readonly key?: string | undefined;
  readonly certificate?: string | undefined;
}

/** The files of one side of a TLS connection, in PEM. @throws {GatewayAppError} as for each of them */
export async function readTls({
  authority,
  key,
  certificate,
}: TlsFiles): Promise<{ ca?: string; key?: string; cert?: string }> {
  return {
    ...(authority === undefined ? {} : { ca: await readCertificate(authority) }),
    ...(key === undefined || certificate === undefined
      ? {}
      : { key: await readSecretFile(key), cert: await readCertificate(certificate) }),
  };
}

function missing(file: string, cause: unknown): GatewayAppError {
  return new GatewayAppError(
    { code: 'KEY_FILE_MISSING', file },
    `cannot read ${file}: make it with radledger-gateway init`,
    {
      cause,
    },
  );
}

function invalid(file: string, expected: string, cause?: unknown): GatewayAppError {
  return new GatewayAppError({ code: 'KEY_FILE_INVALID', file }, `${file} is not ${expected}`, { cause });
}
