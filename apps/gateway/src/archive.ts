/** The archive that a gateway stands before, from its configuration. */
import type { PacsConnector, StudySink } from '@radledger/imaging';
import { createFolderSink, createFolderSource } from '@radledger/imaging/folder';
import { createDicomwebArchive, type DicomwebArchive } from '@radledger/pacs-dicomweb';
import {
  createDimseArchive,
  type DimseArchive,
  openStorageReceiver,
  type StorageReceiver,
} from '@radledger/pacs-dimse';
import type { ArchiveConfig } from './config.js';
import { GatewayAppError } from './errors.js';
import { readCertificate, readSecretFile } from './secret-files.js';

/** A part of an archive, and what ends its connections. */
export interface OpenArchive<Part> {
  readonly part: Part;
  close(): Promise<void>;
}

interface TlsFiles {
  readonly authority?: string | undefined;
  readonly key?: string | undefined;
  readonly certificate?: string | undefined;
}

const nothingToClose = (): Promise<void> => Promise.resolve();

/** Where studies are published from. */
export async function openArchive(config: ArchiveConfig): Promise<OpenArchive<PacsConnector>> {
  if (config.folder !== undefined) {
    return { part: createFolderSource({ folder: config.folder }), close: nothingToClose };
  }
  return openPacs(config);
}

/** Where checked studies are filed. */
export async function openSink(config: ArchiveConfig): Promise<OpenArchive<StudySink>> {
  if (config.folder !== undefined) {
    const sink = createFolderSink({ folder: config.folder });
    await sink.clearLeftovers();
    return { part: sink, close: nothingToClose };
  }
  return openPacs(config);
}

async function openPacs({ dicomweb, dimse }: ArchiveConfig): Promise<OpenArchive<DicomwebArchive | DimseArchive>> {
  if (dimse !== undefined) return openDimse(dimse);
  if (dicomweb === undefined) throw new TypeError('an archive is a folder, or speaks DICOMweb or DIMSE');
  const part = await openDicomweb(dicomweb);
  return { part, close: () => part.close() };
}

async function openDicomweb(config: NonNullable<ArchiveConfig['dicomweb']>): Promise<DicomwebArchive> {
  const { url, authorizationFile } = config;
  return createDicomwebArchive({
    baseUrl: url,
    ...(authorizationFile === undefined ? {} : { authorization: (await readSecretFile(authorizationFile)).trim() }),
    tls: await readTls(config),
  });
}

async function openDimse(config: NonNullable<ArchiveConfig['dimse']>): Promise<OpenArchive<DimseArchive>> {
  const { host, port, aeTitle, gatewayAeTitle, associationsMax, filingCheck } = config;
  const receiver = await openReceiver(config);
  const part = createDimseArchive({
    host,
    port,
    calledAeTitle: aeTitle,
    callingAeTitle: gatewayAeTitle,
    associationsMax,
    filingCheck,
    ...(config.tls ? { tls: await readTls(config) } : {}),
    ...(receiver === undefined ? {} : { moveTo: receiver }),
  });
  return {
    part,
    async close() {
      await part.close();
      await receiver?.close();
    },
  };
}

async function openReceiver({
  receiver,
  aeTitle,
  gatewayAeTitle,
}: NonNullable<ArchiveConfig['dimse']>): Promise<StorageReceiver | undefined> {
  if (receiver === undefined) return undefined;
  const { host, port, callers = [aeTitle] } = receiver;
  const { ca, key, cert } = await readTls(receiver);
  const tls = key === undefined || cert === undefined ? undefined : { key, cert, ...(ca === undefined ? {} : { ca }) };
  try {
    return await openStorageReceiver({ host, port, aeTitle: gatewayAeTitle, callers, ...(tls && { tls }) });
  } catch (cause) {
    const address = `${host}:${port}`;
    const isUsed = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const code = isUsed ? 'ADDRESS_IN_USE' : 'ADDRESS_UNAVAILABLE';
    const message = `cannot listen on ${address} ([dimse.receiver] in the configuration): choose another address`;
    throw new GatewayAppError({ code, listener: 'dimse.receiver', address }, message, { cause });
  }
}

async function readTls({
  authority,
  key,
  certificate,
}: TlsFiles): Promise<{ ca?: string; key?: string; cert?: string }> {
  return {
    ...(authority === undefined ? {} : { ca: await readCertificate(authority) }),
    ...(key === undefined || certificate === undefined
      ? {}
      : { key: await readSecretFile(key), cert: await readCertificate(certificate) }),
  };
}
