/** The node's configuration file: TOML, every key known. Guide: docs/guides/integrators-node.md. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { NodeAppError } from './errors.js';

const hex32 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex characters');
const port = z.int().min(0).max(65_535);
const listener = z.strictObject({ host: z.string().min(1).max(255), port });

const schema = z.strictObject({
  folder: z.string().min(1),
  genesis: z.string().min(1),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Files of recoveries to follow, besides those kept in the folder. */
  recoveries: z.array(z.string().min(1)).max(64).default([]),
  identity: z.strictObject({ enabled: z.boolean().default(true), source: hex32 }).optional(),
  peer: listener,
  api: listener,
  peers: z
    .array(
      z.strictObject({
        url: z.string().regex(/^wss:\/\/[^/?#@\s]+\/?$/, 'must be wss://host:port'),
        nodeKey: hex32.optional(),
      }),
    )
    .max(256)
    .default([]),
  sync: z
    .strictObject({
      mode: z.enum(['full', 'snapshot']).default('full'),
      checkpoint: z
        .string()
        .regex(/^(0|[1-9][0-9]{0,14}):[0-9a-f]{64}$/, 'must be height:id, as radledger-node checkpoint prints it')
        .optional(),
      /** Age up to which a checkpoint is believed, for "snapshot". */
      checkpointDaysMax: z.int().min(1).max(10_000).default(28),
    })
    .refine(({ mode, checkpoint }) => mode === 'full' || checkpoint !== undefined, {
      path: ['checkpoint'],
      message: 'mode "snapshot" needs one: ask the operator of a node that you trust for radledger-node checkpoint',
    })
    .prefault({}),
  keep: z
    .strictObject({
      history: z.enum(['archive', 'full', 'light']).default('archive'),
      /** Days whose bodies stay when history is "full". */
      days: z.int().min(1).max(10_000).default(400),
    })
    .prefault({}),
  limits: z
    .strictObject({
      requestsPerMinute: z.int().min(1).max(1_000_000).default(6_000),
      eventStreamsMax: z.int().min(1).max(10_000).default(256),
    })
    .prefault({}),
});

export interface NodeConfig extends z.infer<typeof schema> {
  /** The file it was read from; `folder`, `genesis` and `recoveries` are absolute. */
  readonly file: string;
}

/**
 * Reads and checks a configuration file. Relative paths in it are relative to the file.
 * @throws {NodeAppError} `CONFIG_UNREADABLE` | `CONFIG_INVALID`
 */
export async function readConfig(path: string): Promise<NodeConfig> {
  const file = resolve(path);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new NodeAppError({ code: 'CONFIG_UNREADABLE', file }, `cannot read ${file}`, { cause });
  }
  return parseConfig(text, file);
}

/** The same from text; `file` is where it stands, for messages and relative paths. */
export function parseConfig(text: string, file: string): NodeConfig {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    const where = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : '';
    throw new NodeAppError({ code: 'CONFIG_INVALID', file, path: '' }, `${file} is not TOML: ${where}`, { cause });
  }
  const result = schema.safeParse(document);
  if (!result.success) {
    const issue = result.error.issues[0];
    const path = issue?.path.join('.') ?? '';
    const at = path === '' ? '' : ` at ${path}`;
    throw new NodeAppError({ code: 'CONFIG_INVALID', file, path }, `${file}${at}: ${issue?.message ?? 'not valid'}`);
  }
  const base = dirname(file);
  return {
    ...result.data,
    file,
    folder: resolve(base, result.data.folder),
    genesis: resolve(base, result.data.genesis),
    recoveries: result.data.recoveries.map((recovery) => resolve(base, recovery)),
  };
}
