/** A PACS that serves its studies to whom patients allow: ITI-43 straight from its own archive. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  connectNode,
  createPatientApi,
  createSecretBox,
  ImagingError,
  openAuditTrail,
  openImageSource,
  type PacsConnector,
  type Signer,
} from '@radledger/exchange/source';
import { spkiPinOf } from '@radledger/iti43';
import { createDocumentRepository, listenerOptions } from '@radledger/iti43/server';
import { ClassicLevel } from 'classic-level';

/** The vendor's own store: Part 10 files by Study and SOP Instance UID. */
export type Archive = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;

/** What Radledger asks of an archive: its studies, and the bytes of one as they are stored. */
export function connectorOf(archive: Archive): PacsConnector {
  return {
    async *listStudies() {
      for (const [studyInstanceUid, { size }] of archive) yield { studyInstanceUid, instances: size };
    },
    async openStudy(studyInstanceUid) {
      const files = archive.get(studyInstanceUid);
      if (files === undefined) throw new ImagingError({ code: 'STUDY_NOT_FOUND' }, 'there is no such study');
      const instances = Array.from(files.keys(), (sopInstanceUid, index) => ({
        sopInstanceUid,
        async *open() {
          const file = files.get(sopInstanceUid);
          if (file === undefined) throw new ImagingError({ code: 'INSTANCE_CHANGED', index }, 'an instance has gone');
          yield file;
        },
      }));
      return { studyInstanceUid, instances, close: () => Promise.resolve() };
    },
  };
}

/** Opens ITI-43 and the address where patients claim their studies, and follows the ledger over the site's own node. */
export async function startEmbeddedSource(options: {
  readonly archive: Archive;
  /** Database and audit trail. */
  readonly folder: string;
  readonly nodeUrl: string;
  readonly signer: Signer;
  /** 32 bytes that seal the database: from the vendor's key store. */
  readonly boxKey: Uint8Array;
  /** PEM. */
  readonly tls: { readonly key: string; readonly cert: string };
}) {
  const { archive, folder, nodeUrl, signer, boxKey, tls } = options;
  let serve: RequestListener = (_request, response) => void response.writeHead(503).end();
  let patients = serve;
  const web = createServer((request, response) => patients(request, response));
  const iti43 = createTlsServer({ ...listenerOptions, ...tls }, (request, response) => serve(request, response));
  const [webPort, iti43Port] = await Promise.all([web, iti43].map(listen));
  const database = new ClassicLevel<string, Uint8Array>(join(folder, 'db'), { valueEncoding: 'view' });
  const gatewayApi = `http://127.0.0.1:${webPort}`;
  const source = await openImageSource({
    database,
    signer,
    gatewayApi,
    secretBox: createSecretBox(boxKey),
    ledger: connectNode(nodeUrl),
    audit: await openAuditTrail({ folder: join(folder, 'audit'), signer }),
    connector: connectorOf(archive),
    baseUrl: `https://127.0.0.1:${iti43Port}`,
    tlsPins: [spkiPinOf(tls.cert)],
  });
  const repository = createDocumentRepository(source.repository);
  patients = createPatientApi({ source, signer, gatewayApi, chainId: source.chainId });
  serve = (request, response) => {
    if (request.url === '/xds/iti43') repository(request, response);
    else patients(request, response);
  };
  return {
    source,
    async close() {
      for (const server of [web, iti43]) await new Promise((resolve) => server.close(resolve));
      await source.close();
      await database.close();
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
