/** Who is served what over DICOMweb: the same grants as ITI-43, by signed HTTP requests, without a UID in an address. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { createDicomwebClient } from '@radledger/client';
import { signHttpRequest } from '@radledger/handover';
import { createDicomwebHandler } from '../src/http/index.js';
import { inspectInstance } from '@radledger/imaging';
import { checkedFileSet } from '@radledger/imaging/received';
import { concatBytes, createSigner, randomBytes, type Signer, sha256, toHex } from '@radledger/primitives';
import { contentOf, decodeManifest, instanceIdOf, seriesIdOf } from '@radledger/transactions';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask } from './test-consumer.js';
import { eventually, TestHospital } from './test-hospital.js';
import { signerOf, type TestLedger } from './test-ledger.js';
import { allow, createDelegation, createRevoke, DAY_MS, publishedStudy, type TestPatient } from './test-patient.js';
import { jsonOf, look, partsOf, type Seen, send, shown, signed } from './test-viewer.js';

const STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*';

let hospital: TestHospital;
let ledger: TestLedger;
let patient: TestPatient;
let practice: Signer;
/** `/dicom-web/studies/<studyId>` */
let study: string;

beforeEach(async () => {
  hospital = await TestHospital.open();
  ledger = hospital.ledger;
  patient = await publishedStudy(hospital);
  practice = await signerOf('practice');
  study = `/dicom-web/studies/${toHex(patient.disclosure.studyId)}`;
});

afterEach(async () => {
  await hospital.close();
});

async function settle(): Promise<void> {
  await ledger.finalize();
  await eventually(() => hospital.source.view.head.height === ledger.height);
}

async function grant(): Promise<void> {
  await allow(ledger, patient, practice.publicKey);
  await settle();
}

/** What passes the check of an owner. */
async function zipPassed(body: Uint8Array, manifest: Parameters<typeof checkedFileSet>[1]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const whole = (async function* () {
    yield new Uint8Array(body);
  })();
  for await (const chunk of checkedFileSet(whole, manifest, { bytesMax: 2 ** 30 })) chunks.push(chunk);
  return concatBytes(...chunks);
}

/** Files of the archive by their SHA-256. */
async function archived() {
  const files = await readdir(hospital.archive);
  return Promise.all(
    files.map(async (name) => {
      const bytes = await readFile(join(hospital.archive, name));
      const stream = (async function* () {
        yield new Uint8Array(bytes);
      })();
      return { name, bytes, facts: await inspectInstance(stream) };
    }),
  );
}

const hashesOf = (all: readonly { readonly bytes: Uint8Array }[]): string[] =>
  all.map(({ bytes }) => toHex(sha256(bytes))).sort();

describe('a reader with a grant', () => {
  beforeEach(grant);

  test('gets study, series and instance byte for byte as stored, each as a part', async () => {
    const files = await archived();
    const { studySalt } = patient.disclosure;
    const whole = await look(hospital, practice, study, STORED);
    expect(whole.status).toBe(200);
    expect(Number(whole.headers['content-length'])).toBe(whole.body.length);
    expect(hashesOf(await partsOf(whole))).toEqual(hashesOf(files));

    const { seriesInstanceUid, sopInstanceUid, transferSyntaxUid } = (files[3] as (typeof files)[0]).facts;
    const series = `${study}/series/${toHex(seriesIdOf({ studySalt, seriesInstanceUid }))}`;
    const instanceId = toHex(instanceIdOf({ studySalt, sopInstanceUid }));
    expect(hashesOf(await partsOf(await look(hospital, practice, series, STORED)))).toEqual(hashesOf(files));
    for (const path of [`${series}/instances/${instanceId}`, `${study}/instances/${instanceId}`]) {
      const parts = await partsOf(await look(hospital, practice, path, STORED));
      expect(hashesOf(parts)).toEqual(hashesOf([files[3] as (typeof files)[0]]));
      expect(parts[0]?.headers.get('content-type')).toBe(`application/dicom; transfer-syntax=${transferSyntaxUid}`);
      expect(parts[0]?.headers.get('content-location')).toBe(
        `${hospital.listener.url}${series}/instances/${instanceId}`,
      );
    }
  });

  test('gets the manifest that the ledger commits to, and its name with every answer', async () => {
    const seen = await look(hospital, practice, `${study}/manifest`);
    const { contentSalt } = patient.disclosure;
    const manifest = decodeManifest(new Uint8Array(seen.body));
    expect(seen.headers.etag).toBe(`"${toHex(contentOf({ contentSalt, manifest }))}"`);
    expect(manifest).toHaveLength((await archived()).length);
  });

  test('gets the whole as the ZIP of the plan, of the size that was said', async () => {
    const seen = await look(hospital, practice, `${study}/file-set`);
    expect(seen.headers['content-type']).toBe('application/zip');
    expect(Number(seen.headers['content-length'])).toBe(seen.body.length);
    const { contentSalt, studyId } = patient.disclosure;
    const manifest = decodeManifest(new Uint8Array((await look(hospital, practice, `${study}/manifest`)).body));
    expect(seen.headers.etag).toBe(`"${toHex(contentOf({ contentSalt, manifest }))}"`);
    const { length } = await zipPassed(seen.body, manifest);
    expect(length).toBe(seen.body.length);
    expect(
      (await look(hospital, practice, `/dicom-web/studies/${toHex(studyId)}/series/${'0'.repeat(64)}/file-set`)).status,
    ).toBe(404);
  });

  test('finds metadata and searches on each level, with addresses that work', async () => {
    const files = await archived();
    const metadata = jsonOf(await look(hospital, practice, `${study}/metadata`)) as Record<
      string,
      { Value: unknown[] }
    >[];
    expect(metadata.map((one) => one['00080018']?.Value[0]).sort()).toEqual(
      files.map(({ facts }) => facts.sopInstanceUid).sort(),
    );
    const url = String(metadata[0]?.['00081190']?.Value[0]).slice(hospital.listener.url.length);
    expect((await look(hospital, practice, url, STORED)).status).toBe(200);
    expect(jsonOf(await look(hospital, practice, `${url}/metadata`))).toEqual([metadata[0]]);

    const [one] = jsonOf(
      await look(hospital, practice, `/dicom-web/studies?studyId=${study.slice(-64)}`),
    ) as typeof metadata;
    expect(one).toMatchObject({
      '0020000D': { vr: 'UI', Value: [patient.disclosure.studyInstanceUid] },
      '00080061': { vr: 'CS', Value: ['MR'] },
      '00201206': { vr: 'IS', Value: [1] },
      '00201208': { vr: 'IS', Value: [files.length] },
    });
    const [series] = jsonOf(await look(hospital, practice, `${study}/series`)) as typeof metadata;
    expect(series?.['00201209']?.Value).toEqual([files.length]);
    const instances = jsonOf(await look(hospital, practice, `${study}/instances`)) as typeof metadata;
    const page = jsonOf(await look(hospital, practice, `${study}/instances?offset=3&limit=2`));
    expect(page).toEqual(instances.slice(3, 5));
    const seriesUrl = String(series?.['00081190']?.Value[0]).slice(hospital.listener.url.length);
    expect(jsonOf(await look(hospital, practice, `${seriesUrl}/instances`))).toEqual(instances);
  });

  test('gets FHIR: the ImagingStudy, and the manifest as a Bundle', async () => {
    const files = await archived();
    const id = study.slice(-64);
    const seen = await look(hospital, practice, `/fhir/ImagingStudy/${id}`);
    expect(seen.headers['content-type']).toBe('application/fhir+json');
    const resource = jsonOf(seen);
    expect(resource).toMatchObject({
      resourceType: 'ImagingStudy',
      id,
      identifier: [{ system: 'urn:dicom:uid', value: `urn:oid:${patient.disclosure.studyInstanceUid}` }],
      subject: { identifier: { value: toHex(patient.owner.publicKey) } },
      numberOfSeries: 1,
      numberOfInstances: files.length,
      contained: [{ resourceType: 'Endpoint', address: hospital.listener.url + study }],
      endpoint: [{ reference: '#wado' }],
    });
    const bundle = jsonOf(await look(hospital, practice, `/fhir/Bundle/${id}`)) as {
      entry: {
        resource: { resourceType: string; series?: { instance: { extension: { valueString: string }[] }[] }[] };
      }[];
    };
    expect(bundle.entry.map(({ resource: { resourceType } }) => resourceType)).toEqual([
      'ImagingStudy',
      'Endpoint',
      'Patient',
    ]);
    const digests = bundle.entry[0]?.resource.series?.[0]?.instance.map((one) => one.extension[0]?.valueString);
    expect(digests?.sort()).toEqual(files.map(({ facts }) => toHex(facts.dataSetSha256)).sort());
  });

  test('nothing is converted: another syntax is not acceptable, the stored one is', async () => {
    const [file] = await archived();
    const wanted = (syntax: string) => `multipart/related; type="application/dicom"; transfer-syntax=${syntax}`;
    const status = async (accept: string) => (await look(hospital, practice, study, accept)).status;
    expect(await status(wanted('1.2.840.10008.1.2.4.70'))).toBe(406);
    expect(await status('image/png')).toBe(406);
    expect(await status(wanted(file?.facts.transferSyntaxUid ?? ''))).toBe(200);
    expect(await status(`image/png, ${wanted('*')};q=0.5`)).toBe(200);
    expect(await status('*/*')).toBe(200);
  });

  test('is recorded before the first byte, and the owner sees it; no address holds a UID', async () => {
    const before = hospital.audited.length;
    await look(hospital, practice, study, STORED);
    await look(hospital, practice, `${study}/metadata`);
    const records = hospital.audited.slice(before);
    expect(records.map(({ phase, outcome, transaction, basis }) => [phase, outcome, transaction, basis])).toEqual([
      ['begun', 'success', 'RAD-107', 'grant'],
      ['ended', 'success', 'RAD-107', 'grant'],
      ['begun', 'success', 'RAD-107', 'grant'],
      ['ended', 'success', 'RAD-107', 'grant'],
    ]);
    expect(records[0]).toMatchObject({
      reader: toHex(practice.publicKey),
      documents: [{ documentUniqueId: study.slice(-64) }],
    });
    expect(JSON.stringify(records)).not.toContain(patient.disclosure.studyInstanceUid);
  });

  test('a study that no longer is what was planned breaks off before its end', async () => {
    const [first] = await readdir(hospital.archive);
    const path = join(hospital.archive, first ?? '');
    const bytes = await readFile(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(path, bytes);
    await expect(look(hospital, practice, study, STORED)).rejects.toThrow();
    expect(hospital.audited.at(-1)).toMatchObject({ phase: 'ended', outcome: 'failure', code: 'INSTANCE_CHANGED' });
  });
});

test('the owner and her delegate read without a grant', async () => {
  const delegate = await signerOf('delegate');
  expect((await look(hospital, patient.owner, study, STORED)).status).toBe(200);
  expect((await look(hospital, delegate, study, STORED)).status).toBe(404);
  const { bytes } = await createDelegation(ledger, patient, delegate, ledger.nowMs + DAY_MS);
  await ledger.submit(bytes);
  await settle();
  expect((await look(hospital, delegate, study, STORED)).status).toBe(200);
  expect(hospital.audited.at(-1)).toMatchObject({ basis: 'delegate', outcome: 'success' });
});

describe('refusals tell nothing', () => {
  test('whatever is wrong with a signature: one answer, to the letter', async () => {
    await grant();
    const good = await signed(hospital, practice, study);
    const input = good['signature-input'];
    const stranger = await createSigner(randomBytes(32));
    const expired = async () => {
      ledger.nowMs -= 10 * 60_000;
      const headers = await signed(hospital, practice, study);
      ledger.nowMs += 10 * 60_000;
      return send(hospital, study, { ...headers });
    };
    const answers: Record<string, Seen> = {
      'no signature': await send(hospital, study, {}),
      'another target': await send(hospital, `${study}/metadata`, { ...good }),
      'another query': await send(hospital, `${study}?x=1`, { ...good }),
      'another host': await send(hospital, study, {
        ...(await signHttpRequest({
          method: 'GET',
          url: `https://elsewhere.example${study}`,
          signer: practice,
          nowMs: ledger.nowMs,
        })),
      }),
      'a missing component': await send(hospital, study, {
        ...good,
        'signature-input': input.replace('"@authority" ', ''),
      }),
      'another key': await send(hospital, study, {
        ...good,
        'signature-input': input.replace(toHex(practice.publicKey), toHex(stranger.publicKey)),
      }),
      'two signatures': await send(hospital, study, { ...good, signature: [good.signature, good.signature] }),
      'a body': await send(hospital, study, { ...good, 'transfer-encoding': 'chunked' }),
      expired: await expired(),
      'no such address': await send(hospital, '/dicom-web/patients', {}),
    };
    expect((await send(hospital, study, { ...good })).status).toBe(200);
    answers['replayed'] = await send(hospital, study, { ...good });
    await hospital.source.close();
    await hospital.openSource();
    answers['replayed after a restart'] = await send(hospital, study, { ...good });
    const expected = shown(answers['no signature'] as Seen);
    expect(expected).toMatch(/^401 /);
    for (const [name, answer] of Object.entries(answers)) expect(shown(answer), name).toBe(expected);
  });

  test('unknown, never granted, revoked, run out, no such part: one answer, to the letter', async () => {
    const stranger = await signerOf('stranger');
    const nobody = toHex(randomBytes(32));
    const shownTo = async (signer: Signer, path: string) => shown(await look(hospital, signer, path));
    const never = await shownTo(practice, study);
    expect(never).toMatch(/^404 /);
    expect(await shownTo(practice, `/dicom-web/studies/${nobody}`)).toBe(never);
    await grant();
    expect((await look(hospital, practice, study, STORED)).status).toBe(200);
    expect(await shownTo(stranger, study)).toBe(never);
    for (const path of [
      `${study}/series/${nobody}`,
      `${study}/instances/${nobody}`,
      `${study}/instances/${nobody}/metadata`,
    ]) {
      expect(await shownTo(practice, path), path).toBe(never);
    }
    for (const path of [
      '/dicom-web/',
      '/dicom-web/studies/abc',
      `${study}/frames`,
      `${study}/rendered`,
      '/fhir/Patient/1',
    ]) {
      expect(await shownTo(practice, path), path).toBe(never);
    }
    await ledger.submit((await createRevoke(ledger, patient, practice.publicKey)).bytes);
    await eventually(() => hospital.source.suspended === 1);
    expect(await shownTo(practice, study)).toBe(never);
    await settle();
    expect(await shownTo(practice, study)).toBe(never);
    const search = `/dicom-web/studies?studyId=${study.slice(-64)}`;
    expect(jsonOf(await look(hospital, practice, search))).toEqual([]);
    expect(shown(await look(hospital, practice, search))).toBe(
      shown(await look(hospital, practice, `/dicom-web/studies?studyId=${nobody}`)),
    );
  });

  test('a search answers with what may be read, and leaves the rest out', async () => {
    await grant();
    const ids = [toHex(randomBytes(32)), study.slice(-64), toHex(randomBytes(32))];
    const found = jsonOf(
      await look(hospital, practice, `/dicom-web/studies?${ids.map((id) => `studyId=${id}`).join('&')}`),
    );
    expect(found).toHaveLength(1);
  });

  test('a search that is not ours is refused, not widened', async () => {
    const queries = [
      '?PatientName=Smith',
      '?StudyInstanceUID=1.2.3',
      '',
      '?studyId=1.2.3',
      '?studyId=%31',
      '?limit=-1',
      '?a?b',
    ];
    for (const query of queries) {
      expect((await look(hospital, practice, `/dicom-web/studies${query}`)).status, query).toBe(400);
    }
  });

  test('an old view serves nobody', async () => {
    await grant();
    ledger.nowMs += 60_001;
    expect((await look(hospital, practice, study, STORED)).status).toBe(503);
    expect((await look(hospital, practice, `/dicom-web/studies?studyId=${study.slice(-64)}`)).status).toBe(503);
  });
});

test('browsers of every origin may ask, without credentials; other methods may not', async () => {
  const preflight = await send(hospital, study, { origin: 'https://viewer.example' }, 'OPTIONS');
  expect(preflight.status).toBe(204);
  expect(preflight.headers['access-control-allow-origin']).toBe('*');
  expect(preflight.headers['access-control-allow-credentials']).toBeUndefined();
  expect(preflight.headers['access-control-allow-headers']).toContain('Signature-Input');
  expect(preflight.headers['access-control-expose-headers']).toBe('ETag, Retry-After');
  expect((await send(hospital, study, {}, 'POST')).status).toBe(405);
});

test('the client of viewers and apps reads by it, and believes only what the ledger commits to', async () => {
  await grant();
  const client = createDicomwebClient({
    url: hospital.listener.url,
    signer: practice,
    now: () => ledger.nowMs,
    async fetch(url, init) {
      const headers = init.headers as Record<string, string>;
      const { status, headers: got, body } = await send(hospital, url.slice(hospital.listener.url.length), headers);
      return new Response(new Uint8Array(body), { status, headers: got as Record<string, string> });
    },
  });
  const { studyId, studySalt, contentSalt } = patient.disclosure;
  const files = await archived();
  expect(await client.studies([studyId, randomBytes(32)])).toHaveLength(1);
  expect(await client.series(studyId)).toHaveLength(1);
  expect(await client.instances({ studyId })).toHaveLength(files.length);
  expect(await client.metadata({ studyId })).toHaveLength(files.length);
  expect(await client.imagingStudy(studyId)).toMatchObject({ resourceType: 'ImagingStudy' });
  const content = (await ledger.study(hospital.source.source, studyId))?.content ?? studyId;
  expect(await client.manifest(studyId, { contentSalt, content })).toHaveLength(files.length);
  await expect(client.manifest(studyId, { contentSalt, content: studyId })).rejects.toMatchObject({
    code: 'MALFORMED_RESPONSE',
  });
  const instanceId = instanceIdOf({ studySalt, sopInstanceUid: files[0]?.facts.sopInstanceUid ?? '' });
  const response = await client.openInstances({ studyId, instanceId }, { signal: new AbortController().signal });
  expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(files[0]?.bytes.length ?? 0);
  await expect(client.metadata({ studyId: randomBytes(32) })).rejects.toMatchObject({ info: { status: 404 } });
});

// Regression: only a reader who took nothing at all was cut off; one who took a little held an archive as long as he liked.
test('a reader holds an answer no longer than the lowest rate allows', async () => {
  await grant();
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield new Uint8Array(65_536);
  }
  const { source } = hospital;
  const openStudy: typeof source.dicomweb.openStudy = async (request) => {
    const opened = await source.dicomweb.openStudy(request);
    return typeof opened === 'string' ? opened : { ...opened, disclosed: endless };
  };
  const failures: Error[] = [];
  hospital.listener.mount(
    createDicomwebHandler({
      source: { ...source, dicomweb: { ...source.dicomweb, openStudy } },
      otherPaths: (_request, response) => void response.writeHead(404).end(),
      pace: { idleTimeoutMs: 100, bytesPerSecondMin: Number.POSITIVE_INFINITY },
      onRefusal: (error) => failures.push(error),
    }),
  );
  await expect(readAndForget(`${study}/metadata`)).rejects.toMatchObject({ code: 'ECONNRESET' });
  await eventually(() => failures.length > 0);
  expect(failures).toMatchObject([{ code: 'TIMEOUT' }]);
});

/** Reads as fast as it comes, and keeps nothing. */
async function readAndForget(path: string): Promise<void> {
  const { hostname, port } = new URL(hospital.listener.url);
  const headers = { ...(await signed(hospital, practice, path)) };
  return new Promise((resolve, reject) => {
    const options = { hostname, port, path, headers, rejectUnauthorized: false, agent: false };
    httpsRequest(options, (response) => response.resume().once('error', reject).once('end', resolve))
      .once('error', reject)
      .end();
  });
}

test('the next request works after one that was cut, and ITI-43 beside it', async () => {
  await grant();
  const headers = await signed(hospital, practice, study);
  await new Promise<void>((resolve) => {
    const { hostname, port } = new URL(hospital.listener.url);
    const options = { hostname, port, path: study, headers: { ...headers }, rejectUnauthorized: false, agent: false };
    const cut = httpsRequest(options, (response) => {
      response.once('data', () => {
        response.destroy();
        resolve();
      });
    });
    cut.on('error', () => undefined);
    cut.end();
  });
  await eventually(() => hospital.audited.at(-1)?.phase === 'ended');
  expect((await look(hospital, practice, study, STORED)).status).toBe(200);
  expect(await ask(hospital, practice, study.slice(-64))).toMatch(/^served /);
});
