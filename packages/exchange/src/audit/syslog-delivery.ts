/**
 * Brings every entry of an audit trail to a syslog receiver over TLS (RFC 5425). The trail on disk is the queue: what could not be
 * sent is sent later, in order, also after a restart; a stop in the middle may send an entry twice, never skip one.
 */
import { hostname } from 'node:os';
import { connect, type TLSSocket } from 'node:tls';
import { createCoalesced } from '../coalesce.js';
import { type AuditIdentity, encodeAtnaMessage } from './atna-message.js';
import type { AuditTrail } from './audit-trail.js';
import { readPlace, writePlace } from './delivery-place.js';
import { encodeSyslogFrame } from './syslog-frame.js';

export interface SyslogDeliveryOptions {
  readonly trail: AuditTrail;
  /** Where it is kept how far delivery came: the trail's folder. */
  readonly folder: string;
  readonly receiver: { readonly host: string; readonly port: number };
  /** PEM of who may have signed the receiver's certificate; default the system's. */
  readonly certificateAuthorities?: string;
  /** PEM of the own certificate and its key, when the receiver asks for one. */
  readonly client?: { readonly key: string; readonly cert: string };
  readonly identity: AuditIdentity;
  /** Longest wait for the receiver, in ms; default 10 000. */
  readonly timeoutMs?: number;
  /** Wait after a first try that failed, in ms; it doubles with each further one; default 1000. */
  readonly retryMs?: number;
  /** Longest of these waits, in ms; default 60 000. */
  readonly retryMsMax?: number;
  /** Told why a try failed, or why it cannot be kept how far delivery came. */
  readonly onFailure?: (error: unknown) => void;
}

export interface SyslogDelivery {
  /** Tries now; resolves when all entries so far were handed to the receiver's connection, or the try has failed. */
  flush(): Promise<void>;
  /** Ends after the entry that is on its way; never throws. */
  close(): Promise<void>;
}

/** Starts to deliver; a receiver that is away holds nothing up. */
export async function startSyslogDelivery(options: SyslogDeliveryOptions): Promise<SyslogDelivery> {
  const { trail, folder, identity, timeoutMs = 10_000, onFailure = () => undefined } = options;
  const { retryMs = 1_000, retryMsMax = 60_000 } = options;
  const sender = { hostName: hostname(), appName: 'radledger-gateway', processId: identity.processId };
  let place = await readPlace(folder);
  let keptPlace = place;
  let socket: TLSSocket | undefined;
  let retry: NodeJS.Timeout | undefined;
  let failures = 0;
  let isClosed = false;

  const keepPlace = async (): Promise<void> => {
    if (place === undefined || place === keptPlace) return;
    await writePlace(folder, place);
    keptPlace = place;
  };
  const deliver = async (): Promise<void> => {
    for await (const entry of trail.entries(place)) {
      if (isClosed) return;
      const message = encodeAtnaMessage(entry, identity);
      if (message !== undefined) {
        socket ??= await openSocket(options, timeoutMs, () => {
          socket = undefined;
        });
        await send(socket, encodeSyslogFrame(message, entry.atMs, sender), timeoutMs);
      }
      place = entry.place;
    }
    failures = 0;
    await keepPlace();
  };
  const work = createCoalesced(deliver, (error) => {
    socket?.destroy();
    socket = undefined;
    onFailure(error);
    if (isClosed) return;
    clearTimeout(retry);
    retry = setTimeout(tryNow, Math.min(retryMs * 2 ** failures, retryMsMax));
    failures += 1;
  });
  function tryNow(): void {
    clearTimeout(retry);
    retry = undefined;
    work.trigger();
  }
  // New entries wait with the old ones for the next try.
  trail.listen(() => {
    if (retry === undefined && !isClosed) work.trigger();
  });
  work.trigger();

  return {
    async flush() {
      tryNow();
      await work.idle();
    },
    async close() {
      isClosed = true;
      clearTimeout(retry);
      await work.idle();
      socket?.end();
      await keepPlace().catch(onFailure);
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
