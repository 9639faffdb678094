/** Goal: nothing that comes from outside makes a reader fail otherwise than by a coded error, or grow. */
import { utf8 } from '@radledger/primitives';
import { afterAll, expect, test } from 'vitest';
import { fuzz, type FuzzFigures, FuzzFinding, type Target } from '../src/fuzz.js';
import { dicomImport } from '../src/targets/dicom-import.js';
import { hl7Orders } from '../src/targets/hl7-orders.js';
import { link } from '../src/targets/link.js';
import { multipart } from '../src/targets/multipart.js';
import { soapRequest } from '../src/targets/soap-request.js';
import { zipImport } from '../src/targets/zip-import.js';

const SECONDS = Number(process.env['RADLEDGER_FUZZ_SECONDS'] ?? 1);
const SEED = Number(process.env['RADLEDGER_FUZZ_SEED'] ?? 1);
const GROWTH_MIB_MAX = 128;
const figures: FuzzFigures[] = [];

let crashes = 0;

test.each([multipart, soapRequest, zipImport, dicomImport, link, hl7Orders])(
  'fuzz $name',
  async (target) => {
    const found = await fuzz(target, { seed: SEED, seconds: SECONDS }).catch((error: unknown) => {
      crashes++;
      throw error;
    });
    figures.push(found);
    expect(found.executions).toBeGreaterThan(found.corpus - 1);
    // The corpus holds messages that are right: a reader that refuses all of them is not being tested.
    expect(found.accepted).toBeGreaterThan(0);
    expect(found.growthMiB).toBeLessThan(GROWTH_MIB_MAX);
  },
  SECONDS * 1000 + 120_000,
);

afterAll(() => {
  process.stdout.write(`${JSON.stringify({ seed: SEED, seconds: SECONDS, crashes, targets: figures })}\n`);
});

test('a reader that breaks on one input in many is found, with that input', async () => {
  const brittle: Target = {
    name: 'brittle',
    words: ['odd'],
    corpus: async () => [utf8('an even text')],
    async read(input) {
      if (Buffer.from(input).includes('odd')) throw new RangeError('not meant');
    },
  };
  const found = await fuzz(brittle, { seed: 1, seconds: 30 }).catch((error: unknown) => error);
  expect(found).toBeInstanceOf(FuzzFinding);
  expect((found as FuzzFinding).cause).toBeInstanceOf(RangeError);
  const [, input = ''] = /failed on (\S+)$/.exec((found as FuzzFinding).message) ?? [];
  expect(Buffer.from(input, 'base64').includes('odd')).toBe(true);
}, 60_000);
