/** The archive that a gateway stands before, from its configuration. */
import type { PacsConnector, StudySink } from '@radledger/imaging';
import { createFolderSink, createFolderSource } from '@radledger/imaging/folder';
import { createDicomwebArchive, type DicomwebArchive } from '@radledger/pacs-dicomweb';
import { createDimseArchive, type DimseArchive } from '@radledger/pacs-dimse';
import type { ArchiveConfig } from './config.js';
import { openReceiver } from './receiver.js';
import { readSecretFile, readTls } from './secret-files.js';

/** A part of an archive, and what ends its connections. */
export interface OpenArchive<Part> {
  readonly part: Part;
  close(): Promise<void>;
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
  const { url, authorizationFile, connectionsMax } = config;
  return createDicomwebArchive({
    baseUrl: url,
    connectionsMax,
    ...(authorizationFile === undefined ? {} : { authorization: (await readSecretFile(authorizationFile)).trim() }),
    tls: await readTls(config),
  });
}

async function openDimse(config: NonNullable<ArchiveConfig['dimse']>): Promise<OpenArchive<DimseArchive>> {
  const { host, port, aeTitle, gatewayAeTitle, associationsMax, filingCheck } = config;
  const moves = config.receiver;
  const callers = moves?.callers ?? [aeTitle];
  const receiver = moves && (await openReceiver('dimse.receiver', moves, { aeTitle: gatewayAeTitle, callers }));
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
