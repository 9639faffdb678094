/** The archive that a gateway stands before, from its configuration. */
import type { PacsConnector, StudySink } from '@radledger/imaging';
import { createFolderSink, createFolderSource } from '@radledger/imaging/folder';
import { createDicomwebArchive, type DicomwebArchive } from '@radledger/pacs-dicomweb';
import type { ArchiveConfig } from './config.js';
import { readCertificate, readSecretFile } from './secret-files.js';

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
  const part = await openDicomweb(config);
  return { part, close: () => part.close() };
}

/** Where checked studies are filed. */
export async function openSink(config: ArchiveConfig): Promise<OpenArchive<StudySink>> {
  if (config.folder !== undefined) {
    const sink = createFolderSink({ folder: config.folder });
    await sink.clearLeftovers();
    return { part: sink, close: nothingToClose };
  }
  const part = await openDicomweb(config);
  return { part, close: () => part.close() };
}

async function openDicomweb({ dicomweb }: ArchiveConfig): Promise<DicomwebArchive> {
  if (dicomweb === undefined) throw new TypeError('an archive is a folder or speaks DICOMweb');
  const { url, authorizationFile, authority, key, certificate } = dicomweb;
  return createDicomwebArchive({
    baseUrl: url,
    ...(authorizationFile === undefined ? {} : { authorization: (await readSecretFile(authorizationFile)).trim() }),
    tls: {
      ...(authority === undefined ? {} : { ca: await readCertificate(authority) }),
      ...(key === undefined || certificate === undefined
        ? {}
        : { key: await readSecretFile(key), cert: await readCertificate(certificate) }),
    },
  });
}
