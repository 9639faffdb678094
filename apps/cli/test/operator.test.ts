import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createNodeClient } from '@radledger/client';
import { createFakeNode, type FakeNode } from '@radledger/client/testing';
import { openKeyWithdrawal } from '@radledger/handover';
import { createSigner, encodePrivateKeyPem, generateSeed, toHex } from '@radledger/primitives';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFolder, runCli, serve } from './cli-fixture.js';

const TX_ID = 'ab'.repeat(32);
const TOKEN = 'operator-token-0123456789';

let folder: Awaited<ReturnType<typeof createFolder>>;
let gateway: Awaited<ReturnType<typeof serve>>;
let nodeServer: Awaited<ReturnType<typeof serve>>;
let node: FakeNode;
let tokenFile: string;
const asked: { method: string; path: string; body: unknown }[] = [];

const WAITING = {
  retrievalId: 'q1',
  state: 'matching',
  code: null,
  source: 'ab'.repeat(32),
  studyId: 'cd'.repeat(32),
  label: 'MRI, head',
  sinceMs: 1,
  untilMs: 2,
  bytes: 9,
  description: 'Head',
  patients: [{ name: 'DOE^JANE', id: '7', issuer: '', birthDate: '19700203', sex: 'F', differences: ['name'] }],
  requested: { name: 'Doe^Janet', id: '4711' },
};

/** Answers as docs/spec/gateway-api.md section 2 says, and remembers what it was asked. */
async function answer(url: string, init: RequestInit): Promise<Response> {
  const { pathname: path } = new URL(url);
  const { authorization } = init.headers as Record<string, string>;
  if (authorization !== `Bearer ${TOKEN}`)
    return Response.json({ error: { code: 'UNAUTHORIZED', message: '' } }, { status: 401 });
  const method = init.method ?? 'GET';
  asked.push({
    method,
    path,
    body: init.body === undefined ? undefined : JSON.parse(Buffer.from(init.body as Uint8Array).toString()),
  });
  const request = (state: string) => ({
    requestId: 'r1',
    state,
    reason: 'x',
    wantedUntilMs: 1,
    progress: { bytes: 5 },
    folder: state === 'filed' ? 'in/1' : null,
    code: state === 'failed' ? 'CONTENT_MISMATCH' : null,
    retrievals: [],
  });
  if (path.endsWith('/events')) {
    const events = [request('fetching'), request(path.includes('bad') ? 'failed' : 'filed')];
    const text = events.map((event) => `event: request\ndata: ${JSON.stringify(event)}\n\n`).join('');
    return new Response(text, { headers: { 'content-type': 'text/event-stream' } });
  }
  if (path === '/v1/studies') {
    const study = {
      studyInstanceUid: '1.2.3',
      instances: 20,
      state: 'draft',
      studyId: null,
      height: null,
      label: null,
      code: null,
    };
    return Response.json({ studies: [study] });
  }
  if (path === '/v1/worklist') {
    const study = { instances: 20, state: 'draft', studyId: null, height: null, label: null, code: null };
    const order = {
      accessionNumber: 'A-1',
      accessionIssuer: null,
      studyInstanceUid: null,
      patientName: 'Doe, Jane',
      patientId: '7',
      birthDate: '1961-04-07',
      description: 'MRI, knee',
      modality: 'MR',
      scheduledAt: '2026-11-29T10:30',
    };
    const twice = { ...order, accessionNumber: 'A-3' };
    return Response.json({
      entries: [
        { ...study, studyInstanceUid: '1.2.3', orders: [order, twice] },
        { ...study, studyInstanceUid: '1.2.4', orders: [twice] },
        { ...study, studyInstanceUid: '1.2.5', orders: [] },
        { ...study, studyInstanceUid: null, state: 'expected', orders: [{ ...order, accessionNumber: 'A-2' }] },
      ],
    });
  }
  const link = { linkId: 'l1', createdAtMs: 1, state: 'active', keysLeft: 3, published: 1 };
  if (path === '/v1/standing-links') return Response.json({ links: [link] });
  if (path.endsWith('/standing-link')) return Response.json({ link: null });
  if (path.endsWith('/replace-access')) {
    const made = { invitationId: 'i2', link: 'https://w.example/#i=BBBB', code: '654321', expiresAtMs: 9 };
    return Response.json({ ...made, availableAtMs: 5 }, { status: 201 });
  }
  if (path.endsWith('/erase') || path === '/v1/erasures') {
    const isDone = path === '/v1/erasures';
    const stays = [
      { what: 'ledger', untilMs: null },
      { what: 'disclosures', untilMs: Date.UTC(2032, 10, 30) },
    ];
    const done = { state: 'erased', erasedAtMs: 5, erased: ['study'], stays, note: '9201' };
    const open = { state: 'erasing', erasedAtMs: null, erased: [], stays: [], note: null };
    return Response.json({ erasures: [{ studyId: TX_ID, ...(isDone ? done : open) }] }, { status: 202 });
  }
  if (path === '/v1/privacy-office') {
    const entry = { entryId: 'e1', atMs: 1, kind: 'message', by: 'owner', studyId: TX_ID, studyInstanceUid: '1.2.3' };
    const entries = [
      { ...entry, text: 'Who is that?', closedAtMs: null },
      { ...entry, entryId: 'e0', text: 'old', closedAtMs: 2 },
    ];
    return Response.json({ entries });
  }
  if (path === '/v1/invitations') {
    return Response.json(
      { invitationId: 'i1', link: 'https://w.example/#i=AAAA', code: '123456', expiresAtMs: 1 },
      { status: 201 },
    );
  }
  if (path === '/v1/requests')
    return Response.json({ requestId: 'r1', link: 'https://w.example/#r=AAAA', expiresAtMs: 1 }, { status: 201 });
  if (path === '/v1/recipient/withdraw')
    return Response.json({ told: 1, left: [{ source: 'ab'.repeat(32), code: 'CONNECTION_FAILED' }] });
  if (path === '/v1/quarantine') return Response.json({ studies: [WAITING] });
  if (path === '/v1/quarantine/q1') {
    const { patients } = WAITING;
    const instances = [{ sizeBytes: 9, modality: 'MR', seriesDescription: 'T1' }];
    return Response.json({ patients, description: 'Head', date: '20260101', instanceCount: 1, instances });
  }
  if (path.startsWith('/v1/quarantine/')) return Response.json({}, { status: 202 });
  if (path.startsWith('/v1/requests/missing'))
    return Response.json({ error: { code: 'REQUEST_UNKNOWN', message: '' } }, { status: 404 });
  if (path.startsWith('/v1/requests/'))
    return Response.json(request('allowed'), { status: method === 'POST' ? 202 : 200 });
  if (path.endsWith('/amend')) return Response.json({ error: { code: 'UNCHANGED', message: '' } }, { status: 409 });
  return Response.json({ txId: TX_ID }, { status: 202 });
}

beforeAll(async () => {
  const genesis = await Promise.all(['a', 'b', 'c'].map(() => createSigner(generateSeed())));
  const [source, nodeKey, vrfKey] = genesis.map(({ publicKey }) => publicKey);
  node = await createFakeNode({
    sources: [{ source, nodeKey, vrfKey } as { source: Uint8Array; nodeKey: Uint8Array; vrfKey: Uint8Array }],
    parameters: { workBits: 6 },
  });
  folder = await createFolder();
  gateway = await serve(answer);
  nodeServer = await serve(node.fetch);
  tokenFile = await folder.file('token', `${TOKEN}\n`);
});
afterAll(async () => {
  await gateway.close();
  await nodeServer.close();
  await folder.close();
});

const operate = (args: readonly string[]) =>
  runCli([...args, '--json'], { env: { RADLEDGER_OPERATOR: gateway.url, RADLEDGER_OPERATOR_TOKEN_FILE: tokenFile } });

describe('through the gateway', () => {
  test('a source is defined with the proofs of its node', async () => {
    const proofs = {
      nodeKey: '01'.repeat(32),
      nodeProof: '02'.repeat(64),
      vrfKey: '03'.repeat(32),
      vrfProof: '04'.repeat(64),
    };
    // Regression: the names were not those that `radledger-node prove` prints.
    const { nodeKey, nodeProof, vrfKey, vrfProof } = proofs;
    const printed = { chainId: '05'.repeat(32), nodeKey, nodeKeyProof: nodeProof, vrfKey, vrfKeyProof: vrfProof };
    const file = await folder.file('proofs.json', JSON.stringify(printed));
    const done = await operate(['source', 'define', '--name', 'City Hospital', '--proofs', file]);
    expect(done.json.result, done.stderr).toEqual({ txId: TX_ID });
    expect(asked.at(-1)).toEqual({
      method: 'POST',
      path: '/v1/source/define',
      body: { name: 'City Hospital', ...proofs },
    });
    const broken = await folder.file('broken.json', '{"nodeKey":"00"}');
    expect((await operate(['source', 'define', '--name', 'x', '--proofs', broken])).exitCode).toBe(2);
  });

  test('the worklist names patients and what was ordered; a patient is invited by an entry of it', async () => {
    const all = await operate(['source', 'worklist']);
    expect(all.json.result, all.stderr).toMatchObject({
      entries: [
        { studyInstanceUid: '1.2.3', orders: [{ patientName: 'Doe, Jane' }, {}] },
        {},
        {},
        { state: 'expected' },
      ],
    });
    const expected = await operate(['source', 'worklist', '--state', 'expected']);
    expect(expected.json.result).toMatchObject({ entries: [{ orders: [{ accessionNumber: 'A-2' }] }] });
    await operate(['source', 'invite', '--accession', 'A-1']);
    const body = { studyInstanceUid: '1.2.3', label: 'MRI, knee, 2026-11-29' };
    expect(asked.at(-1)).toMatchObject({ path: '/v1/invitations', body });
    await operate(['source', 'invite', '1.2.3']);
    expect(asked.at(-1)).toMatchObject({ path: '/v1/invitations', body });
    await operate(['source', 'invite', '--accession', 'A-1', '--label', 'MRI', '--identity', 'mailed-code']);
    const known = { ...body, label: 'MRI', identityCheckedBy: 'mailed-code' };
    expect(asked.at(-1)).toMatchObject({ path: '/v1/invitations', body: known });
    expect((await operate(['source', 'invite', '1.2.3', '--identity', 'birthday'])).exitCode).toBe(2);
  });

  test.each<[string, readonly string[], number]>([
    ['no images yet', ['--accession', 'A-2'], 4],
    ['no such order', ['--accession', 'A-9'], 4],
    ['two studies of one number', ['--accession', 'A-3'], 2],
    ['nothing known to call it', ['1.2.5'], 2],
    ['both ways to name it', ['1.2.3', '--accession', 'A-1'], 2],
    ['no way to name it', ['--label', 'MRI'], 2],
  ])('nobody is invited: %s', async (_name, args, exitCode) => {
    asked.length = 0;
    expect((await operate(['source', 'invite', ...args])).exitCode).toBe(exitCode);
    expect(asked.filter(({ path }) => path === '/v1/invitations')).toEqual([]);
  });

  test('the desk sends, ends, replaces and closes, each by the call that the specification names', async () => {
    const posted = async (args: readonly string[]) => {
      const done = await operate(['desk', ...args]);
      expect(done.exitCode, done.stderr).toBe(0);
      const { path, body } = asked.at(-1) as (typeof asked)[0];
      return { path, body, result: done.json.result };
    };
    expect(await posted(['send', '1.2.3'])).toMatchObject({ path: '/v1/studies/1.2.3/send', body: {} });
    expect(await posted(['send', '1.2.3', '--label', 'MRI'])).toMatchObject({ body: { label: 'MRI' } });
    expect(await posted(['wrong-patient', '1.2.3'])).toMatchObject({
      path: '/v1/studies/1.2.3/wrong-patient',
      body: {},
    });
    expect(await posted(['replace-access', '1.2.3', '--identity', 'photo-id'])).toMatchObject({
      path: '/v1/studies/1.2.3/replace-access',
      body: { identityCheckedBy: 'photo-id' },
      result: { link: 'https://w.example/#i=BBBB', code: '654321', availableAtMs: 5 },
    });
    expect(await posted(['cancel-replacement', '1.2.3'])).toMatchObject({
      path: '/v1/studies/1.2.3/replace-access/cancel',
    });
    expect(await posted(['links'])).toMatchObject({ result: { links: [{ linkId: 'l1', keysLeft: 3 }] } });
    expect(await posted(['links', '--study', '1.2.3'])).toMatchObject({ result: { links: [] } });
    expect(await posted(['link', 'l1', '--state', 'paused'])).toMatchObject({
      path: '/v1/standing-links/l1',
      body: { state: 'paused' },
    });
    expect(await posted(['privacy'])).toMatchObject({ result: { entries: [{ entryId: 'e1', text: 'Who is that?' }] } });
    expect(await posted(['privacy', '--all'])).toMatchObject({ result: { entries: [{}, { entryId: 'e0' }] } });
    expect(await posted(['close', 'e1'])).toMatchObject({ path: '/v1/privacy-office/e1/close' });
    expect((await operate(['desk', 'replace-access', '1.2.3', '--identity', 'a face'])).exitCode).toBe(2);
  });

  test('what was erased is listed with what stays, and its note is written as bytes', async () => {
    const begun = await operate(['desk', 'erase', '1.2.3']);
    expect(asked.at(-1)).toMatchObject({ path: '/v1/studies/1.2.3/erase', body: {} });
    expect(begun.json.result).toMatchObject({ erasures: [{ studyId: TX_ID, state: 'erasing', note: null }] });
    const listed = await operate(['desk', 'erasures', '--study', TX_ID]);
    expect(listed.json.result).toMatchObject({
      erasures: [{ state: 'erased', stays: [{ what: 'ledger' }, { what: 'disclosures' }], note: '9201' }],
    });
    const out = join(folder.path, 'note');
    expect((await operate(['desk', 'erasures', '--study', TX_ID, '--out', out])).exitCode).toBe(0);
    expect((await readFile(out)).toString('hex')).toBe('9201');
    expect((await operate(['desk', 'erasures', '--out', join(folder.path, 'other')])).exitCode).toBe(2);
    const unknown = ['desk', 'erasures', '--study', 'ee'.repeat(32), '--out', join(folder.path, 'other')];
    expect((await operate(unknown)).exitCode).toBe(2);
  });

  test('a patient is invited, link and code into files of their own', async () => {
    const plain = await operate(['source', 'invite', '1.2.3', '--label', 'MRI, knee']);
    expect(plain.json.result).toMatchObject({ link: 'https://w.example/#i=AAAA', code: '123456' });
    const files = ['--link-file', join(folder.path, 'link'), '--code-file', join(folder.path, 'code')];
    const filed = await operate(['source', 'invite', '1.2.3', '--label', 'MRI, knee', ...files]);
    expect(filed.json.result).toMatchObject({ link: null, code: null });
    expect(filed.stdout).not.toContain('123456');
  });

  test('studies are listed, retired, published', async () => {
    expect((await operate(['study', 'list', '--operator', gateway.url])).json.result).toMatchObject({
      studies: [{ instances: 20 }],
    });
    expect((await operate(['study', 'retire', '1.2.3', '--reason', 'wrong-patient'])).json.result).toEqual({
      txId: TX_ID,
    });
    expect(asked.at(-1)).toMatchObject({ path: '/v1/studies/1.2.3/retire', body: { reasonClass: 2 } });
    expect((await operate(['study', 'publish', '1.2.3'])).json.error).toMatchObject({ code: 'UNCHANGED', exitCode: 3 });
  });

  test('a request is made, followed and fetched', async () => {
    expect((await operate(['request', 'new', '--reason', 'x', '--until', '30d'])).json.result).toMatchObject({
      requestId: 'r1',
    });
    expect((await operate(['request', 'watch', 'r1', '--for', 'allowed'])).json.result).toMatchObject({
      state: 'allowed',
    });
    const fetched = await operate(['request', 'fetch', 'r1']);
    expect(fetched.json.result).toMatchObject({ state: 'filed', folder: 'in/1' });
    expect(fetched.stderr).toContain('fetching');
    expect((await operate(['request', 'fetch', 'bad'])).exitCode).toBe(3);
    expect((await operate(['request', 'watch', 'missing'])).json.error).toMatchObject({
      code: 'REQUEST_UNKNOWN',
      exitCode: 4,
    });
  });

  test('a study that waits is looked into, and filed under a patient from a file', async () => {
    expect((await operate(['quarantine', 'list'])).json.result).toMatchObject({ studies: [WAITING] });
    expect((await operate(['quarantine', 'show', 'q1'])).json.result).toMatchObject({ instanceCount: 1 });
    const patient = { name: 'Doe^Jane', id: '4711', birthDate: '19700203' };
    const file = await folder.file('patient.json', JSON.stringify(patient));
    expect((await operate(['quarantine', 'file', 'q1', '--patient-file', file])).exitCode).toBe(0);
    expect(asked.at(-1)).toMatchObject({ path: '/v1/quarantine/q1/file', body: { patient } });
    expect((await operate(['quarantine', 'file', 'q1', '--as-sent'])).exitCode).toBe(0);
    expect(asked.at(-1)).toMatchObject({ path: '/v1/quarantine/q1/file', body: { patient: 'as-sent' } });
    expect((await operate(['quarantine', 'file', 'q1'])).exitCode).toBe(2);
    expect((await operate(['quarantine', 'file', 'q1', '--as-sent', '--patient-file', file])).exitCode).toBe(2);
    expect((await operate(['quarantine', 'discard', 'q1'])).exitCode).toBe(0);
    expect(asked.at(-1)).toMatchObject({ path: '/v1/quarantine/q1/discard' });
    await operate(['request', 'new', '--reason', 'x', '--until', '30d', '--patient-file', file]);
    expect(asked.at(-1)).toMatchObject({ path: '/v1/requests', body: { reason: 'x', patient } });
    const open = await folder.file('open-patient.json', '{}', 0o644);
    expect((await operate(['quarantine', 'file', 'q1', '--patient-file', open])).json.error).toMatchObject({
      code: 'FILE_TOO_OPEN',
    });
  });

  test('a recipient key is withdrawn; what nobody was told of is left', async () => {
    const key = 'ef'.repeat(32);
    const done = await operate(['recipient', 'withdraw', key]);
    expect(done.json.result).toEqual({ told: 1, left: [{ source: 'ab'.repeat(32), code: 'CONNECTION_FAILED' }] });
    expect(asked.at(-1)).toMatchObject({ path: '/v1/recipient/withdraw', body: { key } });
  });

  test('a wrong token is refused', async () => {
    const other = await folder.file('other-token', 'something else');
    expect(
      (await operate(['study', 'list', '--operator', gateway.url, '--token-file', other])).json.error,
    ).toMatchObject({
      code: 'UNAUTHORIZED',
      exitCode: 3,
    });
  });
});

describe('with key files', () => {
  const keyFile = async (name: string) => {
    const seed = generateSeed();
    return { file: await folder.file(`${name}.pem`, encodePrivateKeyPem(seed)), signer: await createSigner(seed) };
  };
  const sign = (args: readonly string[]) => runCli([...args, '--node', nodeServer.url, '--json']);

  test('a source is admitted by a work stamp, moves, and rotates its keys', async () => {
    const [source, nodeKey, vrf, next] = await Promise.all(['source', 'node', 'vrf', 'next'].map(keyFile));
    if (!source || !nodeKey || !vrf || !next) throw new Error('keys');
    const ledger = createNodeClient({ url: 'http://node.test', fetch: node.fetch });
    const cellOf = async () => (await ledger.source(source.signer.publicKey)).cell;
    const pin = ['--tls-pin', 'cd'.repeat(32)];
    const endpoint = ['--base-url', 'https://gw.example:8443', ...pin];
    const keys = ['--key', source.file, '--node-key', nodeKey.file, '--vrf-key', vrf.file];
    const defined = await sign(['source', 'define', '--name', 'City Hospital', ...endpoint, ...keys]);
    expect(defined.json.result, defined.stderr).toMatchObject({ source: toHex(source.signer.publicKey) });
    expect((await cellOf())?.endpoint).toMatchObject({ name: 'City Hospital', baseUrl: 'https://gw.example:8443' });

    const moved = await sign([
      'source',
      'move',
      '--name',
      'Town Hospital',
      '--base-url',
      'https://gw2.example',
      ...pin,
      '--key',
      source.file,
    ]);
    expect(moved.exitCode, moved.stderr).toBe(0);
    expect((await cellOf())?.endpoint).toMatchObject({ name: 'Town Hospital', baseUrl: 'https://gw2.example' });

    const rotated = await sign(['source', 'rotate', '--role', 'signing', '--key', source.file, '--new-key', next.file]);
    expect(rotated.exitCode, rotated.stderr).toBe(0);
    expect((await cellOf())?.signingKey).toEqual(next.signer.publicKey);

    const again = await sign(['source', 'rotate', '--role', 'node', '--key', source.file, '--new-key', next.file]);
    expect(again.exitCode).toBe(3);
  });

  test('a withdrawal that was prepared is sent to a source, over its pin', async () => {
    const [recipient, source, nodeKey, vrf] = await Promise.all(
      ['recipient', 'told', 'told-node', 'told-vrf'].map(keyFile),
    );
    if (!recipient || !source || !nodeKey || !vrf) throw new Error('keys');
    const told: { path: string | undefined; statement: Uint8Array }[] = [];
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'gateway' }], { keyType: 'ec' });
    const listener = createServer({ key, cert, minVersion: 'TLSv1.3' }, (request, response) => {
      void request.toArray().then((chunks) => {
        told.push({ path: request.url, statement: new Uint8Array(Buffer.concat(chunks as Buffer[])) });
        response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
      });
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    try {
      const certificate = await folder.file('told-cert.pem', cert);
      const baseUrl = `https://127.0.0.1:${(listener.address() as AddressInfo).port}`;
      const endpoint = ['--base-url', baseUrl, '--tls-certificate', certificate];
      const keys = ['--key', source.file, '--node-key', nodeKey.file, '--vrf-key', vrf.file];
      const defined = await sign(['source', 'define', '--name', 'Told Hospital', ...endpoint, ...keys]);
      expect(defined.exitCode, defined.stderr).toBe(0);

      const out = join(folder.path, 'withdrawal');
      const prepared = await sign(['recipient', 'prepare-withdrawal', '--key', recipient.file, '--out', out]);
      expect(prepared.json.result, prepared.stderr).toMatchObject({ key: toHex(recipient.signer.publicKey) });
      const study = 'cd'.repeat(32);
      const to = ['--source', toHex(source.signer.publicKey), '--study', study];
      const sent = await sign(['recipient', 'send-withdrawal', '--statement-file', out, ...to]);
      expect(sent.exitCode, sent.stderr).toBe(0);
      expect(told.map(({ path }) => path)).toEqual([`/v1/key-withdrawals/${study}`]);
      const { statement } = told[0] as { statement: Uint8Array };
      expect(await openKeyWithdrawal(statement, node)).toEqual({ key: recipient.signer.publicKey });

      const broken = await folder.file('no-withdrawal', 'nonsense');
      const nowhere = ['--source', study, '--study', study];
      const send = ['recipient', 'send-withdrawal', '--statement-file'];
      expect((await sign([...send, broken, ...to])).exitCode).toBe(2);
      expect((await sign([...send, out, ...nowhere])).exitCode).toBe(4);
    } finally {
      listener.closeAllConnections();
      listener.close();
    }
  });

  test('a key file that others may read is refused', async () => {
    const open = await folder.file('open.pem', encodePrivateKeyPem(generateSeed()), 0o644);
    const done = await sign(['source', 'rotate', '--role', 'node', '--key', open, '--new-key', open]);
    expect(done.json.error).toMatchObject({ code: 'FILE_TOO_OPEN', exitCode: 2 });
  });
});
