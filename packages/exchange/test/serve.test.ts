/** Who is served what over ITI-43: grants, first sight, old views, equal refusals, changed studies, replays. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ImagingError } from '@radledger/imaging';
import { createFolderSource } from '@radledger/imaging/folder';
import { decodeManifest } from '@radledger/transactions';
import { fromHex, randomBytes, type Signer, toHex } from '@radledger/primitives';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SecretBox } from '../src/index.js';
import { ask, outcomeOf, post, retrieve, signedMessage } from './test-consumer.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf, type TestLedger } from './test-ledger.js';
import { look } from './test-viewer.js';
import {
  allow,
  askForSecret,
  createDelegation,
  createMove,
  createRevoke,
  DAY_MS,
  publishedStudy,
  type TestPatient,
} from './test-patient.js';

let hospital: TestHospital;
let ledger: TestLedger;
let patient: TestPatient;
let practice: Signer;
let studyId: string;

beforeEach(async () => {
  hospital = await TestHospital.open();
  ledger = hospital.ledger;
  patient = await publishedStudy(hospital);
  practice = await signerOf('practice');
  studyId = toHex(patient.disclosure.studyId);
});

afterEach(async () => {
  await hospital.close();
});

const REFUSED = 'XDSDocumentUniqueIdError';
const served = expect.stringMatching(/^served \d+$/);

/** Finalizes until the view has taken the newest block in. */
async function settle(options: Parameters<TestLedger['finalize']>[0] = {}): Promise<void> {
  await ledger.finalize(options);
  await eventually(() => hospital.source.view.head.height === ledger.height);
}

/** Serves the practice with a live grant. */
async function grant(sequence = 1): Promise<void> {
  await allow(ledger, patient, practice.publicKey, { sequence });
  await settle();
  expect(await ask(hospital, practice, studyId)).toEqual(served);
}

describe('who may read', () => {
  test('a grant counts only when it is final, and ends at its time', async () => {
    expect(await ask(hospital, practice, studyId)).toBe(REFUSED);
    await allow(ledger, patient, practice.publicKey, { notAfterMs: ledger.nowMs + 2 * DAY_MS });
    expect(await ask(hospital, practice, studyId)).toBe(REFUSED);
    await settle();
    expect(await ask(hospital, practice, studyId)).toEqual(served);
    ledger.nowMs += 2 * DAY_MS;
    await settle();
    expect(await ask(hospital, practice, studyId)).toBe(REFUSED);
  });

  test('the owner reads without a grant; a stranger does not', async () => {
    expect(await ask(hospital, patient.owner, studyId)).toEqual(served);
    expect(await ask(hospital, await signerOf('stranger'), studyId)).toBe(REFUSED);
  });

  test('Move Owner ends all grants; the new owner gets a new salt and the old one nothing', async () => {
    await grant();
    const heir = await signerOf('heir');
    const { bytes } = await createMove(ledger, patient, heir);
    await ledger.submit(bytes);
    await settle();
    await settle();
    expect(await ask(hospital, practice, studyId)).toBe(REFUSED);
    expect(await ask(hospital, patient.owner, studyId)).toBe(REFUSED);
    expect(await ask(hospital, heir, studyId)).toEqual(served);
    await expect(askForSecret(ledger, hospital.source, fromHex(studyId), patient.owner)).rejects.toMatchObject({
      code: 'STUDY_UNKNOWN',
    });
    const disclosure = await askForSecret(ledger, hospital.source, fromHex(studyId), heir);
    expect(disclosure.era).toBe(1);
    expect(disclosure.grantSalt).not.toEqual(patient.disclosure.grantSalt);
    expect(disclosure.studySalt).toEqual(patient.disclosure.studySalt);
    patient = { owner: heir, disclosure };
    await grant(2);
    await hospital.source.close();
    await hospital.openSource();
    expect((await askForSecret(ledger, hospital.source, fromHex(studyId), heir)).grantSalt).toEqual(
      disclosure.grantSalt,
    );
  });

  test('a delegate is told what she needs to allow until her end; the owner’s note stays the owner’s', async () => {
    const delegate = await signerOf('delegate');
    const id = fromHex(studyId);
    const askAs = (signer: Signer, note?: Uint8Array) => askForSecret(ledger, hospital.source, id, signer, note);
    const note = randomBytes(40);
    await askAs(patient.owner, note);
    await expect(askAs(delegate)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
    const { bytes } = await createDelegation(ledger, patient, delegate, ledger.nowMs + DAY_MS);
    await ledger.submit(bytes);
    await settle();
    ledger.nowMs += 1_000;
    const told = await askAs(delegate, randomBytes(40));
    expect(told.grantSalt).toEqual(patient.disclosure.grantSalt);
    expect(told.note).toBeUndefined();
    expect((await askAs(patient.owner)).note?.sealed).toEqual(note);
    ledger.nowMs += DAY_MS;
    await settle();
    await expect(askAs(delegate)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
  });

  test('another repositoryUniqueId', async () => {
    const result = await retrieve(hospital, practice, studyId, toHex(randomBytes(32)));
    expect(await outcomeOf(result)).toBe('XDSUnknownRepositoryId');
  });

  test('retiring ends serving before it is final', async () => {
    await grant();
    await hospital.source.retire(patient.disclosure.studyInstanceUid, 'wrong-patient');
    expect(await ask(hospital, practice, studyId)).toBe(REFUSED);
    expect(await ask(hospital, patient.owner, studyId)).toBe(REFUSED);
  });
});

describe('first sight', () => {
  test('a revocation ends serving before it is final, over a restart, until it is final', async () => {
    await grant();
    await ledger.submit((await createRevoke(ledger, patient, practice.publicKey)).bytes);
    await eventually(() => hospital.source.suspended === 1);
    expect(await ask(hospital, practice, studyId)).toBe(REFUSED);
    expect(await ask(hospital, patient.owner, studyId)).toEqual(served);
    await hospital.source.close();
    await hospital.openSource();
    expect(hospital.source.suspended).toBe(1);
    expect(await ask(hospital, practice, studyId)).toBe(REFUSED);
    await settle();
    await eventually(() => hospital.source.suspended === 0);
    expect(await ask(hospital, practice, studyId)).toBe(REFUSED);
  });

  // Regression: the suspension was lifted by the node's newest cells while older ones were still served from the cache.
  test('a revocation that is final further on than the view is never served past', async () => {
    await grant();
    const revoke = await createRevoke(ledger, patient, practice.publicKey);
    await ledger.submit(revoke.bytes);
    await eventually(() => hospital.source.suspended === 1);
    const before = ledger.height;
    await ledger.finalize({ untold: true, without: () => true });
    await ledger.finalize({ untold: true });
    ledger.tellOf(before + 1);
    await eventually(() => hospital.source.suspended === 0);
    expect(hospital.source.view.head.height).toBe(before + 1);
    expect(await ask(hospital, practice, studyId)).toBe(REFUSED);
  });

  test('it is sent again with every heartbeat, also after the node forgot it', async () => {
    await grant();
    const revoke = await createRevoke(ledger, patient, practice.publicKey);
    await ledger.submit(revoke.bytes);
    await eventually(() => hospital.source.suspended === 1);
    ledger.forget();
    expect(ledger.pending).toHaveLength(0);
    ledger.heartbeat();
    await eventually(() => ledger.pending.some(({ txId }) => toHex(txId) === toHex(revoke.txId)));
  });

  test('a later Allow that becomes final first overtakes it', async () => {
    await grant();
    await ledger.submit((await createRevoke(ledger, patient, practice.publicKey, 2)).bytes);
    await eventually(() => hospital.source.suspended === 1);
    await allow(ledger, patient, practice.publicKey, { sequence: 3 });
    await settle({ without: ({ transaction }) => transaction.kind === 'revoke-access' });
    await eventually(() => hospital.source.suspended === 0);
    expect(await ask(hospital, practice, studyId)).toEqual(served);
  });

  test('Move Owner suspends the whole study, until its expiryHeight is final', async () => {
    await grant();
    const move = await createMove(ledger, patient, await signerOf('heir'), ledger.height + 3);
    await ledger.submit(move.bytes);
    await eventually(() => hospital.source.suspended === 1);
    expect(await ask(hospital, practice, studyId)).toBe(REFUSED);
    expect(await ask(hospital, patient.owner, studyId)).toBe(REFUSED);
    while (ledger.height < move.transaction.expiryHeight) {
      expect(hospital.source.suspended).toBe(1);
      await settle({ without: () => true });
    }
    await eventually(() => hospital.source.suspended === 0);
    expect(await ask(hospital, practice, studyId)).toEqual(served);
  });

  test('a revocation by somebody who may not revoke suspends nothing', async () => {
    await grant();
    const stranger: TestPatient = { ...patient, owner: await signerOf('stranger') };
    ledger.announce((await createRevoke(ledger, stranger, practice.publicKey)).bytes);
    const { bytes } = await createRevoke(ledger, patient, practice.publicKey);
    const forged = bytes.slice();
    forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1; // the signature stands last
    ledger.announce(forged);
    ledger.announce(new Uint8Array(40));
    await settle();
    expect(hospital.source.suspended).toBe(0);
    expect(await ask(hospital, practice, studyId)).toEqual(served);
  });

  test('when the node cannot be asked, a well-signed revocation suspends all the same', async () => {
    await grant();
    const revoke = await createRevoke(ledger, patient, practice.publicKey);
    ledger.isUnreachable = true;
    ledger.announce(revoke.bytes);
    await eventually(() => hospital.source.suspended === 1);
    ledger.isUnreachable = false;
    expect(await ask(hospital, practice, studyId)).toBe(REFUSED);
  });
});

describe('an old view', () => {
  test('serves nothing after 60 s, and serves again with a fresh proof', async () => {
    await grant();
    ledger.nowMs += 60_001;
    expect(await ask(hospital, practice, studyId)).toBe('XDSRepositoryBusy');
    expect(await ask(hospital, practice, toHex(randomBytes(32)))).toBe('XDSRepositoryBusy');
    await expect(askForSecret(ledger, hospital.source, fromHex(studyId), patient.owner)).rejects.toMatchObject({
      code: 'VIEW_STALE',
    });
    ledger.heartbeat();
    await eventually(() => hospital.source.view.isUsable());
    expect(await ask(hospital, practice, studyId)).toEqual(served);
  });

  test('a node that lives but verifies no proof does not keep it young', async () => {
    await grant();
    ledger.nowMs += 60_001;
    ledger.heartbeat(60_001);
    await settleEvents();
    expect(await ask(hospital, practice, studyId)).toBe('XDSRepositoryBusy');
  });
});

describe('a network that has proven that it stands still', () => {
  const HOUR = 3_600_000;

  let stillMs = 0;
  beforeEach(() => {
    stillMs = 0;
  });
  async function stillFor(ms: number): Promise<void> {
    stillMs += ms;
    ledger.nowMs += ms;
    ledger.heartbeat(stillMs, true);
    await settleEvents();
  }

  test('is served from for a day, and no longer', async () => {
    await grant();
    await stillFor(HOUR);
    expect(hospital.source.view.standing()).toBe('halted');
    expect(await ask(hospital, practice, studyId)).toEqual(served);
    await stillFor(24 * HOUR);
    expect(hospital.source.view.standing()).toBe('stale');
    expect(await ask(hospital, practice, studyId)).toBe('XDSRepositoryBusy');
  });

  test('a revocation seen meanwhile counts at once', async () => {
    await grant();
    await stillFor(HOUR);
    await ledger.submit((await createRevoke(ledger, patient, practice.publicKey)).bytes);
    await eventually(() => hospital.source.suspended === 1);
    expect(await ask(hospital, practice, studyId)).toBe(REFUSED);
  });

  test('counts only as long as the node goes on saying so', async () => {
    await grant();
    await stillFor(HOUR);
    ledger.nowMs += 60_001;
    expect(await ask(hospital, practice, studyId)).toBe('XDSRepositoryBusy');
    await stillFor(HOUR);
    expect(await ask(hospital, practice, studyId)).toEqual(served);
    ledger.heartbeat(stillMs, false);
    await settleEvents();
    expect(await ask(hospital, practice, studyId)).toBe('XDSRepositoryBusy');
  });
});

/** Lets the view read every event that was sent. */
async function settleEvents(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('unknown, not granted and revoked', () => {
  /** One unknown study, one reader without a grant, one whose grant was revoked. */
  async function cases(): Promise<readonly { name: string; signer: Signer; id: string }[]> {
    await allow(ledger, patient, practice.publicKey);
    await settle();
    await ledger.submit((await createRevoke(ledger, patient, practice.publicKey)).bytes);
    await settle();
    await settle();
    return [
      { name: 'unknown', signer: practice, id: toHex(randomBytes(32)) },
      { name: 'not granted', signer: await signerOf('stranger'), id: studyId },
      { name: 'revoked', signer: practice, id: studyId },
    ];
  }

  test('are answered with the same bytes', async () => {
    const answers = [];
    for (const { signer, id } of await cases()) {
      const envelope = await signedMessage(hospital, signer, id);
      const messageId = /MessageID[^>]*>([^<]+)</.exec(Buffer.from(envelope).toString())?.[1] as string;
      const { status, body } = await post(hospital, envelope);
      const boundary = /^(?:\r\n)?--([^\r\n]+)/.exec(body)?.[1] as string;
      const known = body.replaceAll(id, 'ID').replaceAll(messageId, 'MESSAGE').replaceAll(boundary, 'BOUNDARY');
      answers.push({ status, body: known.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID') });
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(answers[0]?.body).toContain(REFUSED);
  });

  test('cost the same reads, openings and hashes, the first time and again', async () => {
    const asked = await cases();
    await hospital.source.close();
    const work = { gets: 0, opens: 0, openedBytes: 0 };
    const database = new Proxy(hospital.sourceDatabase, {
      get(target, property) {
        const value = Reflect.get(target, property, target) as unknown;
        if (property === 'get') work.gets += 1;
        return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      },
    });
    const secretBox: SecretBox = {
      seal: (name, plaintext) => hospital.secretBox.seal(name, plaintext),
      open(name, sealed) {
        work.opens += 1;
        return hospital.secretBox.open(name, sealed);
      },
    };
    await hospital.openSource({ database, secretBox });
    await settleEvents();
    const measure = async ({ signer, id }: { signer: Signer; id: string }) => {
      const before = { ...work, ...ledger.reads };
      const verdict = await hospital.source.authorise({ studyId: fromHex(id), signer: signer.publicKey });
      expect(verdict).toEqual({ allowed: false, reason: 'refused' });
      const after = { ...work, ...ledger.reads };
      return Object.fromEntries(
        Object.entries(after).map(([key, count]) => [key, count - before[key as keyof typeof before]]),
      );
    };
    for (const round of ['cold', 'cached']) {
      const costs = [];
      for (const one of asked) costs.push(await measure(one));
      const cellReads = round === 'cold' ? 1 : 0;
      expect(costs[0]).toMatchObject({ gets: 1, opens: 1, study: cellReads, grant: cellReads });
      expect(costs[1]).toEqual(costs[0]);
      expect(costs[2]).toEqual(costs[0]);
    }
  });
});

describe('documents', () => {
  test('the version is the content on the ledger; the manifest is the one it commits to', async () => {
    await grant();
    const result = await retrieve(hospital, practice, `${studyId}.manifest`);
    try {
      for await (const document of result.documents) {
        const cell = await ledger.study(hospital.source.source, fromHex(studyId));
        expect(document.newDocumentUniqueId).toBe(toHex(cell?.content as Uint8Array));
        const chunks: Uint8Array[] = [];
        for await (const chunk of document.content) chunks.push(chunk);
        expect(decodeManifest(new Uint8Array(Buffer.concat(chunks)))).toHaveLength(20);
      }
    } finally {
      result.close();
    }
  });

  test('a study that changed after publishing is broken off, and served again once amended', async () => {
    await grant();
    await writeFile(join(hospital.archive, 'brain_007.dcm'), Buffer.alloc(4), { flag: 'a' });
    await expect(ask(hospital, practice, studyId)).rejects.toMatchObject({ name: 'Iti43Error' });
    expect(hospital.failures.map((error) => (error as { code?: string }).code)).toContain('INSTANCE_CHANGED');
    await hospital.source.amend(patient.disclosure.studyInstanceUid);
    await hospital.finalizeUntil(async () => (await hospital.stateOfStudy()) === 'published');
    expect(await ask(hospital, practice, studyId)).toEqual(served);
  });

  // Regression: the archive was asked only after the head of the answer was written: the connection broke off.
  test('an archive that does not give a study is told of before anything is promised, and is asked once a request', async () => {
    await grant();
    let isDown = true;
    let asked = 0;
    const archive = createFolderSource({ folder: hospital.archive });
    await hospital.source.close();
    await hospital.openSource({
      connector: {
        ...archive,
        async openStudy(studyInstanceUid) {
          asked += 1;
          if (isDown) throw new ImagingError({ code: 'ARCHIVE_UNAVAILABLE', reason: 'ECONNREFUSED' }, 'no answer');
          return archive.openStudy(studyInstanceUid);
        },
      },
    });
    const result = await retrieve(hospital, practice, studyId);
    expect(await outcomeOf(result)).toBe('XDSRepositoryError');
    expect(hospital.failures).toContainEqual(expect.objectContaining({ code: 'ARCHIVE_UNAVAILABLE' }));
    expect(hospital.audited.at(-1)).toMatchObject({ phase: 'refused', code: 'XDSRepositoryError' });
    const { repository } = hospital.source;
    const documents = [studyId, studyId, `${studyId}.manifest`].map((documentUniqueId) => ({
      repositoryUniqueId: toHex(hospital.source.source),
      documentUniqueId,
    }));
    const request = { signer: toHex(practice.publicKey), messageId: 'many', documents };
    const kindsOf = async () => {
      const answers = await repository.retrieve(request);
      for (const answer of answers) if (answer.kind === 'document') await answer.close?.();
      return answers.map(({ kind }) => kind);
    };
    asked = 0;
    expect(await kindsOf()).toEqual(['error', 'error', 'document']);
    expect(asked).toBe(1);
    const path = `/dicom-web/studies/${studyId}`;
    expect((await look(hospital, practice, path)).status).toBe(502);
    expect((await look(hospital, practice, `/dicom-web/studies?studyId=${studyId}`)).status).toBe(502);
    expect((await look(hospital, practice, `${path}/manifest`)).status).toBe(200);

    isDown = false;
    asked = 0;
    expect(await kindsOf()).toEqual(['document', 'document', 'document']);
    expect(await ask(hospital, practice, studyId)).toEqual(served);
    expect((await look(hospital, practice, path)).status).toBe(200);
    expect(asked).toBe(1);
  });
});

test('one signed request acts once, also after a restart', async () => {
  await grant();
  const envelope = await signedMessage(hospital, practice, studyId);
  expect((await post(hospital, envelope)).body).toContain('ResponseStatusType:Success');
  const replayed = await post(hospital, envelope);
  expect(replayed.body).toContain('Fault');
  await hospital.source.close();
  await hospital.openSource();
  expect((await post(hospital, envelope)).body).toContain('Fault');
  expect(hospital.failures.filter((error) => (error as { code?: string }).code === 'REPLAYED')).toHaveLength(2);
});

test('a study secret request is answered once', async () => {
  const ids = await askForSecret(ledger, hospital.source, fromHex(studyId), patient.owner);
  expect(ids).toMatchObject({ studyInstanceUid: patient.disclosure.studyInstanceUid, era: 0 });
  await expect(
    askForSecret(ledger, hospital.source, fromHex(studyId), await signerOf('stranger')),
  ).rejects.toMatchObject({
    code: 'STUDY_UNKNOWN',
  });
  await expect(askForSecret(ledger, hospital.source, randomBytes(32), patient.owner)).rejects.toMatchObject({
    code: 'STUDY_UNKNOWN',
  });
});
