/** The TLS key of the ITI-43 listener, and what other pins stand on the ledger beside its own. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { tlsPinOf } from '@radledger/exchange/http';
import { equalBytes } from '@radledger/primitives';
import type { GatewayConfig } from './config.js';
import { GatewayAppError } from './errors.js';
import { readCertificate, readSecretFile } from './secret-files.js';

export interface TlsIdentity {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** SHA-256 of the SubjectPublicKeyInfo: of the key in use first, then of the other certificates. */
  readonly pins: readonly [Uint8Array, ...Uint8Array[]];
}

/** Reads a key and its certificate. @throws {GatewayAppError} `KEY_FILE_MISSING` | `KEY_FILE_MODE` | `KEY_FILE_INVALID` */
export async function readTlsPair(keyFile: string, certificateFile: string): Promise<{ key: string; cert: string }> {
  const key = await readSecretFile(keyFile);
  const cert = await readCertificate(certificateFile);
  if (!isPair(key, cert)) {
    const message = `${keyFile} and ${certificateFile} are not a PEM key and its certificate`;
    throw new GatewayAppError({ code: 'KEY_FILE_INVALID', file: keyFile }, message);
  }
  return { key, cert };
}

/** Reads the files that the configuration names. @throws {GatewayAppError} `KEY_FILE_MISSING` | `KEY_FILE_MODE` | `KEY_FILE_INVALID` */
export async function readTlsIdentity(
  config: Pick<NonNullable<GatewayConfig['source']>['iti43'], 'tlsKey' | 'tlsCertificate' | 'otherTlsCertificates'>,
): Promise<TlsIdentity> {
  const { key, cert } = await readTlsPair(config.tlsKey, config.tlsCertificate);
  const pins: [Uint8Array, ...Uint8Array[]] = [tlsPinOf(cert)];
  for (const file of config.otherTlsCertificates) {
    const other = tlsPinOf(await readCertificate(file));
    if (!pins.some((pin) => equalBytes(pin, other))) pins.push(other);
  }
  return { key, cert, pins };
}

function isPair(key: string, cert: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
