/** A real Orthanc of Debian with DICOMweb, on free ports of loopback, its files in a temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts } from './free-port.js';

const ORTHANC = '/usr/sbin/Orthanc';
const DICOMWEB = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';

/** Whether to skip: on a laptop without it. In CI its absence is a failure. */
export const orthancIsMissing = !existsSync(ORTHANC) && process.env['CI'] === undefined;

export class Orthanc {
  private constructor(
    /** Address of its own REST API. */
    readonly url: string,
    readonly dicomPort: number,
    readonly aeTitle: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  /** Root of its DICOMweb services. */
  get dicomweb(): string {
    return `${this.url}/dicom-web`;
  }

  /** @param settings - further keys of Orthanc's configuration */
  static async start(aeTitle: string, settings: Readonly<Record<string, unknown>> = {}): Promise<Orthanc> {
    const folder = await mkdtemp(join(tmpdir(), 'radledger-orthanc-'));
    const [httpPort = 0, dicomPort = 0] = await freePorts(2);
    const configuration = {
      Name: aeTitle,
      DicomAet: aeTitle,
      HttpPort: httpPort,
      DicomPort: dicomPort,
      StorageDirectory: join(folder, 'db'),
      IndexDirectory: join(folder, 'db'),
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      Plugins: [DICOMWEB],
      StableAge: 1,
      DicomAlwaysAllowStore: true,
      DicomAlwaysAllowFind: true,
      DicomAlwaysAllowGet: true,
      DicomAlwaysAllowMove: true,
      UnknownSopClassAccepted: true,
      ...settings,
    };
    const file = join(folder, 'orthanc.json');
    await writeFile(file, JSON.stringify(configuration));
    const child = spawn(ORTHANC, [file], { stdio: ['ignore', 'ignore', 'pipe'] });
    const lines = createInterface({ input: child.stderr });
    for await (const line of lines) if (line.includes('Orthanc has started')) break;
    child.stderr.resume();
    if (child.exitCode !== null) throw new Error('Orthanc ended at its start');
    return new Orthanc(`http://127.0.0.1:${httpPort}`, dicomPort, aeTitle, child, folder);
  }

  /** Stores a Part 10 file by its own REST API, as an operator would upload it. */
  async store(file: Uint8Array): Promise<void> {
    const response = await fetch(`${this.url}/instances`, { method: 'POST', body: new Uint8Array(file) });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`Orthanc refused an instance: HTTP ${response.status}`);
  }

  /** SHA-256 of every stored file by its SOP Instance UID, as Orthanc keeps it. */
  async files(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for await (const { sopInstanceUid, bytes } of this.eachFile()) {
      found.set(sopInstanceUid, createHash('sha256').update(bytes).digest('hex'));
    }
    return found;
  }

  /** Every stored file, as Orthanc keeps it. */
  async *eachFile(): AsyncGenerator<{ readonly sopInstanceUid: string; readonly bytes: Uint8Array }, void, void> {
    for (const id of (await (await fetch(`${this.url}/instances`)).json()) as string[]) {
      const { MainDicomTags } = (await (await fetch(`${this.url}/instances/${id}`)).json()) as {
        MainDicomTags: { SOPInstanceUID: string };
      };
      const file = await (await fetch(`${this.url}/instances/${id}/file`)).arrayBuffer();
      yield { sopInstanceUid: MainDicomTags.SOPInstanceUID, bytes: new Uint8Array(file) };
    }
  }

  /** Removes everything. */
  async clear(): Promise<void> {
    const patients = (await (await fetch(`${this.url}/patients`)).json()) as string[];
    for (const id of patients) await (await fetch(`${this.url}/patients/${id}`, { method: 'DELETE' })).arrayBuffer();
  }

  /** Removes an instance and everything that this leaves empty. */
  async remove(sopInstanceUid: string): Promise<void> {
    const found = await fetch(`${this.url}/tools/lookup`, { method: 'POST', body: sopInstanceUid });
    for (const { ID, Type } of (await found.json()) as { ID: string; Type: string }[]) {
      if (Type === 'Instance') await (await fetch(`${this.url}/instances/${ID}`, { method: 'DELETE' })).arrayBuffer();
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await exited;
    }
    await rm(this.folder, { recursive: true });
  }
}
