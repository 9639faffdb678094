/** `radledger-node run`: opens a node from its configuration and keeps it running. */
import { readFile } from 'node:fs/promises';
import { ChainError, chainIdOf, parseCheckpoint } from '@radledger/chain';
import { joinBySnapshot, type Ledger, LedgerError, type LedgerIdentity, openLedger } from '@radledger/ledger';
import { createNodeApi, listenNodeApi } from '@radledger/ledger/http';
import { createNetwork, type Network, NetworkError } from '@radledger/network';
import { createSigner, fromHex, publicKeyOf, toHex, vrfProve } from '@radledger/primitives';
import { createSignLog, openSignLog, type SignLog, StorageError } from '@radledger/storage';
import type { Logger } from 'pino';
import type { NodeConfig } from './config.js';
import { NodeAppError } from './errors.js';
import { exists, folderPaths, readSecretFile, readSeed } from './folder.js';
import { openFolderStore } from './folder-store.js';
import { readGenesis } from './genesis-file.js';
import { keepingOf } from './keeping.js';
import { moduleNamed } from './modules.js';
import { keepRecoveries, recoveriesOf } from './recovery-file.js';

const DAY_MS = 86_400_000;

export interface RunningNode {
  readonly ledger: Ledger;
  /** `http://host:port` */
  readonly api: string;
  /** `wss://host:port` */
  readonly peer: string;
  /** Resolves with an error when the node cannot go on. */
  readonly failed: Promise<Error>;
  close(): Promise<void>;
}

/**
 * Starts a node; one that joins by snapshot is started when it has the state.
 * @param signal - ends the joining
 * @throws {NodeAppError} whatever stops it, as one line that says what to do; nothing is left open then
 */
export async function startNode(config: NodeConfig, logger: Logger, signal?: AbortSignal): Promise<RunningNode> {
  const genesis = await readGenesis(config.genesis);
  const module = moduleNamed(genesis.moduleId);
  const paths = folderPaths(config.folder);
  const chainId = chainIdOf(genesis);
  const recoveries = await recoveriesOf(paths.recoveries, config.recoveries, chainId);
  const nodeSigner = await createSigner(await readSeed(paths.nodeKey));
  const tls = { key: await readSecretFile(paths.tlsKey), cert: await readCertificate(paths.tlsCertificate) };
  const opened: { close(): Promise<void> }[] = [];
  try {
    let identity: LedgerIdentity | undefined;
    if (config.identity?.enabled) {
      const vrfSeed = await readSeed(paths.vrfKey);
      const { signLog, missing } = await openFolderSignLog(paths.signLog, nodeSigner.publicKey);
      opened.push(signLog);
      if (missing)
        logger.warn({ file: paths.signLog }, 'the sign-log was missing: this node votes again in a later epoch');
      identity = {
        source: fromHex(config.identity.source),
        nodeSigner,
        vrf: await vrfSignerOf(vrfSeed),
        signLog,
        signLogMissing: missing,
        next: await nextKeysOf(paths, opened),
      };
    }
    const store = await openFolderStore(paths.database, genesis);
    opened.push(store);
    const peers = config.peers.map(({ url, nodeKey }) => ({ url, ...(nodeKey && { nodeKey: fromHex(nodeKey) }) }));
    const checkpoint = config.sync.checkpoint === undefined ? undefined : parseCheckpoint(config.sync.checkpoint);
    if (config.sync.mode === 'snapshot' && checkpoint && !store.tip) {
      await joinBySnapshot({
        genesis,
        store,
        consensus: module,
        checkpoint,
        checkpointAgeMaxMs: config.sync.checkpointDaysMax * DAY_MS,
        recoveries,
        logger,
        ...(signal && { signal }),
        network: (requirements) => createNetwork({ ...requirements, nodeSigner, peers }),
      });
    }
    const keep = keepingOf(config.keep, genesis.parameters);
    let network: Network | undefined;
    const ledger = await openLedger({
      genesis,
      store,
      consensus: module,
      ...(identity && { identity }),
      ...(keep && { keep }),
      ...(checkpoint && { checkpoint }),
      recoveries,
      logger,
      async network(requirements) {
        // Checked by now, and nobody has heard of this node yet.
        await keepRecoveries(paths.recoveries, recoveries, chainId);
        network = await createNetwork({
          ...requirements,
          nodeSigner,
          listen: { ...config.peer, tls },
          peers,
        });
        return network;
      },
    });
    opened.splice(0, opened.length, ledger);
    const app = createNodeApi(ledger, {
      requestsPerMinute: config.limits.requestsPerMinute,
      eventStreamsMax: config.limits.eventStreamsMax,
      logger,
    });
    const listener = await listenNodeApi(app, config.api);
    opened.push(listener);
    const failed = new Promise<Error>((resolve) => {
      ledger.subscribe((event) => {
        if (event.type === 'failed') resolve(event.error);
      });
    });
    const address = network?.address ?? config.peer;
    logger.info({ chainId: toHex(ledger.chainId), height: ledger.status().finalized.height }, 'node started');
    return {
      ledger,
      api: listener.url,
      peer: `wss://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`,
      failed,
      async close() {
        await listener.close();
        await ledger.close();
      },
    };
  } catch (error) {
    for (const part of opened.reverse()) await part.close();
    throw asOneLine(error, config);
  }
}

async function readCertificate(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new NodeAppError(
      { code: 'KEY_FILE_MISSING', file },
      `cannot read ${file}: make it with radledger-node init`,
      { cause },
    );
  }
}

/** The keys that `rotate` made, until `finish-rotation`. */
async function nextKeysOf(
  paths: ReturnType<typeof folderPaths>,
  opened: { close(): Promise<void> }[],
): Promise<NonNullable<LedgerIdentity['next']>> {
  const next: {
    -readonly [Key in keyof NonNullable<LedgerIdentity['next']>]: NonNullable<LedgerIdentity['next']>[Key];
  } = {};
  if (await exists(paths.nextNodeKey)) {
    const signer = await createSigner(await readSeed(paths.nextNodeKey));
    const { signLog, missing } = await openFolderSignLog(paths.nextSignLog, signer.publicKey);
    opened.push(signLog);
    next.node = { signer, signLog, signLogMissing: missing };
  }
  if (await exists(paths.nextVrfKey)) {
    next.vrf = await vrfSignerOf(await readSeed(paths.nextVrfKey));
  }
  return next;
}

async function vrfSignerOf(seed: Uint8Array): Promise<LedgerIdentity['vrf']> {
  return { publicKey: await publicKeyOf(seed), prove: (alpha) => vrfProve(seed, alpha) };
}

async function openFolderSignLog(
  file: string,
  nodeKey: Uint8Array,
): Promise<{ readonly signLog: SignLog; readonly missing: boolean }> {
  try {
    return { signLog: await openSignLog(file, { nodeKey }), missing: false };
  } catch (error) {
    if (!(error instanceof StorageError) || error.info.code !== 'SIGN_LOG_MISSING') throw error;
  }
  return { signLog: lateSignLog(file, nodeKey), missing: true };
}

/**
 * A log that appears on disk with its first record. Until this node may sign again the log stays missing, so that a second
 * start knows as well that earlier votes may be unrecorded.
 */
function lateSignLog(file: string, nodeKey: Uint8Array): SignLog {
  const createdAtMs = Date.now();
  let opened: Promise<SignLog> | undefined;
  const open = (): Promise<SignLog> => {
    opened ??= createSignLog(file, { nodeKey, createdAtMs }).then(() => openSignLog(file, { nodeKey }));
    return opened;
  };
  return {
    records: [],
    header: { nodeKey, createdAtMs },
    tornBytes: 0,
    append: async (record) => (await open()).append(record),
    rewrite: async (records) => {
      if (opened !== undefined || records.length > 0) await (await open()).rewrite(records);
    },
    close: async () => (await opened)?.close(),
  };
}

/** What stops a node, in the app's own words. */
function asOneLine(error: unknown, config: NodeConfig): unknown {
  const { folder } = config;
  const { database, signLog } = folderPaths(folder);
  if (error instanceof StorageError) {
    const { info } = error;
    switch (info.code) {
      case 'FOREIGN_CHAIN':
      case 'FOREIGN_DATABASE':
        return new NodeAppError(
          { code: 'GENESIS_FOREIGN', folder },
          `${database} belongs to another genesis: give each network a folder of its own`,
          { cause: error },
        );
      case 'DATABASE_LOCKED':
        return new NodeAppError(
          { code: 'FOLDER_LOCKED', folder },
          `${database} is in use by another process: never run two copies of one node`,
          { cause: error },
        );
      case 'SIGN_LOG_LOCKED':
        return new NodeAppError(
          { code: 'FOLDER_LOCKED', folder },
          `${signLog} is in use by another process: never run two copies of one node`,
          { cause: error },
        );
      case 'SIGN_LOG_CORRUPT':
      case 'SIGN_LOG_UNREADABLE':
      case 'FOREIGN_SIGN_LOG':
        return new NodeAppError(
          { code: 'SIGN_LOG_UNREADABLE', file: signLog },
          `${signLog} cannot be used (${info.code}): move it away to start without voting until the next epoch; nothing was changed`,
          { cause: error },
        );
      default:
        return new NodeAppError(
          { code: 'DATABASE_CORRUPT', folder },
          `${database} cannot be used (${info.code}): move it away and start again to fetch the chain from peers, or restore a copy; nothing was changed`,
          { cause: error },
        );
    }
  }
  if (error instanceof ChainError && error.info.code === 'CHECKPOINT_TOO_OLD') {
    const days = Math.floor(error.info.ageMs / DAY_MS);
    const message = `the checkpoint in [sync] is ${days} days old: get a new one from the operator of a node that you trust`;
    return new NodeAppError({ code: 'CHECKPOINT_REFUSED' }, message, { cause: error });
  }
  if (error instanceof LedgerError && error.info.code === 'CHECKPOINT_DIFFERS') {
    const message = `${database} holds another chain than the one of the checkpoint in [sync]: find out which of the two is true`;
    return new NodeAppError({ code: 'CHECKPOINT_REFUSED' }, message, { cause: error });
  }
  if (error instanceof LedgerError && error.info.code === 'RECOVERY_REFUSED') {
    const { height } = error.info;
    return new NodeAppError({ code: 'RECOVERY_REFUSED', height }, error.message, { cause: error });
  }
  if (error instanceof NetworkError && error.info.code === 'LISTEN_FAILED')
    return listenError(error.info, 'peer', error);
  if (error instanceof LedgerError && error.info.code === 'LISTEN_FAILED') return listenError(error.info, 'api', error);
  return error;
}

function listenError(
  info: { readonly host: string; readonly port: number; readonly systemCode: string },
  listener: 'peer' | 'api',
  cause: unknown,
): NodeAppError {
  const address = `${info.host}:${info.port}`;
  if (info.systemCode === 'EADDRINUSE') {
    return new NodeAppError(
      { code: 'ADDRESS_IN_USE', listener, address },
      `${address} ([${listener}] in the configuration) is in use by another process: choose another port`,
      { cause },
    );
  }
  return new NodeAppError(
    { code: 'ADDRESS_UNAVAILABLE', listener, address },
    `cannot listen on ${address} ([${listener}] in the configuration): ${info.systemCode}`,
    { cause },
  );
}
