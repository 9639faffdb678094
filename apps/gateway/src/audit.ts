/** The gateway's audit trail, from its configuration: written always, sent on where a receiver is named. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import {
  type AuditHead,
  type AuditTrail,
  headFromJson,
  openAuditTrail,
  startSyslogDelivery,
  type TrailReport,
  verifyTrail,
} from '@radledger/exchange/audit';
import { publicKeyOf, type Signer, toHex } from '@radledger/primitives';
import type { GatewayConfig } from './config.js';
import { GatewayAppError } from './errors.js';
import { readCertificate, readSecretFile, readSeed } from './secret-files.js';

export interface RunningAudit {
  readonly trail: AuditTrail;
  close(): Promise<void>;
}

/** Opens the trail and starts to deliver it. */
export async function startAudit(
  config: GatewayConfig,
  signer: Signer,
  onFailure: (error: unknown) => void,
): Promise<RunningAudit> {
  const { folder, syslog, siteId, sourceId } = config.audit;
  const trail = await openAuditTrail({ folder, signer });
  if (syslog === undefined) return { trail, close: () => trail.close() };
  const client =
    syslog.key === undefined || syslog.certificate === undefined
      ? {}
      : { client: { key: await readSecretFile(syslog.key), cert: await readCertificate(syslog.certificate) } };
  const delivery = await startSyslogDelivery({
    trail,
    folder,
    receiver: { host: syslog.host, port: syslog.port },
    ...(syslog.authority === undefined ? {} : { certificateAuthorities: await readCertificate(syslog.authority) }),
    ...client,
    identity: {
      sourceId: sourceId ?? hostname(),
      processId: process.pid,
      ...(siteId === undefined ? {} : { siteId }),
    },
    onFailure,
  });
  return {
    trail,
    async close() {
      await delivery.close();
      await trail.close();
    },
  };
}

export interface VerifyOptions {
  /** One head, or a file of them, that somebody kept elsewhere. */
  readonly headFile?: string | undefined;
  /** Keys that this gateway had before, 64 lower-case hex. */
  readonly earlierKeys?: readonly string[] | undefined;
  /** The first line that must be there; default 1. */
  readonly firstNumber?: number | undefined;
}

/**
 * Reads the whole trail of a gateway, running or not.
 * @throws {GatewayAppError} `CONFIG_INVALID` for a file that holds no head
 */
export async function verifyAudit(
  config: GatewayConfig,
  { headFile, earlierKeys = [], firstNumber = 1 }: VerifyOptions,
): Promise<TrailReport> {
  const keyFile = config.source?.signingKey ?? config.recipient?.recipientKey;
  if (keyFile === undefined) throw new TypeError('a gateway has a role');
  const heads = headFile === undefined ? [] : await readHeadFile(headFile);
  const keys = [toHex(await publicKeyOf(await readSeed(keyFile))), ...earlierKeys];
  return verifyTrail(config.audit.folder, { keys, heads, firstNumber });
}

async function readHeadFile(file: string): Promise<readonly AuditHead[]> {
  const lines = (await readText(file)).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const head = headFromJson(jsonOf(line));
    if (head) return head;
    const message = `${file} holds a line that is no head of an audit trail`;
    throw new GatewayAppError({ code: 'CONFIG_INVALID', file, path: '' }, message);
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new GatewayAppError({ code: 'CONFIG_UNREADABLE', file }, `cannot read ${file}`, { cause });
  }
}
