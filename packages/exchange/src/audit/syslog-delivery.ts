/**
 * Brings every entry of an audit trail to a syslog receiver over TLS (RFC 5425). The trail on disk is the queue: what could not be
 * sent is sent later, in order, also after a restart; a stop in the middle may send an entry twice, never skip one.
 */
import { readFile, rename } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { createCoalesced } from '../coalesce.js';
import { type AuditIdentity, encodeAtnaMessage } from './atna-message.js';
import type { AuditTrail } from './audit-trail.js';
import { encodeSyslogFrame } from './syslog-frame.js';

const POSITION_FILE = 'syslog-position';

export interface SyslogDeliveryOptions {
  readonly trail: AuditTrail;
  /** Where the position is kept: the trail's folder. */
  readonly folder: string;
  readonly receiver: { readonly host: string; readonly port: number };
  /** PEM of who may have signed the receiver's certificate; default the system's. */
  readonly certificateAuthorities?: string;
  /** PEM of the own certificate and its key, when the receiver asks for one. */
  readonly client?: { readonly key: string; readonly cert: string };
  readonly identity: AuditIdentity;
  /** Longest wait for the receiver, in ms; default 10 000. */
  readonly timeoutMs?: number;
  /** Wait between two tries, in ms; default 30 000. */
  readonly retryMs?: number;
  /** Told why a try failed. */
  readonly onFailure?: (error: unknown) => void;
}

export interface SyslogDelivery {
  /** Resolves when all entries so far were handed to the receiver's connection, or a try has failed. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Starts to deliver; a receiver that is away holds nothing up. */
export async function startSyslogDelivery(options: SyslogDeliveryOptions): Promise<SyslogDelivery> {
  const { trail, identity, timeoutMs = 10_000, retryMs = 30_000, onFailure = () => undefined } = options;
  const sender = { hostName: hostname(), appName: 'radledger-gateway', processId: identity.processId };
  let position = await readPosition(options.folder);
  let socket: TLSSocket | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;

  const deliver = async (): Promise<void> => {
    for await (const entry of trail.entries(position + 1)) {
      if (isClosed) return;
      const message = encodeAtnaMessage(entry, identity);
      if (message !== undefined) {
        socket ??= await openSocket(options, timeoutMs, () => {
          socket = undefined;
        });
        await send(socket, encodeSyslogFrame(message, entry.atMs, sender), timeoutMs);
      }
      position = entry.number;
    }
    await writePosition(options.folder, position);
  };
  const work = createCoalesced(deliver, (error) => {
    socket?.destroy();
    socket = undefined;
    onFailure(error);
    if (isClosed) return;
    clearTimeout(retry);
    retry = setTimeout(() => work.trigger(), retryMs);
  });
  trail.listen(() => work.trigger());
  work.trigger();

  return {
    async flush() {
      work.trigger();
      await work.idle();
    },
    async close() {
      isClosed = true;
      clearTimeout(retry);
      await work.idle();
      socket?.end();
      await writePosition(options.folder, position);
    },
  };
}

async function openSocket(
  { receiver, certificateAuthorities, client }: SyslogDeliveryOptions,
  timeoutMs: number,
  onClose: () => void,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: receiver.host,
      port: receiver.port,
      servername: receiver.host,
      minVersion: 'TLSv1.2',
      ...(certificateAuthorities === undefined ? {} : { ca: certificateAuthorities }),
      ...client,
    });
    socket.setTimeout(timeoutMs, () => {
      if (socket.connecting || !socket.authorized) socket.destroy(new Error('the audit receiver does not answer'));
    });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
    socket.once('close', onClose);
    // The receiver says nothing in this protocol; reading on is how its end is noticed.
    socket.resume();
  });
}

function send(socket: TLSSocket, frame: Uint8Array, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error('the audit receiver reads too slowly')), timeoutMs);
    socket.write(frame, (error) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve();
    });
  });
}

async function readPosition(folder: string): Promise<number> {
  const text = await readFile(join(folder, POSITION_FILE), 'utf8').catch(() => '0');
  const position = Number(text);
  return Number.isSafeInteger(position) && position >= 0 ? position : 0;
}

async function writePosition(folder: string, position: number): Promise<void> {
  const file = join(folder, POSITION_FILE);
  const handle = await open(`${file}.new`, 'w', 0o600);
  try {
    await handle.writeFile(String(position));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
}
