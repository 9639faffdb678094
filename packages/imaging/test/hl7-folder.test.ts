// Goal: a message in the folder is an order that is kept, then a file in `done`; nothing is lost when taking fails, and nothing blocks the rest. Method: a real folder; the clock is the test's.
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OrderNotice } from '../src/order.js';
import { createHl7Folder } from '../src/orders/index.js';

const DAY_MS = 86_400_000;
let folder: string;
let nowMs: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-orders-'));
  nowMs = Date.parse('2026-11-29T08:00Z');
});
afterEach(() => rm(folder, { recursive: true }));

const messageOf = (number: string): string =>
  ['MSH|^~\\&|RIS||||||ORM^O01', 'PID|||7||Doe^Jane', 'ORC|NW', `OBR|1||${number}|X^MRI`].join('\r');
const drop = (name: string, number: string): Promise<void> => writeFile(join(folder, name), messageOf(number));
const open = () => createHl7Folder({ folder, keepDays: 30, now: () => nowMs });
const taking = (numbers: string[]) => async (notice: OrderNotice) =>
  void numbers.push(notice.order.accession?.number ?? '');

async function files(): Promise<readonly string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((each) => !each.isDirectory())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .sort();
}

test('messages are taken in the order of their names and moved; what cannot be read is put aside by its code', async () => {
  await drop('2.hl7', 'B');
  await drop('1.hl7', 'A');
  await writeFile(join(folder, '3.hl7'), 'hello');
  await writeFile(join(folder, '4.hl7'), messageOf('D').replace('ORM^O01', 'ADT^A01'));
  const taken: string[] = [];
  expect(await open().look(taking(taken))).toEqual({ refused: 2, code: 'ORDER_MALFORMED' });
  expect(taken).toEqual(['A', 'B']);
  expect(await files()).toEqual([
    'done/2026-11-29/1.hl7',
    'done/2026-11-29/2.hl7',
    'refused/2026-11-29/ORDER_MALFORMED/3.hl7',
    'refused/2026-11-29/ORDER_UNSUPPORTED/4.hl7',
  ]);
  expect(await open().look(taking(taken))).toEqual({ refused: 0, code: undefined });
});

test('a message whose order could not be kept stays, and is given again', async () => {
  await drop('1.hl7', 'A');
  const orders = open();
  await expect(orders.look(() => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
  expect(await files()).toEqual(['1.hl7']);
  const taken: string[] = [];
  await orders.look(taking(taken));
  expect(taken).toEqual(['A']);
});

test('what is being written, links and folders are passed over; a file of 2 MiB is not read to its end', async () => {
  await drop('.1.hl7', 'A');
  await mkdir(join(folder, 'sub'));
  await drop('sub/2.hl7', 'B');
  await symlink('/etc/passwd', join(folder, '3.hl7'));
  await writeFile(join(folder, '4.hl7'), Buffer.alloc(2 * 1024 * 1024));
  expect(await open().look(() => Promise.resolve())).toEqual({ refused: 1, code: 'ORDER_TOO_LARGE' });
  expect(await files()).toEqual(['.1.hl7', '3.hl7', 'refused/2026-11-29/ORDER_TOO_LARGE/4.hl7', 'sub/2.hl7']);
});

test('one look takes 1,000 files', async () => {
  for (let number = 0; number < 1_002; number++) await drop(`${number}.hl7`, 'A');
  const taken: string[] = [];
  await open().look(taking(taken));
  expect(taken).toHaveLength(1_000);
  await open().look(taking(taken));
  expect(taken).toHaveLength(1_002);
});

test('files are dropped when their days are over', async () => {
  await drop('1.hl7', 'A');
  await writeFile(join(folder, '2.hl7'), 'hello');
  await open().look(() => Promise.resolve());
  nowMs += 30 * DAY_MS;
  await open().look(() => Promise.resolve());
  expect(await files()).toHaveLength(2);
  nowMs += DAY_MS;
  await open().look(() => Promise.resolve());
  expect(await files()).toEqual([]);
});

test('a folder that is not there, or may not be written to, is a code without a path', async () => {
  const nowhere = createHl7Folder({ folder: join(folder, 'none') });
  await expect(nowhere.look(() => Promise.resolve())).rejects.toMatchObject({
    code: 'FOLDER_UNUSABLE',
    info: { systemCode: 'ENOENT' },
  });
  await drop('1.hl7', 'A');
  await symlink('/dev/null', join(folder, 'done'));
  const error: unknown = await open()
    .look(() => Promise.resolve())
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'FOLDER_UNUSABLE' });
  expect(String(error)).not.toContain(folder);
});

test('a character set that nobody knows is refused at once', () => {
  expect(() => createHl7Folder({ folder, characterSet: 'EBCDIC' })).toThrow(TypeError);
});
