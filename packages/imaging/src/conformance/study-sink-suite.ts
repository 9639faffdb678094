/** The contract of a sink as tests: where checked studies are filed. An author of one runs `testStudySink(mine)` under vitest. */
import { sha256, toHex } from '@radledger/primitives';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ImagingError } from '../errors.js';
import { inspectInstance } from '../instance-inspector.js';
import { createManifest } from '../manifest.js';
import type { QuarantinedInstance, QuarantinedStudy, StudySink } from '../quarantined-study.js';
import { sampleInstance } from './sample-instance.js';

/** One archive under test. */
export interface SinkUnderTest {
  readonly sink: StudySink;
  /** The Part 10 files that whoever reads the archive sees, in any order. */
  held(): AsyncIterable<Uint8Array>;
  /** True when only data sets cross to the archive: DIMSE. */
  readonly rewritesFileMeta?: boolean;
  /** What becomes of other bytes under a UID that is filed: refused, or filed beside. Nothing is ever overwritten. */
  readonly otherBytes: 'refused' | 'beside';
  /** True when a study that broke off may leave whole instances, for the next try to complete. */
  readonly keepsParts?: boolean;
  /** Makes the archive bad in one of the ways that `troubles` names, or good again. */
  trouble?(name: string | undefined): void;
  dispose(): Promise<void>;
}

export interface StudySinkUnderTest {
  readonly name: string;
  /** A fresh, empty archive. */
  readonly createSink: () => Promise<SinkUnderTest>;
  /** What a bad archive does, and the code that filing ends with then. */
  readonly troubles?: Readonly<Record<string, string>>;
}

const STUDY = '2.25.5001';
const OTHER_STUDY = '2.25.5002';
const instanceOf = (number: number, more: { readonly study?: string; readonly pixelData?: Uint8Array } = {}) => {
  const { study = STUDY, pixelData = new Uint8Array(150_000).fill(number) } = more;
  const uids = { studyInstanceUid: study, seriesInstanceUid: `${study}.1`, sopInstanceUid: `${study}.1.${number}` };
  return sampleInstance({ ...uids, instanceNumber: number, pixelData });
};

/** A study as an import hands it to a sink; `breaksAt`: the instance that the quarantine no longer has whole. */
async function studyOf(files: readonly Uint8Array[], breaksAt = -1): Promise<QuarantinedStudy> {
  const facts = await Promise.all(files.map((file) => inspectInstance(only(file))));
  const instances = files.map((file, index): QuarantinedInstance => {
    const { crc32: _crc32, dataSetSha256: _dataSetSha256, ...shown } = facts[index] as (typeof facts)[number];
    return { ...shown, open: () => (index === breaksAt ? broken(file) : only(file)) };
  });
  const unused = () => Promise.reject(new Error('a sink has no use for it'));
  return {
    studyInstanceUid: facts[0]?.studyInstanceUid ?? '',
    manifest: createManifest(facts.map((each) => ({ ...each, sha256: each.dataSetSha256 }))),
    instances,
    describe: unused,
    underPatient: unused,
    setAside: unused,
    file: unused,
    discard: () => Promise.resolve(),
  };
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

async function* broken(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes.subarray(0, bytes.length >> 1);
  throw new ImagingError({ code: 'QUARANTINE_CHANGED' }, 'the quarantine holds what was checked');
}

/** Declares the tests of the contract; call it at the top level of a test file. */
export function testStudySink({ name, createSink, troubles = {} }: StudySinkUnderTest): void {
  describe(`study sink contract: ${name}`, () => {
    let archive: SinkUnderTest;
    /** What is compared: whole files, or data sets where the archive writes the head anew. */
    const judged = async (files: readonly Uint8Array[]): Promise<readonly string[]> => {
      const hashes = files.map(async (file) => {
        if (archive.rewritesFileMeta !== true) return toHex(sha256(file));
        return toHex((await inspectInstance(only(file))).dataSetSha256);
      });
      return [...new Set(await Promise.all(hashes))].sort();
    };
    const seen = async (): Promise<readonly Uint8Array[]> => {
      const found: Uint8Array[] = [];
      for await (const file of archive.held()) found.push(file);
      return found;
    };
    const held = async (): Promise<readonly string[]> => judged(await seen());
    const file = async (...files: readonly Uint8Array[]) => archive.sink.fileStudy(await studyOf(files));
    const failing = async (filing: Promise<unknown>): Promise<Error> => {
      const error = await filing.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ImagingError);
      return error as Error;
    };
    beforeEach(async () => {
      archive = await createSink();
    });
    afterEach(() => archive.dispose());

    test('files every instance as it came, and says where', async () => {
      const files = [instanceOf(1), instanceOf(2), instanceOf(3)];
      const filed = await file(...files);
      expect(filed).toMatchObject({ written: true });
      expect(filed.location).toContain(STUDY);
      expect(await held()).toEqual(await judged(files));
    });

    test('a study that is filed already is left alone', async () => {
      const files = [instanceOf(1), instanceOf(2)];
      const { location } = await file(...files);
      const before = await seen();
      expect(await file(...files)).toEqual({ location, written: false });
      expect(await seen()).toHaveLength(before.length);
    });

    test('late images come to those that are there', async () => {
      await file(instanceOf(1));
      expect(await file(instanceOf(1), instanceOf(2))).toMatchObject({ written: true });
      expect(await held()).toEqual(await judged([instanceOf(1), instanceOf(2)]));
    });

    test('other bytes under a UID that is filed overwrite nothing', async () => {
      const first = [instanceOf(1), instanceOf(2)];
      const other = [instanceOf(2, { pixelData: Uint8Array.of(7, 7) }), instanceOf(3)];
      await file(...first);
      if (archive.otherBytes === 'refused') {
        const error = await failing(file(...other));
        expect(error).toMatchObject({ code: 'STUDY_CONFLICT', info: { instances: 1 } });
        expect(await held()).toEqual(await judged(first));
      } else {
        expect(await file(...other)).toMatchObject({ written: true });
        expect(await held()).toEqual(await judged([...first, ...other]));
      }
    });

    test('a study that breaks off shows no broken instance, and is filed by the next try', async () => {
      const files = [instanceOf(1), instanceOf(2), instanceOf(3)];
      const error = await failing(archive.sink.fileStudy(await studyOf(files, 1)));
      expect(error).toMatchObject({ code: 'QUARANTINE_CHANGED' });
      const left = await held();
      const whole = archive.keepsParts === true ? await judged(files.slice(0, 1)) : [];
      expect(whole).toEqual(expect.arrayContaining([...left]));
      expect(await file(...files)).toMatchObject({ written: true });
      expect(await held()).toEqual(await judged(files));
    });

    test('one study filed twice at once, beside another', async () => {
      const files = [instanceOf(1), instanceOf(2)];
      const other = instanceOf(1, { study: OTHER_STUDY });
      await Promise.all([file(...files), file(...files), file(other)]);
      expect(await held()).toEqual(await judged([...files, other]));
    });

    test.each(Object.entries(troubles))(
      'an archive that %s ends in %s, and is good for the next study',
      async (trouble, code) => {
        archive.trouble?.(trouble);
        const error = await failing(file(instanceOf(1), instanceOf(2)));
        expect(error).toMatchObject({ code });
        expect(`${error.message} ${JSON.stringify(error)}`).not.toContain(STUDY);
        archive.trouble?.(undefined);
        const other = [instanceOf(1, { study: OTHER_STUDY }), instanceOf(2, { study: OTHER_STUDY })];
        expect(await file(...other)).toMatchObject({ written: true });
        expect(await held()).toEqual(expect.arrayContaining([...(await judged(other))]));
      },
    );
  });
}
