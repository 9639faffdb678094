/** `radledger-gateway run`: opens a gateway from its configuration and keeps it running. */
import { mkdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createNodeClient } from '@radledger/client';
import { createSecretBox, ExchangeError, type ViewStanding } from '@radledger/exchange';
import {
  type BoundListener,
  type BoundTlsListener,
  bindHttp,
  bindTls,
  createDicomwebHandler,
  DICOMWEB_REQUESTS_FACTOR,
  createIti43Handler,
  createOperatorApi,
  createPatientApi,
  type KnownClients,
} from '@radledger/exchange/http';
import { type ImageRecipient, matchByHand, matchRequested, openImageRecipient } from '@radledger/exchange/recipient';
import { type ImageSource, openImageSource } from '@radledger/exchange/source';
import { createSigner, equalBytes, fromHex, toHex } from '@radledger/primitives';
import type { StorageReceiver } from '@radledger/pacs-dimse';
import { ClassicLevel } from 'classic-level';
import type { Logger } from 'pino';
import { openArchive, openSink } from './archive.js';
import { startAudit } from './audit.js';
import type { GatewayConfig } from './config.js';
import { GatewayAppError, type ListenerName } from './errors.js';
import { openLedger } from './ledger.js';
import { describeFailure } from './log.js';
import { openOrderOrigins } from './orders.js';
import { openArrivals } from './receiver.js';
import { createRepeated } from './repeated.js';
import { readCertificate, readSecretBoxKey, readSeed, readToken } from './secret-files.js';
import { readTlsIdentity, readTlsPair } from './tls-identity.js';

export interface RunningGateway {
  /** Where it listens and who it is: the line that `run` prints. */
  readonly listening: Readonly<Record<string, string>>;
  /** Reads the TLS key and certificate again. Kept as they were, with a line in the log, when the ledger does not name the new key. */
  renewTls(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a gateway.
 * @throws {GatewayAppError} whatever stops it, as one line that says what to do; nothing is left open then
 */
export async function startGateway(config: GatewayConfig, logger: Logger): Promise<RunningGateway> {
  // Everything that can be wrong with files is found before a socket or the database is opened.
  const keys = await readKeys(config);
  const listeners: BoundListener[] = [];
  const opened: { close(): Promise<void> }[] = [];
  const stopping = new AbortController();
  const onFailure = (error: unknown): void => logger.warn(describeFailure(error), 'a step failed');
  try {
    const api = await listening('api', config.api, (address) => bindHttp(address));
    listeners.push(api);
    const operator = await listening('operator', config.operator, (address) => bindHttp(address));
    listeners.push(operator);
    const { source: sourceConfig, recipient: recipientConfig } = config;
    let { tls } = keys;
    let iti43: BoundTlsListener | undefined;
    if (sourceConfig !== undefined && tls !== undefined) {
      const pair = tls;
      const clients = knownClients(sourceConfig.iti43, keys.clientAuthority, () =>
        logger.info('a caller without a certificate that is taken was cut off'),
      );
      const { connectionsPerAddress, trustedProxies } = sourceConfig.iti43;
      const isCounted = connectionsPerAddress > 0 && trustedProxies === 0;
      const connectionsPerAddressMax = isCounted ? connectionsPerAddress : undefined;
      const options = { clients, connectionsPerAddressMax };
      iti43 = await listening('source.iti43', sourceConfig.iti43, (address) => bindTls(address, pair, options));
      listeners.push(iti43);
    }

    const database = await openDatabase(config.database);
    opened.push(database);
    const opening = await openLedger(config, createNodeClient({ url: config.node }), onFailure);
    opened.push(opening);
    const ledger = opening.port;
    const { chainId } = await ledger.head();
    if (config.chainId !== undefined && !equalBytes(chainId, fromHex(config.chainId))) {
      const info = { code: 'FOREIGN_CHAIN', node: config.node } as const;
      throw new GatewayAppError(
        info,
        `the node at ${config.node} belongs to chain ${toHex(chainId)}, not to ${config.chainId}`,
      );
    }
    const gatewayApi = config.api.url ?? api.url;
    const seed = keys.sourceSeed ?? keys.recipientSeed;
    if (seed === undefined) throw new TypeError('a gateway has a role');
    const signer = await createSigner(seed);
    const audit = await startAudit(config, signer, onFailure);
    opened.push(audit);
    const shared = {
      database,
      ledger,
      audit: audit.trail,
      gatewayApi,
      onFailure,
      secretBox: createSecretBox(keys.secretBox),
      viewAgeMsMax: config.viewAgeMsMax,
      haltedMsMax: config.haltedHoursMax * 3_600_000,
      onStanding: (standing: ViewStanding): void =>
        logger.warn({ standing, haltedHoursMax: config.haltedHoursMax }, 'the view of the ledger changed its standing'),
      ...(config.walletPage === undefined ? {} : { walletPage: config.walletPage }),
    };

    let source: ImageSource | undefined;
    let arrivals: StorageReceiver | undefined;
    const tlsPins = (): readonly Uint8Array[] => tls?.pins ?? [];
    if (sourceConfig !== undefined && keys.sourceSeed !== undefined && iti43 !== undefined) {
      const archive = await openArchive(sourceConfig);
      opened.push(archive);
      const { folder, arrivals: arrivalsConfig, orders } = sourceConfig;
      if (folder !== undefined && arrivalsConfig !== undefined) {
        arrivals = await openArrivals(folder, arrivalsConfig, onFailure);
        opened.push(arrivals);
      }
      source = await openImageSource({
        ...shared,
        tlsPins,
        connector: archive.part,
        signer: await createSigner(keys.sourceSeed),
        baseUrl: sourceConfig.baseUrl ?? iti43.url,
        workBits: sourceConfig.workBits,
        settleMs: sourceConfig.settleSeconds * 1_000,
        ...(sourceConfig.purgedHours === 0 ? {} : { purgedMs: sourceConfig.purgedHours * 3_600_000 }),
        ...(sourceConfig.standingLinks === 'automatic'
          ? { sendsByItself: { releaseMs: sourceConfig.releaseHours * 3_600_000 } }
          : {}),
        spreadClaimsMs: sourceConfig.spreadClaimsHours * 3_600_000,
        requestsPerMinute: sourceConfig.iti43.requestsPerMinute,
        missesPerMinute: sourceConfig.iti43.missesPerMinute,
        transfersMax: sourceConfig.transfersMax,
        ...(orders === undefined
          ? {}
          : {
              orders: {
                origins: await openOrderOrigins(orders, stopping.signal),
                keepMs: orders.keepDays * 86_400_000,
                ...(orders.issuer === undefined ? {} : { issuer: orders.issuer }),
              },
            }),
        disclosuresKeptYears: config.audit.disclosuresKeptYears,
        receiverNames: new Map(Object.entries(config.audit.receivers)),
        emergencyReceivers: sourceConfig.emergencyReceivers.map(fromHex),
        identityCheckedBy: sourceConfig.identityCheckedBy,
        ...(sourceConfig.id === undefined ? {} : { source: fromHex(sourceConfig.id) }),
        onServedHalted: () => logger.warn('a document was served while the network stands still'),
        onStudyChange: ({ state, code }) => logger.info({ state, code }, 'a study changed'),
      });
      opened.push(source);
      const watched = source;
      const { lookSeconds } = sourceConfig;
      if (lookSeconds > 0) opened.push(createRepeated(() => watched.lookAtArchive(), lookSeconds * 1_000, onFailure));
      // Each by itself: a worklist that takes its time keeps no file waiting.
      for (const { name } of source.orders.origins) {
        const lookMs = (orders?.lookSeconds ?? 0) * 1_000;
        opened.push(createRepeated(() => watched.lookForOrders(name), lookMs, onFailure));
      }
    }
    let recipient: ImageRecipient | undefined;
    if (recipientConfig !== undefined && keys.recipientSeed !== undefined) {
      const sink = await openSink(recipientConfig);
      opened.push(sink);
      recipient = await openImageRecipient({
        ...shared,
        sink: sink.part,
        signer: await createSigner(keys.recipientSeed),
        displayName: recipientConfig.displayName,
        quarantineFolder: recipientConfig.quarantine,
        responseBytesMax: recipientConfig.responseBytesMax,
        heldBytesMax: recipientConfig.heldBytesMax,
        transfersMax: recipientConfig.transfersMax,
        importPolicy: recipientConfig.policy,
        clientCertificate: keys.clientCertificate,
        ...reconcileOf(recipientConfig.matching),
        quarantineLimits: {
          bytesMax: recipientConfig.waitingBytesMax,
          matchingMs: recipientConfig.matchingDays * 86_400_000,
        },
        refusedLimits: {
          bytesMax: recipientConfig.refusedBytesMax,
          keptMs: recipientConfig.refusedHours * 3_600_000,
        },
        endpointGuard: { allowLoopback: recipientConfig.allowLoopback, allowPrivate: recipientConfig.allowPrivate },
      });
      opened.push(recipient);
    }

    const both = { source, recipient, chainId, onFailure };
    // One for each listener: what stands in front of one says nothing about the other.
    const patientApiBehind = (trustedProxies: number): RequestListener =>
      createPatientApi({
        ...both,
        gatewayApi,
        signer,
        auditHead: () => audit.trail.head(),
        privacyContact: config.privacyContact,
        requestsPerMinute: config.api.requestsPerMinute,
        refusedPerMinute: config.api.refusedPerMinute,
        trustedProxies,
      });
    const patientApi = patientApiBehind(config.api.trustedProxies);
    if (source === undefined || sourceConfig === undefined) api.mount(patientApi);
    else {
      const { requestsPerMinute, trustedProxies } = sourceConfig.iti43;
      const onRefusal = (error: Error): void => logger.info(describeFailure(error), 'a retrieval was refused');
      const limits = { requestsPerMinute: DICOMWEB_REQUESTS_FACTOR * requestsPerMinute };
      const dicomwebBehind = (proxies: number, otherPaths: RequestListener): RequestListener =>
        createDicomwebHandler({ source, otherPaths, onRefusal, trustedProxies: proxies, ...limits });
      api.mount(dicomwebBehind(config.api.trustedProxies, patientApi));
      const otherPaths = dicomwebBehind(trustedProxies, patientApiBehind(trustedProxies));
      iti43?.mount(createIti43Handler({ source, otherPaths, requestsPerMinute, trustedProxies, onRefusal }));
    }
    operator.mount(
      createOperatorApi({ ...both, tlsPins, bearerToken: keys.token, privacyContact: config.privacyContact }),
    );
    logger.info({ chainId: toHex(chainId), height: (await ledger.head()).height }, 'gateway started');
    return {
      listening: {
        api: gatewayApi,
        operator: operator.url,
        ...(source === undefined || tls === undefined
          ? {}
          : { iti43: source.endpointUrl, tlsPin: toHex(tls.pins[0]), sourceId: toHex(source.source) }),
        ...(arrivals === undefined ? {} : { arrivals: `${sourceConfig?.arrivals?.host}:${arrivals.port}` }),
        ...(recipient === undefined ? {} : { recipientKey: toHex(recipient.recipientKey) }),
      },
      async renewTls() {
        if (sourceConfig === undefined || iti43 === undefined || source === undefined) return;
        try {
          const next = await readTlsIdentity(sourceConfig.iti43);
          const endpoint = (await ledger.source(source.source))?.endpoint;
          if (endpoint !== undefined && !endpoint.tlsPins.some((pin) => equalBytes(pin, next.pins[0]))) {
            const info = { code: 'TLS_PIN_UNKNOWN', file: sourceConfig.iti43.tlsCertificate } as const;
            throw new GatewayAppError(info, 'the ledger does not name this TLS key yet: move the source first');
          }
          iti43.renew(next);
          tls = next;
          logger.info({ tlsPins: next.pins.map(toHex) }, 'the TLS key was read again');
        } catch (error) {
          logger.error(describeFailure(error), 'the TLS key is kept as it was');
        }
      },
      async close() {
        // Listeners first: answers that run may still need what is below them. A recipient's transfers are resumed.
        stopping.abort();
        await Promise.all([api.close(), operator.close(0), iti43?.close()]);
        for (const part of opened.toReversed()) await part.close();
      },
    };
  } catch (error) {
    stopping.abort();
    for (const part of [...listeners, ...opened.toReversed()]) await part.close().catch(onFailure);
    throw asOneLine(error, config);
  }
}

function reconcileOf(matching: NonNullable<GatewayConfig['recipient']>['matching']) {
  if (matching === 'as-sent') return {};
  return { reconcile: matching === 'manual' ? matchByHand : matchRequested };
}

async function readKeys(config: GatewayConfig) {
  const { source, recipient } = config;
  return {
    token: await readToken(config.operator.tokenFile),
    secretBox: await readSecretBoxKey(config.secretBoxKey),
    sourceSeed: source === undefined ? undefined : await readSeed(source.signingKey),
    recipientSeed: recipient === undefined ? undefined : await readSeed(recipient.recipientKey),
    tls: source === undefined ? undefined : await readTlsIdentity(source.iti43),
    clientAuthority:
      source?.iti43.clientAuthority === undefined ? undefined : await readCertificate(source.iti43.clientAuthority),
    clientCertificate:
      recipient?.tlsKey === undefined || recipient.tlsCertificate === undefined
        ? undefined
        : await readTlsPair(recipient.tlsKey, recipient.tlsCertificate),
  };
}

/** Whom the ITI-43 listener takes; undefined for anybody. */
function knownClients(
  { clientPins }: NonNullable<GatewayConfig['source']>['iti43'],
  authorities: string | undefined,
  onRefusal: () => void,
): KnownClients | undefined {
  if (authorities === undefined && clientPins.length === 0) return undefined;
  return { authorities, pins: clientPins.map(fromHex), onRefusal };
}

async function openDatabase(folder: string): Promise<ClassicLevel<string, Uint8Array>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const database = new ClassicLevel<string, Uint8Array>(folder, { keyEncoding: 'utf8', valueEncoding: 'view' });
  try {
    await database.open();
    return database;
  } catch (error) {
    const cause = (error as { cause?: { code?: unknown } }).cause;
    if (cause?.code === 'LEVEL_LOCKED') {
      const message = `${folder} is in use by another process: never run two copies of one gateway`;
      throw new GatewayAppError({ code: 'DATABASE_LOCKED', folder }, message, { cause: error });
    }
    const message = `${folder} cannot be opened: restore a copy; nothing was changed`;
    throw new GatewayAppError({ code: 'DATABASE_UNREADABLE', folder }, message, { cause: error });
  }
}

async function listening<Bound extends BoundListener>(
  listener: ListenerName,
  { host, port }: { readonly host: string; readonly port: number },
  bind: (address: { host: string; port: number }) => Promise<Bound>,
): Promise<Bound> {
  const address = `${host}:${port}`;
  try {
    return await bind({ host, port });
  } catch (cause) {
    if (!(cause instanceof ExchangeError) || cause.code !== 'LISTEN_FAILED') throw cause;
    if (cause.info.reason === 'EADDRINUSE') {
      const message = `${address} ([${listener}] in the configuration) is in use by another process: choose another port`;
      throw new GatewayAppError({ code: 'ADDRESS_IN_USE', listener, address }, message, { cause });
    }
    const message = `cannot listen on ${address} ([${listener}] in the configuration): ${cause.info.reason}`;
    throw new GatewayAppError({ code: 'ADDRESS_UNAVAILABLE', listener, address }, message, { cause });
  }
}

/** What stops a gateway, in the app's own words. */
function asOneLine(error: unknown, { node, database, audit }: GatewayConfig): unknown {
  if (error instanceof ExchangeError && error.code === 'SOURCE_UNPROVEN') {
    const message = `the node at ${node} cannot prove what it says: ask another node, or check genesis and recoveries`;
    return new GatewayAppError({ code: 'NODE_UNPROVEN', node }, message, { cause: error });
  }
  if (error instanceof ExchangeError && /^CHECKPOINT_|^CLOCK_BEHIND$/.test(error.info.reason ?? '')) {
    const message = `the ledger cannot be followed (${error.info.reason}): set the clock, or name a new checkpoint from an operator whom you trust`;
    return new GatewayAppError({ code: 'CHECKPOINT_REFUSED', node }, message, { cause: error });
  }
  if (error instanceof ExchangeError && error.code === 'NODE_UNREACHABLE') {
    const message = `the node at ${node} does not answer (${error.info.reason ?? 'UNKNOWN'}): start it first`;
    return new GatewayAppError({ code: 'NODE_UNREACHABLE', node }, message, { cause: error });
  }
  if (error instanceof ExchangeError && error.code === 'RECORD_UNREADABLE') {
    const message = `${database} does not open with this secret box key: restore the key or the database; nothing was changed`;
    return new GatewayAppError({ code: 'DATABASE_UNREADABLE', folder: database }, message, { cause: error });
  }
  if (error instanceof ExchangeError && error.code === 'AUDIT_UNREADABLE') {
    const info = { code: 'AUDIT_UNREADABLE', folder: audit.folder } as const;
    return new GatewayAppError(info, `${audit.folder}: ${error.message}`, { cause: error });
  }
  return error;
}
