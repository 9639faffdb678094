/** The contract of a PACS connector as tests. An author of a connector runs `testPacsConnector(mine)` under vitest. */
import { concatBytes, equalBytes } from '@radledger/primitives';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeFileSetPlan, encodeFileSetPlan, planFileSet } from '../file-set-plan.js';
import { serveFileSet } from '../file-set-stream.js';
import { inspectInstance } from '../instance-inspector.js';
import type { PacsConnector, StudySnapshot } from '../pacs-connector.js';
import { sampleInstance } from './sample-instance.js';

/** One archive under test. */
export interface ArchiveUnderTest {
  readonly connector: PacsConnector;
  /** Puts Part 10 files into the archive, the way its modalities would. */
  store(files: readonly Uint8Array[]): Promise<void>;
  /** Replaces the stored bytes of one instance behind the connector's back; absent when the archive cannot. */
  replace?(sopInstanceUid: string, file: Uint8Array): Promise<void>;
  /** True when the archive itself refuses a second instance with the same SOP Instance UID. */
  readonly refusesDuplicates?: boolean;
  /** True when only data sets cross to the connector, which writes the head of the file anew: DIMSE. */
  readonly rewritesFileMeta?: boolean;
  /** True when the archive tells accession numbers in its listing. */
  readonly tellsOrders?: boolean;
  dispose(): Promise<void>;
}

export interface PacsConnectorUnderTest {
  readonly name: string;
  /** A fresh, empty archive. */
  readonly createArchive: () => Promise<ArchiveUnderTest>;
}

const STUDY = '2.25.4001';
const OTHER_STUDY = '2.25.4002';
const instanceOf = (studyInstanceUid: string, number: number, pixelData?: Uint8Array) =>
  sampleInstance({
    studyInstanceUid,
    seriesInstanceUid: `${studyInstanceUid}.1`,
    sopInstanceUid: `${studyInstanceUid}.1.${number}`,
    instanceNumber: number,
    ...(pixelData === undefined ? {} : { pixelData }),
  });

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

/** Declares the tests of the contract; call it at the top level of a test file. */
export function testPacsConnector({ name, createArchive }: PacsConnectorUnderTest): void {
  describe(`PACS connector contract: ${name}`, () => {
    let archive: ArchiveUnderTest;
    let snapshots: StudySnapshot[];
    const openStudy = async (studyInstanceUid: string): Promise<StudySnapshot> => {
      const snapshot = await archive.connector.openStudy(studyInstanceUid);
      snapshots.push(snapshot);
      return snapshot;
    };
    const judgedBytes = async (file: Uint8Array): Promise<Uint8Array> => {
      if (archive.rewritesFileMeta !== true) return file;
      const { dataSetOffset } = await inspectInstance(only(file));
      return file.subarray(dataSetOffset);
    };
    beforeEach(async () => {
      snapshots = [];
      archive = await createArchive();
    });
    afterEach(async () => {
      for (const snapshot of snapshots) await snapshot.close();
      await archive.dispose();
    });

    test('an empty archive lists nothing and refuses to open', async () => {
      expect(await collect(archive.connector.listStudies())).toEqual([]);
      await expect(openStudy(STUDY)).rejects.toMatchObject({ code: 'STUDY_NOT_FOUND' });
    });

    test('lists each study once, with its number of instances', async () => {
      await archive.store([instanceOf(STUDY, 1), instanceOf(OTHER_STUDY, 1), instanceOf(STUDY, 2)]);
      const listed = await collect(archive.connector.listStudies());
      const counts = listed.map(({ studyInstanceUid, instances }) => [studyInstanceUid, instances]);
      expect(counts.sort()).toEqual([
        [STUDY, 2],
        [OTHER_STUDY, 1],
      ]);
    });

    test('tells the order that a study was made for, or none', async () => {
      const uids = { studyInstanceUid: STUDY, seriesInstanceUid: `${STUDY}.1`, sopInstanceUid: `${STUDY}.1.1` };
      await archive.store([sampleInstance({ ...uids, accessionNumber: 'A-17' })]);
      const [listed] = await collect(archive.connector.listStudies());
      if (archive.tellsOrders === true) expect(listed?.accession).toEqual({ number: 'A-17', issuer: undefined });
      else expect(['A-17', undefined]).toContain(listed?.accession?.number);
    });

    test('knows single studies as it lists them, if it does', async () => {
      const { connector } = archive;
      if (connector.hasStudy === undefined) return;
      await archive.store([instanceOf(STUDY, 1)]);
      expect([await connector.hasStudy(STUDY), await connector.hasStudy(OTHER_STUDY)]).toEqual([true, false]);
    });

    test('an iteration that is left early does no harm', async () => {
      await archive.store([instanceOf(STUDY, 1), instanceOf(OTHER_STUDY, 1)]);
      for await (const _study of archive.connector.listStudies()) break;
      expect((await openStudy(STUDY)).instances).toHaveLength(1);
    });

    test('a snapshot has the instances of its study alone, and gives their bytes as stored, twice', async () => {
      const files = new Map([1, 2, 3].map((number) => [`${STUDY}.1.${number}`, instanceOf(STUDY, number)]));
      await archive.store([...files.values(), instanceOf(OTHER_STUDY, 1)]);
      const snapshot = await openStudy(STUDY);
      expect(snapshot.studyInstanceUid).toBe(STUDY);
      expect(snapshot.instances.map(({ sopInstanceUid }) => sopInstanceUid).sort()).toEqual([...files.keys()]);
      for (const instance of [...snapshot.instances, ...snapshot.instances]) {
        const bytes = concatBytes(...(await collect(instance.open())));
        const stored = files.get(instance.sopInstanceUid) ?? new Uint8Array(0);
        expect(equalBytes(await judgedBytes(bytes), await judgedBytes(stored))).toBe(true);
      }
      const [first] = snapshot.instances;
      if (first === undefined) throw new Error('expected an instance');
      const once = concatBytes(...(await collect(first.open())));
      expect(equalBytes(once, concatBytes(...(await collect(first.open()))))).toBe(true);
    });

    test('instances can be read at the same time, and left early', async () => {
      await archive.store([instanceOf(STUDY, 1, new Uint8Array(1_000_000)), instanceOf(STUDY, 2)]);
      const { instances } = await openStudy(STUDY);
      for (const instance of instances) for await (const _chunk of instance.open()) break;
      const read = await Promise.all(instances.map((instance) => inspectInstance(instance.open())));
      expect(read.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(instances.map((each) => each.sopInstanceUid));
    });

    test('a plan of its study is the same each time, and is served to the last byte', async () => {
      await archive.store([instanceOf(STUDY, 2), instanceOf(STUDY, 1)]);
      const plan = await planFileSet(await openStudy(STUDY));
      const again = await planFileSet(await openStudy(STUDY));
      expect(encodeFileSetPlan(again)).toEqual(encodeFileSetPlan(plan));
      expect(decodeFileSetPlan(encodeFileSetPlan(plan))).toEqual(plan);
      const served = concatBytes(...(await collect(serveFileSet(plan, await openStudy(STUDY)))));
      expect(served).toHaveLength(plan.zipBytes);
    });

    test('two files with one SOP Instance UID and other bytes never become a study', async () => {
      const files = [instanceOf(STUDY, 1), instanceOf(STUDY, 1, Uint8Array.of(1, 2))];
      if (archive.refusesDuplicates) {
        await archive.store(files).catch(() => undefined);
        expect((await openStudy(STUDY)).instances).toHaveLength(1);
      } else {
        await archive.store(files);
        await expect(openStudy(STUDY)).rejects.toMatchObject({ code: 'DUPLICATE_INSTANCE' });
      }
    });

    test('what changed since the plan is not served whole', async () => {
      if (archive.replace === undefined) return;
      await archive.store([instanceOf(STUDY, 1), instanceOf(STUDY, 2)]);
      const plan = await planFileSet(await openStudy(STUDY));
      await archive.replace(`${STUDY}.1.2`, instanceOf(STUDY, 2, new Uint8Array(64)));
      const served: Uint8Array[] = [];
      const serving = (async () => {
        for await (const chunk of serveFileSet(plan, await openStudy(STUDY))) served.push(chunk);
      })();
      await expect(serving).rejects.toMatchObject({ code: 'INSTANCE_CHANGED', info: { index: 1 } });
      expect(concatBytes(...served).length).toBeLessThan(plan.zipBytes);
    });

    test('a closed snapshot can be closed again', async () => {
      await archive.store([instanceOf(STUDY, 1)]);
      const snapshot = await openStudy(STUDY);
      await snapshot.close();
      await snapshot.close();
    });

    test('errors hold no identifier of a patient', async () => {
      const error = await openStudy('2.25.777888999').catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect(`${(error as Error).message} ${JSON.stringify(error)}`).not.toContain('777888999');
    });
  });
}
