/** Listeners for DIMSE. */
import { openFolderInbox } from '@radledger/imaging/folder';
import {
  openStorageReceiver,
  receiveInto,
  type StorageReceiver,
  type StorageReceiverOptions,
} from '@radledger/pacs-dimse';
import type { GatewayConfig } from './config.js';
import { GatewayAppError, type ListenerName } from './errors.js';
import { readTls, type TlsFiles } from './secret-files.js';

type SourceConfig = NonNullable<GatewayConfig['source']>;

interface ReceiverConfig extends TlsFiles {
  readonly host: string;
  readonly port: number;
}

/** @throws {GatewayAppError} `ADDRESS_IN_USE` | `ADDRESS_UNAVAILABLE`, and what reading certificates throws */
export async function openReceiver(
  listener: ListenerName,
  config: ReceiverConfig,
  options: Pick<StorageReceiverOptions, 'aeTitle' | 'callers' | 'onInstance' | 'onFailure'>,
): Promise<StorageReceiver> {
  const { host, port } = config;
  const { ca, key, cert } = await readTls(config);
  const tls = key === undefined || cert === undefined ? undefined : { key, cert, ...(ca === undefined ? {} : { ca }) };
  try {
    return await openStorageReceiver({ ...options, host, port, ...(tls && { tls }) });
  } catch (cause) {
    const address = `${host}:${port}`;
    const isUsed = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const code = isUsed ? 'ADDRESS_IN_USE' : 'ADDRESS_UNAVAILABLE';
    const message = `cannot listen on ${address} ([${listener}] in the configuration): choose another address`;
    throw new GatewayAppError({ code, listener, address }, message, { cause });
  }
}

/** Takes studies that are pushed into the folder that is the archive. */
export async function openArrivals(
  folder: string,
  arrivals: NonNullable<SourceConfig['arrivals']>,
  onFailure: (error: unknown) => void,
): Promise<StorageReceiver> {
  const inbox = await openFolderInbox({ folder });
  const { aeTitle, callers } = arrivals;
  const onInstance = receiveInto(inbox, onFailure);
  return openReceiver('source.arrivals', arrivals, { aeTitle, callers, onInstance, onFailure });
}
