import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGatewayClient, createNodeClient } from '@radledger/client';
import { createFakeGateway, createFakeNode, type FakeGateway, type FakeNode } from '@radledger/client/testing';
import {
  createImageRequest,
  decodeMailboxLink,
  encodeImageRequestLink,
  encodeInvitationLink,
  encodeRoleAnswerLink,
  generateSealingKeyPair,
  readRoleOfferLink,
  sealMailboxRequest,
} from '@radledger/handover';
import { createSigner, generateSeed, randomBytes, toHex } from '@radledger/primitives';
import { armor } from 'age-encryption';
import { createMemoryStore, createWallet, roleAnswerWords } from '@radledger/wallet';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createFolder, runCli, serve } from './cli-fixture.js';

const DAY_MS = 86_400_000;

let node: FakeNode;
let hospital: FakeGateway;
let servers: { node: Awaited<ReturnType<typeof serve>>; gateway: Awaited<ReturnType<typeof serve>> };
let folder: Awaited<ReturnType<typeof createFolder>>;
let passphraseFile: string;
let wallet: string;

const newSigner = () => createSigner(generateSeed());
const cli = (args: readonly string[], more: { input?: string; wallet?: string } = {}) =>
  runCli([...args, '--json'], {
    ...(more.input === undefined ? {} : { input: more.input }),
    env: {
      RADLEDGER_NODE: servers.node.url,
      RADLEDGER_WALLET: more.wallet ?? wallet,
      RADLEDGER_PASSPHRASE_FILE: passphraseFile,
    },
  });
const requestLink = async () => {
  const key = await newSigner();
  const { publicKey } = await generateSealingKeyPair();
  const request = await createImageRequest(
    {
      chainId: node.chainId,
      recipientKey: key.publicKey,
      sealingKey: publicKey,
      gatewayApi: servers.gateway.url,
      boxId: randomBytes(16),
      displayName: 'Dr Rivera, Lakeside Orthopaedics',
      reason: 'second opinion',
      wantedUntilMs: Date.now() + DAY_MS,
      expiresAtMs: Date.now() + DAY_MS,
    },
    key,
  );
  return { recipient: toHex(key.publicKey), link: encodeImageRequestLink(request, 'https://wallet.example/') };
};

beforeAll(async () => {
  const [source, nodeKey, vrf] = await Promise.all([newSigner(), newSigner(), newSigner()]);
  node = await createFakeNode({
    sources: [{ source: source.publicKey, nodeKey: nodeKey.publicKey, vrfKey: vrf.publicKey }],
  });
  servers = {
    node: await serve(node.fetch),
    gateway: await serve((url, init) => hospital.fetch(url, init)),
  };
  hospital = createFakeGateway({ node, api: servers.gateway.url, signer: source });
  await hospital.define({ name: 'City Hospital', baseUrl: 'https://127.0.0.1:9', node: nodeKey, vrf });
  folder = await createFolder();
  passphraseFile = await folder.file('passphrase', `${toHex(randomBytes(16))}\n`);
  wallet = join(folder.path, 'wallet.json');
  const made = await cli(['wallet', 'new', '--random-passphrase', '--words-file', join(folder.path, 'words')]);
  expect(made.exitCode, made.stderr).toBe(0);
});

afterAll(async () => {
  await servers.node.close();
  await servers.gateway.close();
  await folder.close();
});

async function claimed(): Promise<string> {
  const { invitation, code } = hospital.invite({ studyInstanceUid: '1.2.3', label: 'MRI, knee' });
  const link = encodeInvitationLink(invitation, 'https://wallet.example/');
  const done = await cli(['study', 'claim', '--invitation-file', '-', '--code-file', '-'], {
    input: `${link}\n${code}\n`,
  });
  expect(done.exitCode, done.stderr).toBe(0);
  return String(done.json.result?.studyId);
}

test('a study is claimed, shared, listed, stopped, and restored from the words', async () => {
  const studyId = await claimed();
  const { link, recipient } = await requestLink();
  const allowed = await cli(['grant', 'allow', studyId, '--request', link, '--until', '30d']);
  expect(allowed.json).toMatchObject({ ok: true, command: 'grant allow', result: { studyId, noticeDelivered: true } });
  expect(allowed.stderr).toContain('waiting until it is final');
  const tag = String(allowed.json.result?.tag);
  expect((await cli(['study', 'who-looked', studyId])).json.result).toEqual({ studyId, readings: [] });
  expect((await cli(['grant', 'list', studyId])).json.result).toMatchObject({
    grants: [{ tag, status: 'live', recipient }],
  });
  expect((await cli(['grant', 'revoke', studyId, '--recipient', recipient])).json.result).toMatchObject({ tag });

  const second = join(folder.path, 'restored.json');
  const words = join(folder.path, 'words');
  const restore = ['wallet', 'restore', '--random-passphrase', '--words-file', words];
  const restored = await cli([...restore, '--gateway', servers.gateway.url], {
    wallet: second,
  });
  expect(restored.json.result, restored.stderr).toMatchObject({ unanswered: [] });
  expect(restored.stderr).toContain('sources searched');
  const grants = await cli(['grant', 'list', studyId], { wallet: second });
  expect(grants.json.result).toMatchObject({ grants: [{ tag, status: 'revoked', recipient }] });
  const moved = await cli(['study', 'move-owner', studyId, '--to-self'], { wallet: second });
  expect(moved.json.result, moved.stderr).toMatchObject({ studyId });
});

test('she begins: a clinic leaves its request at her code, and nothing is allowed by that', async () => {
  const studyId = await claimed();
  const codeFile = join(folder.path, 'code');
  const asked = cli(['grant', 'code', studyId, '--code-file', codeFile]);
  const code = await vi.waitFor(
    () => readFile(codeFile, 'utf8').then((text) => text || Promise.reject(new Error())),
    20_000,
  );
  const mailbox = decodeMailboxLink(code);
  const { link, recipient } = await requestLink();
  const gateway = createGatewayClient({ url: mailbox.gatewayApi });
  await gateway.answerMailbox(mailbox.mailboxId, await sealMailboxRequest(link, mailbox));
  const { json, stderr } = await asked;
  const displayName = 'Dr Rivera, Lakeside Orthopaedics';
  expect(json.result, stderr).toMatchObject({ displayName, recipient, origin: { kind: 'unproven' } });
  expect(json.result?.link).toBe(`#${link.split('#')[1]}`);
  expect((await cli(['grant', 'list', studyId])).json.result).toMatchObject({ grants: [] });
});

test('the desk shares for a person without a phone: under a custodian, with a sheet to sign; never twice, never for nobody knows whom', async () => {
  const asked: unknown[] = [];
  const operator = await serve(async (_url, init) => {
    const body = JSON.parse(Buffer.from(init.body as Uint8Array).toString()) as {
      studyInstanceUid: string;
      label: string;
    };
    asked.push(body);
    const { invitation, code } = hospital.invite(body);
    const link = encodeInvitationLink(invitation, 'https://wallet.example/');
    return Response.json({ invitationId: 'i1', link, code, expiresAtMs: invitation.expiresAtMs }, { status: 201 });
  });
  const { link } = await requestLink();
  const share = (out: string, ...more: string[]) => {
    const tokenFile = join(folder.path, 'token');
    const where = ['--operator', operator.url, '--token-file', tokenFile, '--out', join(folder.path, out)];
    const who = ['--custodian', 'Jo Doe, patient desk', '--identity', 'photo-id', '--language', 'de'];
    const what = ['--label', 'MRI, Knie', '--request', link, '--until', '30d'];
    return cli(['desk', 'share', '1.2.77', ...what, ...who, ...where, ...more]);
  };
  await folder.file('token', 'operator-token');
  expect((await share('none.txt')).json.error).toMatchObject({ code: 'USAGE' });
  expect(asked).toEqual([]);

  const shared = await share('sheet.txt', '--accept-unconfirmed');
  expect(shared.json.result, shared.stderr).toMatchObject({ noticeDelivered: true });
  const { studyId, number } = shared.json.result as unknown as { studyId: string; number: string };
  const sheet = await readFile(join(folder.path, 'sheet.txt'), 'utf8');
  expect((await stat(join(folder.path, 'sheet.txt'))).mode & 0o077).toBe(0);
  for (const line of [
    'Bilder: MRI, Knie',
    'Herausgegeben von: City Hospital',
    'Abrufen darf: Dr Rivera, Lakeside Orthopaedics (von niemandem bestätigt)',
    'Wofür: second opinion',
    'Für mich verwahrt von: Jo Doe, patient desk',
    'Wer ich bin, wurde geprüft: durch einen Lichtbildausweis',
    `Blatt-Nummer: ${number}`,
  ]) {
    expect(sheet.split('\n')).toContain(line);
  }
  expect(sheet.split('\n').filter((line) => line.length > 78)).toEqual([]);
  expect((await share('sheet.txt', '--accept-unconfirmed')).json.error).toMatchObject({ code: 'FILE_EXISTS' });
  expect(asked).toEqual([{ studyInstanceUid: '1.2.77', label: 'MRI, Knie', identityCheckedBy: 'photo-id' }]);
  const { grants } = (await cli(['grant', 'list', studyId])).json.result as unknown as {
    grants: { notAfterMs: number }[];
  };
  expect(grants).toMatchObject([{ status: 'live', reason: 'second opinion' }]);
  expect(((grants[0]?.notAfterMs ?? 0) + 1) % DAY_MS).toBe(0);
  await operator.close();

  // Later she has a phone: her own wallet takes the study over, when both show the same words.
  const ofHand = (...more: string[]) => cli(['desk', 'hand-over', '1.2.77', ...more]);
  const offered = await ofHand('--custodian', 'Jo Doe, patient desk', '--page', 'https://wallet.example/');
  const offer = readRoleOfferLink(String(offered.json.result?.link), { chainId: node.chainId, nowMs: Date.now() });
  expect(offer).toMatchObject({ role: 'owner', displayName: 'Jo Doe, patient desk' });
  const ports = {
    node: createNodeClient({ url: servers.node.url }),
    gateway: () => createGatewayClient(servers.gateway),
  };
  const hers = await createWallet({ ...ports, store: createMemoryStore() });
  const answer = await hers.answerOffer({ offer, displayName: 'Maria' });
  const answerFile = await folder.file('answer', encodeRoleAnswerLink(answer, 'https://wallet.example/'));
  const other = await ofHand('--answer-file', answerFile, '--words', 'ladder velvet fox pond');
  expect(other.json.error, other.stderr).toMatchObject({ code: 'REFUSED' });
  const given = await ofHand('--answer-file', answerFile, '--words', ` ${roleAnswerWords(answer).toUpperCase()} `);
  expect(given.json.result, given.stderr).toMatchObject({ studyId });
  await hers.takeInRoles();
  expect(await hers.studies()).toMatchObject([{ role: 'owner', status: 'active', label: 'MRI, Knie' }]);
  expect((await ofHand('--custodian', 'Jo', '--page', 'https://wallet.example/')).json.error).toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('keys are left, a study comes on one of them, a replacement is stopped, and the privacy office is told', async () => {
  const studyId = await claimed();
  const left = await cli(['study', 'leave-keys', studyId]);
  expect(left.json.result, left.stderr).toMatchObject({ studyId, link: 'active', keysLeft: 10, replacement: null });
  await hospital.sendByLink({ studyInstanceUid: '1.2.4', label: 'X-ray, knee' });
  const replacement = { requestedAtMs: 1, dueAtMs: 2 };
  hospital.desk.standing = { ...hospital.desk.standing, replacement };
  const looked = await cli(['study', 'look']);
  expect(looked.json.result?.unanswered, looked.stderr).not.toContain(studyId);
  expect(JSON.stringify(looked.json.result)).toContain(JSON.stringify({ replacement }).slice(1, -1));
  expect(JSON.stringify((await cli(['study', 'list'])).json.result)).toContain('X-ray, knee');
  const stopped = await cli(['study', 'order', studyId, '--what', 'stop-replacement']);
  expect(stopped.json.result, stopped.stderr).toMatchObject({ replacement: null });
  expect((await cli(['study', 'tell', studyId, '--text', 'Who is that?'])).exitCode).toBe(0);
  expect(hospital.desk.orders.at(-1)).toEqual({ kind: 'tell-privacy-office', text: 'Who is that?' });
  expect((await cli(['study', 'order', studyId, '--what', 'look-away'])).exitCode).toBe(2);
  hospital.desk.standing = { ...hospital.desk.standing, replacement: undefined };
});

test('a delegate accepts, is named and is dismissed', async () => {
  const studyId = await claimed();
  const other = join(folder.path, 'daughter.json');
  const make = ['wallet', 'new', '--random-passphrase', '--words-file', join(folder.path, 'words-2')];
  expect((await cli(make, { wallet: other })).exitCode).toBe(0);
  const accepted = await cli(['study', 'accept', toHex(hospital.source), studyId, '--role', 'delegate'], {
    wallet: other,
  });
  const acceptance = String(accepted.json.result?.acceptance);
  const named = await cli(['study', 'delegate', studyId, '--acceptance', acceptance, '--until', '90d']);
  expect(named.json.result, named.stderr).toMatchObject({ studyId });
  const accept = ['study', 'accept', toHex(hospital.source), studyId, '--role', 'delegate'];
  const received = await cli([...accept, '--delegation', String(named.json.result?.delegation)], { wallet: other });
  expect(received.json.result, received.stderr).toMatchObject({ role: 'delegate', status: 'active' });
  const { link } = await requestLink();
  const allowed = await cli(['grant', 'allow', studyId, '--request', link, '--until', '7d'], { wallet: other });
  expect(allowed.json.result, allowed.stderr).toMatchObject({ noticeDelivered: true });
  expect((await cli(['study', 'delegate', studyId, '--none'])).exitCode).toBe(0);
});

describe('files', () => {
  test('hold no secret in clear, and only their owner may read them', async () => {
    const words = (await readFile(join(folder.path, 'words'), 'utf8')).trim();
    expect(words.split(' ')).toHaveLength(12);
    const content = await readFile(wallet, 'utf8');
    expect(words.split(' ').filter((word) => content.includes(` ${word} `))).toEqual([]);
    expect((await stat(wallet)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder.path, 'words'))).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['a wallet that others may read', 'FILE_TOO_OPEN', 2, async (copy: string) => chmod(copy, 0o644)],
    ['a damaged wallet', 'WALLET_FILE_MALFORMED', 7, async (copy: string) => writeFile(copy, '{"format":1}')],
    ['no wallet', 'FILE_MISSING', 4, async () => undefined],
  ])('%s is refused as %s and left as it was', async (name, code, exitCode, spoil) => {
    const copy = join(folder.path, `${exitCode}-${code}.json`);
    if (code !== 'FILE_MISSING') await writeFile(copy, await readFile(wallet), { mode: 0o600 });
    await spoil(copy);
    const before = await readFile(copy, 'utf8').catch(() => undefined);
    const done = await cli(['study', 'list'], { wallet: copy });
    expect(done.json.error, name).toMatchObject({ code, exitCode });
    expect(done.exitCode).toBe(exitCode);
    expect(await readFile(copy, 'utf8').catch(() => undefined)).toBe(before);
  });

  test('a wrong passphrase is refused', async () => {
    const wrong = await folder.file('wrong', 'battery staple\n');
    const done = await cli(['study', 'list', '--passphrase-file', wrong]);
    expect(done.json.error).toMatchObject({ code: 'WRONG_PASSPHRASE', exitCode: 3 });
  });

  test('only a passphrase that can be random is taken for one, and all others are guessed slowly', async () => {
    const chosen = await folder.file('chosen', 'correct horse\n');
    const person = join(folder.path, 'person.json');
    const make = ['wallet', 'new', '--words-file', join(folder.path, 'words-3'), '--passphrase-file', chosen];
    const refused = await cli([...make, '--random-passphrase'], { wallet: person });
    expect(refused.json.error).toMatchObject({ code: 'USAGE', exitCode: 2 });
    expect((await cli(make, { wallet: person })).exitCode).toBe(0);
    expect((await cli(['study', 'list', '--passphrase-file', chosen], { wallet: person })).exitCode).toBe(0);
    expect(await costOf(person)).toBe('18');
    expect(await costOf(wallet)).toBe('10');
  });

  test('a wallet in use is busy', async () => {
    const lock = await folder.file('wallet.json.lock', '1\n');
    const done = await cli(['study', 'list']);
    expect(done.json.error).toMatchObject({ code: 'WALLET_BUSY', exitCode: 3 });
    await rm(lock);
  });

  test('an existing wallet or words file is not replaced', async () => {
    expect((await cli(['wallet', 'new', '--words-file', join(folder.path, 'w3')])).json.error).toMatchObject({
      code: 'WALLET_EXISTS',
    });
  });
});

/** Binary logarithm of scrypt's cost, as the age file says it in clear. */
async function costOf(file: string): Promise<string | undefined> {
  const { identity } = JSON.parse(await readFile(file, 'utf8')) as { readonly identity: string };
  return /^-> scrypt \S+ (\d+)$/m.exec(Buffer.from(armor.decode(identity)).toString('latin1'))?.[1];
}

describe('exit status', () => {
  const unknown = '00'.repeat(32);

  test('4 for a study that the wallet does not have', async () => {
    expect((await cli(['grant', 'list', unknown])).exitCode).toBe(4);
  });

  test('3 for a wrong code, with the tries left', async () => {
    const { invitation } = hospital.invite({ studyInstanceUid: '1.2.9', label: 'CT' });
    const input = `${encodeInvitationLink(invitation, 'https://w.example/')}\n000000\n`;
    const done = await cli(['study', 'claim', '--invitation-file', '-', '--code-file', '-'], { input });
    expect(done.json.error).toMatchObject({ code: 'WRONG_CODE', exitCode: 3 });
    expect(done.stderr).toContain('4 tries left');
    expect(done.stdout + done.stderr).not.toContain('000000');
  });

  test('5 when the node cannot be reached', async () => {
    const done = await cli(['study', 'list', '--node', 'http://127.0.0.1:1']);
    expect(done.json.error).toMatchObject({ code: 'UNREACHABLE', exitCode: 5 });
  });

  test('6 for a grant on a stale view', async () => {
    const studyId = await claimed();
    const { link } = await requestLink();
    node.viewAgeMs = 61_000;
    try {
      const done = await cli(['grant', 'allow', studyId, '--request', link, '--until', '30d']);
      expect(done.json.error).toMatchObject({ code: 'VIEW_STALE', exitCode: 6 });
    } finally {
      node.viewAgeMs = 0;
    }
  });

  test('7 for a request whose bytes were changed', async () => {
    const studyId = await claimed();
    const { link } = await requestLink();
    const changed = link.slice(0, -1) + (link.endsWith('A') ? 'Q' : 'A');
    const done = await cli(['grant', 'allow', studyId, '--request', changed, '--until', '30d']);
    expect([2, 7]).toContain(done.exitCode);
    const middle = link.length - 20;
    const forged = link.slice(0, middle) + (link[middle] === 'A' ? 'B' : 'A') + link.slice(middle + 1);
    expect((await cli(['grant', 'allow', studyId, '--request', forged, '--until', '30d'])).exitCode).toBe(7);
  });
});
