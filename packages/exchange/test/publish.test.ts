/**
 * Publishing survives a stop anywhere. Method: the gateway's database is cut off before or after its n-th batch, for every n
 * that a publication has; whatever lives on in memory can change nothing more; a fresh gateway over the same records ends the work.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ImagingError, type PacsConnector } from '@radledger/imaging';
import { createFolderSource } from '@radledger/imaging/folder';
import { sampleInstance } from '@radledger/imaging/testing';
import type { ExchangeDatabase } from '../src/index.js';
import { decodeTransaction } from '@radledger/transactions';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { claimStudy, prepareClaim } from './test-patient.js';

let hospital: TestHospital;

beforeEach(async () => {
  hospital = await TestHospital.open();
  await hospital.define();
});

afterEach(async () => {
  await hospital.close();
});

/** A database that dies at its n-th batch. */
function dying(
  database: ExchangeDatabase,
  batches: number,
  when: 'before' | 'after',
): ExchangeDatabase & { isDead(): boolean } {
  let left = batches;
  let dead = false;
  const check = (): void => {
    if (dead) throw new Error('the machine lost power');
  };
  return new Proxy(database, {
    get(target, property) {
      if (property === 'isDead') return () => dead;
      const value = Reflect.get(target, property, target) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        check();
        if (property === 'batch') {
          left -= 1;
          if (left === 0 && when === 'before') {
            dead = true;
            check();
          }
          const written = (value as (...all: unknown[]) => Promise<void>).apply(target, args);
          return written.then(() => {
            if (left === 0) {
              dead = true;
              check();
            }
          });
        }
        return (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  }) as ExchangeDatabase & { isDead(): boolean };
}

async function definitions(): Promise<number> {
  const { ledger } = hospital;
  let count = 0;
  for (let height = 1; height <= ledger.height; height++) {
    for (const bytes of await ledger.transactionsAt(height)) {
      if (decodeTransaction(bytes, ledger.chainId).transaction.kind === 'define-study') count += 1;
    }
  }
  return count;
}

describe.each(['before', 'after'] as const)('power is lost %s the n-th batch', (when) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('n = %i', async (batches) => {
    const studyInstanceUid = await hospital.studyInstanceUid();
    const invitation = await hospital.source.invite({ studyInstanceUid, label: 'MRI, head' });
    await hospital.source.close();
    const database = dying(hospital.sourceDatabase, batches, when);
    const owner = await signerOf('patient');
    const { claim } = await prepareClaim(invitation, owner);
    try {
      await hospital.openSource({ database });
      await hospital.source.claim(claim);
      await hospital.finalizeUntil(async () => database.isDead() || (await hospital.stateOfStudy()) === 'published');
    } catch (error) {
      if (!database.isDead()) throw error;
    }
    await hospital.source.close();
    await hospital.openSource();
    await hospital.source.claim(claim); // the app that got no answer asks again
    await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
    expect(await definitions()).toBe(1);
  });
});

test('an unreachable node only delays publishing', async () => {
  const { ledger, source } = hospital;
  const invitation = await source.invite({ studyInstanceUid: await hospital.studyInstanceUid(), label: 'MRI, head' });
  ledger.isUnreachable = true;
  await claimStudy(source, invitation, await signerOf('patient'));
  await eventually(() => hospital.failures.length > 0);
  ledger.isUnreachable = false;
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
  expect(await definitions()).toBe(1);
});

test('a claim that is on disk is published after a stop right behind it, though nobody claims again', async () => {
  await hospital.source.close();
  const folder = createFolderSource({ folder: hospital.archive });
  const stopped = (): Promise<never> => Promise.reject(new Error('the machine lost power'));
  await hospital.openSource({ connector: { ...folder, openStudy: stopped } });
  const invitation = await hospital.source.invite({
    studyInstanceUid: await hospital.studyInstanceUid(),
    label: 'MRI',
  });
  await claimStudy(hospital.source, invitation, await signerOf('patient'));
  await eventually(() => hospital.failures.length > 0);
  expect(await hospital.stateOfStudy()).toBe('claimed');
  await hospital.source.close();
  await hospital.openSource();
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
  expect(await definitions()).toBe(1);
});

test('an archive that is away only delays publishing, and is not asked for each study', async () => {
  const folder = createFolderSource({ folder: hospital.archive });
  let isAway = true;
  let asked = 0;
  const connector: PacsConnector = {
    ...folder,
    openStudy(studyInstanceUid) {
      asked += 1;
      if (isAway) {
        const info = { code: 'ARCHIVE_UNAVAILABLE', reason: 'ECONNREFUSED' } as const;
        return Promise.reject(new ImagingError(info, 'the archive does not answer'));
      }
      return folder.openStudy(studyInstanceUid);
    },
  };
  await hospital.source.close();
  await hospital.openSource({ connector });
  const invitation = await hospital.source.invite({
    studyInstanceUid: await hospital.studyInstanceUid(),
    label: 'MRI',
  });
  await claimStudy(hospital.source, invitation, await signerOf('patient'));
  await eventually(() => asked > 0);
  await hospital.ledger.finalize();
  for await (const { state, code } of hospital.source.worklist()) {
    expect({ state, code }).toEqual({ state: 'claimed', code: 'ARCHIVE_UNAVAILABLE' });
  }
  isAway = false;
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
  expect(await definitions()).toBe(1);
});

test('a transaction that no block took in time is signed anew, and the study is published once', async () => {
  const { ledger, source } = hospital;
  const invitation = await source.invite({ studyInstanceUid: await hospital.studyInstanceUid(), label: 'MRI, head' });
  await claimStudy(source, invitation, await signerOf('patient'));
  await eventually(() => ledger.pending.length === 1);
  const first = ledger.pending[0]?.transaction.expiryHeight as number;
  while (ledger.height <= first) await ledger.finalize({ without: () => true });
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published', 400);
  expect(await definitions()).toBe(1);
});

test('a study that cannot be planned fails with its code, and is taken up again by retry', async () => {
  const { source } = hospital;
  const studyInstanceUid = await hospital.studyInstanceUid();
  const invitation = await source.invite({ studyInstanceUid, label: 'MRI, head' });
  const duplicate = join(hospital.archive, 'copy.dcm');
  await writeFile(duplicate, await readFile(join(hospital.archive, 'brain_001.dcm')));
  await claimStudy(source, invitation, await signerOf('patient'));
  await eventually(async () => (await hospital.stateOfStudy()) === 'failed');
  for await (const { code } of source.worklist()) expect(code).toBe('DUPLICATE_INSTANCE');
  await rm(duplicate);
  await source.retry(studyInstanceUid);
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
});

test('amend publishes new content, retire ends the study', async () => {
  const { ledger, source } = hospital;
  const studyInstanceUid = await hospital.studyInstanceUid();
  const invitation = await source.invite({ studyInstanceUid, label: 'MRI, head' });
  const { disclosure } = await claimStudy(source, invitation, await signerOf('patient'));
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
  await expect(source.amend(studyInstanceUid)).rejects.toMatchObject({ code: 'UNCHANGED' });
  await rm(join(hospital.archive, 'brain_001.dcm'));
  const { content } = await source.amend(studyInstanceUid);
  expect(await hospital.stateOfStudy()).toBe('amending');
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
  expect((await ledger.study(source.source, disclosure.studyId))?.content).toEqual(content);
  await source.retire(studyInstanceUid, 'no-longer-held');
  expect(await hospital.stateOfStudy()).toBe('retiring');
  await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'retired');
  expect((await ledger.study(source.source, disclosure.studyId))?.retired).toMatchObject({ reason: 'no-longer-held' });
});

test('what one patient claims in one sitting goes out at random times within the span, after the first; one that cannot wait goes now', async () => {
  const HOUR_MS = 3_600_000;
  await hospital.source.close();
  await hospital.openSource({ spreadClaimsMs: 12 * HOUR_MS });
  const uids = ['2.25.81', '2.25.82', '2.25.83', '2.25.84'];
  for (const studyInstanceUid of uids) {
    const ids = {
      studyInstanceUid,
      seriesInstanceUid: `${studyInstanceUid}.1`,
      sopInstanceUid: `${studyInstanceUid}.2`,
    };
    const file = sampleInstance({ ...ids, patient: { name: 'Roe^Jane', id: '4711' } });
    await writeFile(join(hospital.archive, `${studyInstanceUid}.dcm`), file);
  }
  for (const [index, studyInstanceUid] of uids.entries()) {
    const invitation = await hospital.source.invite({ studyInstanceUid, label: 'MRI' });
    await claimStudy(hospital.source, invitation, await signerOf(`patient ${index}`));
  }
  const states = async () => {
    const found = new Map<string, string>();
    for await (const { studyInstanceUid, state } of hospital.source.worklist()) found.set(studyInstanceUid, state);
    return uids.map((uid) => found.get(uid));
  };
  await hospital.finalizeUntil(async () => (await states())[0] === 'published');
  await hospital.finalizeUntil(async () => (await states()).every((state) => state !== 'claimed'));
  expect(await states()).toEqual(['published', 'planned', 'planned', 'planned']);
  await hospital.source.retry(uids[1] as string);
  await hospital.finalizeUntil(async () => (await states())[1] === 'published');
  expect(await states()).toEqual(['published', 'published', 'planned', 'planned']);
  hospital.ledger.nowMs += 12 * HOUR_MS;
  await hospital.finalizeUntil(async () => (await states()).every((state) => state === 'published'));
  expect(await definitions()).toBe(4);
});
