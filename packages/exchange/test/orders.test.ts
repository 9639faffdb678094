// Goal: the worklist knows for whom a study was made, guesses nothing, keeps orders sealed and no longer than it should, and goes on when an origin does not. Method: a real folder archive; origins and clock are the test's.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sampleInstance } from '@radledger/imaging/conformance';
import { ImagingError, type Order, type OrderNotice, type OrderOrigin } from '@radledger/imaging';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Appointment } from '../src/source/index.js';
import { TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { claimStudy, DAY_MS } from './test-patient.js';

let hospital: TestHospital;
let told: OrderNotice[];
let failure: Error | undefined;

/** Gives what the test put into `told`, again and again. */
const origin: OrderOrigin = {
  name: 'test',
  async look(take) {
    for (const notice of told) await take(notice);
    if (failure !== undefined) throw failure;
    return { refused: 0, code: undefined };
  },
};
const orders = { origins: [origin], keepMs: 30 * DAY_MS };

beforeEach(async () => {
  told = [];
  failure = undefined;
  hospital = await TestHospital.open();
  await rm(hospital.archive, { recursive: true });
  await mkdir(hospital.archive);
  await reopen();
});
afterEach(() => hospital.close());

async function reopen(more: { issuer?: string } = {}): Promise<void> {
  await hospital.source.close();
  await hospital.openSource({ orders: { ...orders, ...more } });
}

const order = (changes: Partial<Order> = {}): Order => ({
  accession: { number: 'A-17', issuer: 'RIS' },
  studyInstanceUid: '2.25.1',
  patient: { name: 'Zebrafinch, Ottoline', id: 'PID7731', birthDate: '1961-04-07' },
  description: 'MRI of the knee',
  modality: 'MR',
  scheduledAt: undefined,
  ...changes,
});
const tell = async (...notices: readonly (Order | OrderNotice)[]): Promise<void> => {
  told = notices.map((each) => ('order' in each ? each : { order: each, isCancelled: false }));
  await hospital.source.lookForOrders();
};
/** A study of one image in the archive, with an accession number where one is given. */
const addStudy = (studyInstanceUid: string, accessionNumber?: string): Promise<void> => {
  const uids = { studyInstanceUid, seriesInstanceUid: '2.25.90', sopInstanceUid: `${studyInstanceUid}.1` };
  const file = sampleInstance({ ...uids, ...(accessionNumber === undefined ? {} : { accessionNumber }) });
  return writeFile(join(hospital.archive, `${studyInstanceUid}.dcm`), file);
};
async function shown(): Promise<Record<string, readonly (string | undefined)[]>> {
  const entries: Record<string, readonly (string | undefined)[]> = {};
  for await (const { study, orders: own } of hospital.source.appointments()) {
    entries[study?.studyInstanceUid ?? 'expected'] = [
      ...(entries[study?.studyInstanceUid ?? 'expected'] ?? []),
      ...own.map(({ accession }) => accession?.number),
    ];
  }
  return entries;
}

test('an order is expected until its images are there, then it stands beside its study', async () => {
  await tell(order());
  expect(await shown()).toEqual({ expected: ['A-17'] });
  await addStudy('2.25.1');
  const entries: Appointment[] = [];
  for await (const entry of hospital.source.appointments()) entries.push(entry);
  expect(entries).toMatchObject([
    { study: { studyInstanceUid: '2.25.1', state: 'draft', instances: 1 }, orders: [{ patient: { id: 'PID7731' } }] },
  ]);
});

test('the accession number joins where the study is not named; issuers must agree, and none is another than some', async () => {
  await addStudy('2.25.1', 'A-17');
  await addStudy('2.25.2', 'A-18');
  const nameless = { studyInstanceUid: undefined };
  await tell(
    order({ ...nameless, accession: { number: 'A-17', issuer: 'RIS' } }),
    order({ ...nameless, accession: { number: 'A-18', issuer: undefined } }),
  );
  expect(await shown()).toEqual({ '2.25.1': [], '2.25.2': ['A-18'], expected: ['A-17'] });
  // The site says whose the numbers are that name nobody.
  await reopen({ issuer: 'RIS' });
  await tell(order({ ...nameless, accession: { number: 'A-18', issuer: undefined } }));
  expect(await shown()).toMatchObject({ '2.25.1': ['A-17'], '2.25.2': ['A-18'] });
});

test('an order that names one study is not shown beside another with its number', async () => {
  await addStudy('2.25.1', 'A-17');
  await addStudy('2.25.2', 'A-17');
  await tell(order({ studyInstanceUid: '2.25.1', accession: { number: 'A-17', issuer: undefined } }));
  expect(await shown()).toEqual({ '2.25.1': ['A-17'], '2.25.2': [] });
});

test('one study may have been made for several orders', async () => {
  await addStudy('2.25.1');
  await tell(order(), order({ accession: { number: 'A-18', issuer: 'RIS' } }));
  expect(await shown()).toEqual({ '2.25.1': ['A-17', 'A-18'] });
});

test('a later notice changes an order, keeps the study that an earlier one named, and may cancel it', async () => {
  await tell(order());
  await tell(order({ studyInstanceUid: undefined, description: 'MRI of both knees' }));
  await addStudy('2.25.1');
  for await (const { orders: own } of hospital.source.appointments()) {
    expect(own).toMatchObject([{ description: 'MRI of both knees', studyInstanceUid: '2.25.1' }]);
  }
  await tell({ order: order({ studyInstanceUid: undefined }), isCancelled: true });
  expect(await shown()).toEqual({ '2.25.1': [] });
  expect(hospital.source.orders.kept).toBe(0);
});

test('orders outlive a restart, and nothing in the database names a patient', async () => {
  await tell(order());
  const names = /Zebrafinch|PID7731|A-17|knee|1961-04-07|2\.25\.1/;
  for await (const [key, value] of hospital.sourceDatabase.iterator()) {
    expect(`${key} ${Buffer.from(value).toString('latin1')}`).not.toMatch(names);
  }
  await reopen();
  expect(await shown()).toEqual({ expected: ['A-17'] });
});

test('an order is dropped when its time is over: after it was last told, and after it was to take place', async () => {
  const { ledger } = hospital;
  const inDays = (days: number): string => new Date(ledger.nowMs + days * DAY_MS).toISOString().slice(0, 10);
  await tell(order(), order({ accession: { number: 'A-18', issuer: 'RIS' }, scheduledAt: `${inDays(20)}T10:30` }));
  told = [];
  ledger.nowMs += 30 * DAY_MS + 1;
  await hospital.source.lookForOrders();
  expect(await shown()).toEqual({ expected: ['A-18'] });
  ledger.nowMs += 21 * DAY_MS;
  await hospital.source.lookForOrders();
  expect(await shown()).toEqual({});
});

test('a source without origins keeps no orders', async () => {
  await tell(order());
  await hospital.source.close();
  await hospital.openSource();
  expect(hospital.source.orders).toEqual({ kept: 0, origins: [] });
  await reopen();
  expect(hospital.source.orders.kept).toBe(0);
});

test('what an origin gives again and again is written once a day', async () => {
  let writes = 0;
  hospital.sourceDatabase.on('write', () => void writes++);
  await tell(order());
  await hospital.source.lookForOrders();
  expect(writes).toBe(1);
  hospital.ledger.nowMs += DAY_MS;
  await hospital.source.lookForOrders();
  expect(writes).toBe(2);
});

test('an origin that cannot be looked at says so, and keeps no other from its own', async () => {
  await hospital.source.close();
  const other: OrderOrigin = {
    name: 'other',
    look: () => Promise.reject(new ImagingError({ code: 'ARCHIVE_UNAVAILABLE', reason: 'ECONNREFUSED' }, 'away')),
  };
  await hospital.openSource({ orders: { ...orders, origins: [other, origin] } });
  expect(hospital.source.orders.origins).toMatchObject([{ lookedAtMs: undefined }, { lookedAtMs: undefined }]);
  await tell(order());
  const { nowMs } = hospital.ledger;
  expect(hospital.source.orders).toEqual({
    kept: 1,
    origins: [
      { name: 'other', lookedAtMs: nowMs, code: 'ARCHIVE_UNAVAILABLE', reason: 'ECONNREFUSED', refused: 0 },
      { name: 'test', lookedAtMs: nowMs, code: undefined, reason: undefined, refused: 0 },
    ],
  });
  expect(hospital.failures.splice(0)).toHaveLength(1);
  failure = new Error('a bug');
  await tell();
  expect(hospital.source.orders.origins[1]).toMatchObject({ code: 'UNKNOWN' });
});

test('an origin that takes its time keeps no other waiting', async () => {
  await hospital.source.close();
  let answer: () => void = () => undefined;
  const slow: OrderOrigin = {
    name: 'slow',
    look: () =>
      new Promise((resolve) => {
        answer = () => resolve({ refused: 1, code: 'ORDER_UNIDENTIFIED' });
      }),
  };
  const source = await hospital.openSource({ orders: { ...orders, origins: [slow, origin] } });
  told = [{ order: order(), isCancelled: false }];
  const looking = source.lookForOrders('slow');
  await source.lookForOrders('test');
  expect(source.orders).toMatchObject({ kept: 1, origins: [{ lookedAtMs: undefined }, { code: undefined }] });
  answer();
  await looking;
  expect(source.orders.origins[0]).toMatchObject({ code: 'ORDER_UNIDENTIFIED', refused: 1 });
});

test('an order plays no part in what is published: its patient is claimed as ever', async () => {
  await hospital.define();
  await addStudy('2.25.1');
  await tell(order());
  const { source } = hospital;
  const invitation = await source.invite({ studyInstanceUid: '2.25.1', label: 'MRI of the knee' });
  await claimStudy(source, invitation, await signerOf('patient'));
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
  expect(await shown()).toEqual({ '2.25.1': ['A-17'] });
});
