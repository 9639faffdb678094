/** The gateway's configuration file: TOML, every key known. Guide: docs/guides/integrators-gateway.md. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { IDENTITY_CHECKS } from '@radledger/exchange/source';
import { DEFAULT_IMPORT_POLICY } from '@radledger/imaging';
import { parse } from 'smol-toml';
import { z } from 'zod';
import {
  archiveIn,
  certificateFilesIn,
  goTogether,
  host,
  isOneArchive,
  KEY_AND_CERTIFICATE,
  ONE_ARCHIVE,
  port,
} from './archive-config.js';
import { GatewayAppError } from './errors.js';
import { ARRIVALS_NEED_FOLDER, arriveInFolder, arrivalsIn, ordersIn } from './orders-config.js';

const hex32 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex characters');
const uids = z
  .array(
    z
      .string()
      .regex(/^[0-9]+(\.[0-9]+)*\.?$/, 'must be a UID, or the beginning of one that ends in a dot')
      .max(64),
  )
  .min(1)
  .max(1_000);
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** The file's form; relative paths in it are relative to `folder`. */
function schemaIn(folder: string) {
  const path = z
    .string()
    .min(1)
    .max(4096)
    .transform((relative) => resolve(folder, relative));
  const certificateFiles = certificateFilesIn(path);
  const archive = archiveIn(path);
  return z
    .strictObject({
      /** Address of the operator's own node. */
      node: z.string().regex(/^https?:\/\/[^/?#@\s]+$/, 'must be http(s)://host:port'),
      /** Refuses a node of another network. */
      chainId: hex32.optional(),
      database: path.prefault('db'),
      secretBoxKey: path.prefault('secret-box.key'),
      logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
      /** Longest age of a view that still counts while more than half of the stake states that the network stands still; 0: none. */
      haltedHoursMax: z.int().min(0).max(24).default(24),
      viewAgeMsMax: z.int().min(1_000).max(3_600_000).default(60_000),
      /** What finality is judged with, instead of believing the node. */
      finality: z
        .strictObject({
          /** The genesis file of the chain. */
          genesis: path,
          /** From somebody the operator trusts; needed when the chain is older than 28 days at the first start. */
          checkpoint: z
            .string()
            .regex(/^(0|[1-9][0-9]{0,14}):[0-9a-f]{64}$/, 'must be height:id, as radledger-node checkpoint prints it')
            .optional(),
          /** Files of recoveries that the chain went on with. */
          recoveries: z.array(path).max(64).default([]),
          /** Where the next start goes on. */
          kept: path.prefault('checkpoint'),
        })
        .optional(),
      privacyContact: z.string().max(256).default(''),
      /** The wallet page that opens links; default the patient-facing API's own address. */
      walletPage: z
        .string()
        .regex(/^https?:\/\/[^#\s]+$/, 'must be an address without a fragment')
        .optional(),
      api: z.strictObject({
        host,
        port,
        /** Address under which patients reach this listener. */
        url: z
          .string()
          .regex(
            /^(https:\/\/[^/?#@\s]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(\/[^/?#@\s]+)*$/,
            'must be https://host[:port][/path], http only on loopback, without a slash at the end',
          )
          .optional(),
        requestsPerMinute: z.int().min(1).max(1_000_000).default(1_200),
        refusedPerMinute: z.int().min(1).max(1_000_000).default(120),
        trustedProxies: z.int().min(0).max(16).default(0),
      }),
      operator: z.strictObject({
        host: host.refine((value) => LOOPBACK.has(value), 'must be a loopback address: 127.0.0.1, ::1 or localhost'),
        port,
        tokenFile: path.prefault('operator-token'),
      }),
      /** Where every retrieval is recorded. */
      audit: z
        .strictObject({
          folder: path.prefault('audit'),
          /** Names this gateway in audit messages; default its host name. */
          sourceId: z.string().min(1).max(64).optional(),
          /** Names of receivers by their key, for the accounting of disclosures: whose key it is, the operator knows. */
          receivers: z.record(hex32, z.string().min(1).max(256)).default({}),
          /** How long the accounting names to whom a study was given after the study was erased, in years from each time; 0: not at all. */
          disclosuresKeptYears: z.int().min(0).max(100).default(6),
          /** Names the site in audit messages, for instance its OID. */
          siteId: z.string().min(1).max(64).optional(),
          /** A receiver of audit messages: syslog over TLS (RFC 5425). */
          syslog: z
            .strictObject({
              host,
              port: port.default(6514),
              ...certificateFiles,
            })
            .refine(goTogether, KEY_AND_CERTIFICATE)
            .optional(),
        })
        .prefault({}),
      source: z
        .strictObject({
          ...archive,
          /** The source id after a rotation of the signing key; default that key. */
          id: hex32.optional(),
          signingKey: path.prefault('source.pem'),
          /** What Define Source says; default https://host:port of `iti43` when that is loopback. */
          baseUrl: z
            .string()
            .regex(
              /^https:\/\/[a-z0-9.:[\]-]+(\/[A-Za-z0-9._~-]+)*$/,
              'must be https://host[:port][/path], the host in lower case, without a slash at the end',
            )
            .optional(),
          workBits: z.int().min(0).max(32).default(0),
          /** How often the whole archive is listed for new, changed and purged studies; 0: never. */
          lookSeconds: z.int().min(0).max(86_400).default(300),
          /** How long a study must stay as it is before it is offered, and before late images are amended. */
          settleSeconds: z.int().min(0).max(86_400).default(60),
          /** How long a published study must be missing before it is retired, which is for ever; 0: never. */
          purgedHours: z.int().min(0).max(8_760).default(24),
          /** How patients are identified whom an invitation says nothing else of; without it each invitation says it. */
          identityCheckedBy: z.enum(IDENTITY_CHECKS).optional(),
          /** Break-glass: keys that the desk may release a study to without the patient's word; nobody by default. */
          emergencyReceivers: z.array(hex32).max(1_000).default([]),
          /** Who sends new studies of patients that left keys for them: the desk, or the gateway by itself as well. */
          standingLinks: z.enum(['desk', 'automatic']).default('desk'),
          /** How long the gateway holds such a study back: the report, or a talk, may come first. */
          releaseHours: z.int().min(0).max(8_760).default(0),
          /** Of what one patient claims within these hours, further studies go out at random times: section 2.6 of the guide. */
          spreadClaimsHours: z.int().min(0).max(168).default(0),
          orders: ordersIn(path).optional(),
          arrivals: arrivalsIn(path).optional(),
          /** Answers under way at a time; an eighth of them for one key. */
          transfersMax: z.int().min(1).max(1_024).default(256),
          iti43: z.strictObject({
            host,
            port,
            tlsKey: path.prefault('tls-key.pem'),
            tlsCertificate: path.prefault('tls-cert.pem'),
            /** Certificates whose pins go on the ledger too: of the key that is to take over, or of a proxy that ends TLS in front. */
            otherTlsCertificates: z.array(path).max(2).default([]),
            /** Takes only callers with a certificate of this authority, or with one of the keys below; default anybody. */
            clientAuthority: path.optional(),
            /** SHA-256 of the SubjectPublicKeyInfo of callers' TLS keys. */
            clientPins: z.array(hex32).max(10_000).default([]),
            /** Connections of one address at a time; 0: no limit. Not counted behind a proxy, which is everybody's address. */
            connectionsPerAddress: z.int().min(0).max(1_024).default(128),
            /** ITI-43 requests of one address, and documents that one key asks for, a minute. */
            requestsPerMinute: z.int().min(1).max(1_000_000).default(600),
            /** Documents a minute that are asked for by keys that may not have them: a quarter from one address, a twentieth by one key. */
            missesPerMinute: z.int().min(20).max(1_000_000).default(1_200),
            /** Number of reverse proxies in front whose `X-Forwarded-For` is believed. */
            trustedProxies: z.int().min(0).max(16).default(0),
          }),
        })
        .refine(isOneArchive, ONE_ARCHIVE)
        .refine(arriveInFolder, ARRIVALS_NEED_FOLDER)
        .optional(),
      recipient: z
        .strictObject({
          /** Where checked studies are filed. */
          ...archive,
          quarantine: path.prefault('quarantine'),
          recipientKey: path.prefault('recipient.pem'),
          /** What the practice calls itself in its requests to patients. */
          displayName: z.string().max(128).default(''),
          responseBytesMax: z
            .int()
            .min(1_048_576)
            .default(64 * 1024 ** 3),
          /** Most bytes of broken transfers that are held in quarantine for another try; 0: none. */
          heldBytesMax: z
            .int()
            .min(0)
            .default(64 * 1024 ** 3),
          /** Most transfers at a time. */
          transfersMax: z.int().min(1).max(64).default(4),
          /** PEM of the key and certificate that are shown to sources that ask who calls. */
          tlsKey: path.optional(),
          tlsCertificate: path.optional(),
          /** What may be filed. */
          policy: z
            .strictObject({
              transferSyntaxes: uids.default([...DEFAULT_IMPORT_POLICY.transferSyntaxes]),
              sopClasses: uids.default([...DEFAULT_IMPORT_POLICY.sopClasses]),
              preambles: z.enum(['zero', 'keep-slides']).default('zero'),
            })
            .prefault({}),
          /**
           * Under whom studies are filed: the patient that the source names; the one whom the request asks for, when name, birth date and
           * sex agree, else the one that a person names; always the one that a person names.
           */
          matching: z.enum(['as-sent', 'automatic', 'manual']).default('as-sent'),
          /** How long a study waits for a person who says whose it is; then it is erased. */
          matchingDays: z.int().min(1).max(365).default(30),
          /** Bytes of all studies that wait for a person. */
          waitingBytesMax: z
            .int()
            .min(1_048_576)
            .default(64 * 1024 ** 3),
          /** How long what arrived of a refused study is kept to be looked into; 0: not at all. */
          refusedHours: z.int().min(0).max(8_760).default(72),
          /** Bytes of all refused studies that are kept; the oldest make room. */
          refusedBytesMax: z
            .int()
            .min(1_048_576)
            .default(8 * 1024 ** 3),
          /** Lets sources on loopback be fetched from: test nets on one machine. */
          allowLoopback: z.boolean().default(false),
          /** Lets sources on private addresses be fetched from: centres that meet in a VPN. */
          allowPrivate: z.boolean().default(false),
        })
        .refine(({ tlsKey: key, tlsCertificate: certificate }) => goTogether({ key, certificate }), {
          message: 'tlsKey and tlsCertificate go together',
        })
        .refine(isOneArchive, ONE_ARCHIVE)
        .optional(),
    })
    .refine(({ source, recipient }) => source !== undefined || recipient !== undefined, {
      message: 'needs a [source], a [recipient] or both',
    })
    .refine(({ api }) => api.url !== undefined || LOOPBACK.has(api.host), {
      path: ['api', 'url'],
      message: 'is required unless host is loopback: the address under which patients reach this gateway',
    })
    .refine(({ source }) => source === undefined || source.baseUrl !== undefined || LOOPBACK.has(source.iti43.host), {
      path: ['source', 'baseUrl'],
      message: 'is required unless iti43.host is loopback: the address that goes on the ledger',
    });
}

export interface GatewayConfig extends z.infer<ReturnType<typeof schemaIn>> {
  /** The file it was read from; every path is absolute. */
  readonly file: string;
}

/** Where studies come from or go to: `folder`, `dicomweb` or `dimse`, never two. */
export type ArchiveConfig = Pick<
  NonNullable<GatewayConfig['source'] | GatewayConfig['recipient']>,
  'folder' | 'dicomweb' | 'dimse'
>;

/**
 * Reads and checks a configuration file. Relative paths in it are relative to the file.
 * @throws {GatewayAppError} `CONFIG_UNREADABLE` | `CONFIG_INVALID`
 */
export async function readConfig(configPath: string): Promise<GatewayConfig> {
  const file = resolve(configPath);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new GatewayAppError({ code: 'CONFIG_UNREADABLE', file }, `cannot read ${file}`, { cause });
  }
  return parseConfig(text, file);
}

/** The same from text; `file` is where it stands, for messages and relative paths. */
export function parseConfig(text: string, file: string): GatewayConfig {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    const where = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : '';
    throw new GatewayAppError({ code: 'CONFIG_INVALID', file, path: '' }, `${file} is not TOML: ${where}`, { cause });
  }
  const result = schemaIn(dirname(file)).safeParse(document);
  if (!result.success) {
    const issue = result.error.issues[0];
    const at = issue?.path.join('.') ?? '';
    const message = `${file}${at === '' ? '' : ` at ${at}`}: ${issue?.message ?? 'not valid'}`;
    throw new GatewayAppError({ code: 'CONFIG_INVALID', file, path: at }, message);
  }
  return { ...result.data, file };
}
