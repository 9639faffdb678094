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

/** Reads the files that the configuration names. @throws {GatewayAppError} `KEY_FILE_MISSING` | `KEY_FILE_MODE` | `KEY_FILE_INVALID` */
export async function readTlsIdentity(config: NonNullable<GatewayConfig['source']>['iti43']): Promise<TlsIdentity> {
  const key = await readSecretFile(config.tlsKey);
  const cert = await readCertificate(config.tlsCertificate);
  if (!isPair(key, cert)) {
    const message = `${config.tlsKey} and ${config.tlsCertificate} are not a PEM key and its certificate`;
    throw new GatewayAppError({ code: 'KEY_FILE_INVALID', file: config.tlsKey }, message);
  }
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
