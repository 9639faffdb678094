/** What a hostile sender may try: the worker ends, the service goes on, the reason names nobody. */
import { readdir } from 'node:fs/promises';
import { deflateRawSync } from 'node:zlib';
import { concatBytes, utf8 } from '@radledger/primitives';
import { describe, expect, test } from 'vitest';
import { element, sampleInstance, uidValue } from '../src/conformance/sample-instance.js';
import { DEFAULT_IMPORT_POLICY, ImagingError, type ImportOptions, importFileSet } from '../src/index.js';
import { collectBytes, sliceOf, STUDY, streamOf, temporaryFolder } from './samples.js';
import { buildZip, type HostileEntry } from './zip-builder.js';

const PATIENT = 'DOE^JANE';
const DEFLATED = '1.2.840.10008.1.2.1.99';
const WHOLE_SLIDE = '1.2.840.10008.5.1.4.1.1.77.1.6';
const TIFF = [0x49, 0x49, 0x2a, 0x00, 0x10];

const importOf = async (zip: Uint8Array, more: Partial<ImportOptions> = {}) =>
  importFileSet({ stream: streamOf(zip), quarantineFolder: await temporaryFolder(), ...more });

const zipOf = (...contents: readonly Uint8Array[]): Uint8Array =>
  buildZip(contents.map((content, i): HostileEntry => ({ name: `IMAGES/IM00000${i + 1}`, content })));

/** Imports, asserts the code, that nothing is left in quarantine, that nobody is named, and that the next import works. */
async function expectRefused(zip: Uint8Array, expected: object, more: Partial<ImportOptions> = {}): Promise<void> {
  const quarantineFolder = await temporaryFolder();
  const error = await importOf(zip, { ...more, quarantineFolder }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ImagingError);
  expect((error as ImagingError).info).toMatchObject(expected);
  expect(`${String(error)} ${JSON.stringify((error as ImagingError).info)}`).not.toMatch(/JANE|2\.25\.9001/);
  expect(await readdir(quarantineFolder)).toEqual([]);
  await (await importOf(zipOf(sliceOf(1)), { quarantineFolder })).discard();
}

/** An instance whose data set is `dataSet`, behind the group 0002 that says so. */
function instanceOf(transferSyntaxUid: string, dataSet: Uint8Array): Uint8Array {
  const meta = element(0x0002, 0x0010, 'UI', uidValue(transferSyntaxUid));
  const length = Uint8Array.of(meta.length, 0, 0, 0);
  return concatBytes(new Uint8Array(128), utf8('DICM'), element(0x0002, 0x0000, 'UL', length), meta, dataSet);
}

const identity = (): Uint8Array =>
  concatBytes(
    element(0x0008, 0x0016, 'UI', uidValue('1.2.840.10008.5.1.4.1.1.7')),
    element(0x0008, 0x0018, 'UI', uidValue(`${STUDY}.1.1`)),
    element(0x0010, 0x0010, 'PN', utf8(PATIENT)),
    element(0x0020, 0x000d, 'UI', uidValue(STUDY)),
    element(0x0020, 0x000e, 'UI', uidValue(`${STUDY}.1`)),
  );

/** A sequence of undefined length and its one item, as deep as wanted; nothing closes them. */
const nested = (depth: number): Uint8Array =>
  concatBytes(
    ...Array.from({ length: depth }, () =>
      concatBytes(
        Uint8Array.of(0x40, 0x00, 0x30, 0xa7, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff),
        Uint8Array.of(0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff),
      ),
    ),
  );

describe('bombs', () => {
  test('a deflated data set that inflates without end stops at its cap', async () => {
    const bomb = deflateRawSync(concatBytes(identity(), element(0x7fe0, 0x0010, 'OW', new Uint8Array(32 << 20))));
    expect(bomb.length).toBeLessThan(100_000);
    await expectRefused(
      zipOf(instanceOf(DEFLATED, bomb)),
      { code: 'INFLATION_LIMIT' },
      { limits: { inflatedBytesMax: 1 << 20 } },
    );
  });

  test('sequences nested ten thousand deep', async () => {
    const file = instanceOf('1.2.840.10008.1.2.1', concatBytes(identity(), nested(10_000)));
    await expectRefused(zipOf(file), { code: 'MALFORMED_DATA_SET' });
  });

  test('more than the worker may remember ends the worker', async () => {
    const entries = Array.from({ length: 20_000 }, (_, i) => ({ name: `A${i}`, content: new Uint8Array(0) }));
    await expectRefused(
      buildZip([...entries, { name: 'I', content: sliceOf(1) }]),
      { code: 'INSPECTION_ABORTED', reason: 'memory' },
      { limits: { inspectionMemoryMiBMax: 8 } },
    );
  });

  test('more than the worker may spend ends the worker', async () => {
    await expectRefused(
      zipOf(sliceOf(1)),
      { code: 'INSPECTION_ABORTED', reason: 'time' },
      { limits: { inspectionMsMax: 0 } },
    );
  });
});

test('an import that is called off while it is judged ends, and leaves nothing', async () => {
  const quarantineFolder = await temporaryFolder();
  const controller = new AbortController();
  const reason = new Error('closing');
  async function* lastBytes(): AsyncGenerator<Uint8Array> {
    yield zipOf(sliceOf(1));
    controller.abort(reason);
  }
  const more = { quarantineFolder, signal: controller.signal };
  await expect(importFileSet({ stream: lastBytes(), ...more })).rejects.toBe(reason);
  expect(await readdir(quarantineFolder)).toEqual([]);
});

describe('files that are something else as well', () => {
  const heads: readonly (readonly [string, readonly number[]])[] = [
    ['a Windows program', [0x4d, 0x5a, 0x90, 0x00]],
    ['an ELF program', [0x7f, 0x45, 0x4c, 0x46]],
    ['a Mach-O program', [0xcf, 0xfa, 0xed, 0xfe]],
    ['a script', [...utf8('#!/bin/sh\nrm -rf /\n')]],
    ['a TIFF', TIFF],
  ];
  const withHead = (file: Uint8Array, head: readonly number[]): Uint8Array => {
    const marked = concatBytes(file);
    marked.set(head);
    return marked;
  };

  test.each(heads)('%s is filed with zeros for a preamble', async (_name, head) => {
    for (const isDeflated of [false, true]) {
      const zip = buildZip([{ name: 'IM1', content: withHead(sliceOf(1), head), isDeflated }]);
      const study = await importOf(zip);
      const [instance] = study.instances;
      expect(await collectBytes(instance?.open() ?? streamOf())).toEqual(sliceOf(1));
      await study.discard();
    }
  });

  test('a slide keeps its TIFF head where the policy says so, and no other head; another image does not', async () => {
    const slide = sliceOf(1, { sopClassUid: WHOLE_SLIDE });
    const filedOf = async (file: Uint8Array): Promise<Uint8Array> => {
      const study = await importOf(zipOf(file), { policy: { preambles: 'keep-slides' } });
      const [instance] = study.instances;
      const filed = await collectBytes(instance?.open() ?? streamOf());
      await study.discard();
      return filed;
    };
    expect(await filedOf(withHead(slide, TIFF))).toEqual(withHead(slide, TIFF));
    expect(await filedOf(withHead(slide, [0x4d, 0x5a]))).toEqual(slide);
    expect(await filedOf(withHead(sliceOf(1), TIFF))).toEqual(sliceOf(1));
  });
});

describe('the allow-lists of the recipient', () => {
  test('a transfer syntax that fetches its pixels from elsewhere', async () => {
    const file = instanceOf('1.2.840.10008.1.2.4.94', identity());
    await expectRefused(zipOf(sliceOf(2), file), { code: 'TRANSFER_SYNTAX_REFUSED', index: 1 });
  });

  test('a SOP class that is no image of a patient', async () => {
    const file = sampleInstance({
      studyInstanceUid: STUDY,
      seriesInstanceUid: `${STUDY}.1`,
      sopInstanceUid: `${STUDY}.1.1`,
      sopClassUid: '1.2.840.10008.5.1.4.38.1',
    });
    await expectRefused(zipOf(file), { code: 'SOP_CLASS_REFUSED', index: 0 });
  });

  test('a site may widen and narrow them', async () => {
    const jpip = '1.2.840.10008.1.2.4.94';
    const widened = { transferSyntaxes: [...DEFAULT_IMPORT_POLICY.transferSyntaxes, jpip] };
    await (await importOf(zipOf(instanceOf(jpip, identity())), { policy: widened })).discard();
    await expectRefused(
      zipOf(sliceOf(1, { sopClassUid: WHOLE_SLIDE })),
      { code: 'SOP_CLASS_REFUSED' },
      { policy: { sopClasses: ['1.2.840.10008.5.1.4.1.1.7'] } },
    );
  });
});
