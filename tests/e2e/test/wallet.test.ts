// The patient's app in real Chromium against a real net: checks PW-1 and following of the acceptance list, named in each title.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addSmallStudy, ask, type LocalNet, startLocalNet } from '@radledger/devnet';
import { toHex } from '@radledger/primitives';
import { loadTexts } from '@radledger/wallet-app/texts';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { failures } from '../src/failures.js';
import { CHROMIUM, launchChromium, Phone } from '../src/phone.js';
import { SCREENS_FOLDER, takePictures } from '../src/pictures.js';
import { axeViolations, helpAtTheFoot, overflowsAt320, smallTargets } from '../src/screen-checks.js';
import { walk } from '../src/wallet-walk.js';

const DAY_MS = 86_400_000;
const forbidden = JSON.parse(
  await readFile(fileURLToPath(import.meta.resolve('@radledger/wallet-app/forbidden-words.json')), 'utf8'),
) as Readonly<Record<string, readonly string[]>>;
const forbiddenIn = (language: string): RegExp =>
  new RegExp(`(?<![\\p{L}])(${forbidden[language]?.join('|')})(?![\\p{L}])`, 'giu');
const FORBIDDEN = forbiddenIn('en');

let folder: string;
let net: LocalNet;
let browser: Browser;
let phone: Phone;
let invitation: { link: string; code: string; studyInstanceUid: string };

/** Said by `npm run e2e:wallet -- --json`. */
function figures({ task }: TestContext, found: Readonly<Record<string, unknown>>): void {
  Object.assign(task.meta, { figures: found });
}

/** What must hold everywhere, tried on each screen that a test comes to; counted for PW-3, PW-11 and PW-12. */
const screens: { name: string; violations: readonly string[]; small: readonly string[]; sideways: boolean }[] = [];
async function look(name: string, on: Phone = phone): Promise<void> {
  expect((await on.words()).match(FORBIDDEN) ?? [], `forbidden words on ${name}`).toEqual([]);
  expect(await helpAtTheFoot(on), `help on ${name}`).toEqual(['Lost your phone?', 'Get help']);
  screens.push({
    name,
    violations: await axeViolations(on),
    small: await smallTargets(on),
    sideways: await overflowsAt320(on),
  });
}

async function inviteToNewStudy(label: string): Promise<typeof invitation> {
  const { archive, operator } = net.cast.hospital;
  const studyInstanceUid = await addSmallStudy(archive);
  return { ...(await operator.invite({ studyInstanceUid, label })), studyInstanceUid };
}

const requestImages = (reason: string): Promise<{ requestId: string; link: string }> =>
  net.cast.practice.operator.request({ reason, wantedUntilMs: Date.now() + 30 * DAY_MS });

describe.skipIf(!existsSync(CHROMIUM) && process.env['CI'] === undefined)('the patient’s app', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'radledger-wallet-'));
    net = await startLocalNet(folder, { onStarted: () => undefined });
    const { hospital, node } = net.cast;
    const { txId } = await hospital.operator.defineSource({ name: 'City Hospital', ...hospital.keyProofs });
    await node.waitForFinalized(txId);
    invitation = await inviteToNewStudy('MRI, knee');
    browser = await launchChromium();
    phone = await Phone.switchOn(browser);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await net?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('PW-4 mail scanners and a page that is only looked at leave the invitation whole', async (context) => {
    const page = invitation.link.split('#')[0] as string;
    const api = net.network.sources[0]?.api as string;
    for (let index = 0; index < 50; index += 1) {
      const method = index % 2 === 0 ? 'GET' : 'HEAD';
      await fetch(index % 3 === 0 ? `${api}/v1/claims` : page, { method });
    }
    const scanner = await Phone.switchOn(browser);
    await scanner.open(invitation.link);
    await expect.poll(() => scanner.heading('City Hospital has images for you').count()).toBe(1);
    expect(scanner.page.url()).toBe(page); // neither address nor history keeps the link
    await look('invitation', scanner);
    await scanner.switchOff();
    figures(context, { requests: 50, pageLoads: 1 });
  });

  test('PW-1 from an invitation to a card that is ready: one field, at most two presses', async (context) => {
    const begun = performance.now();
    await phone.open(invitation.link);
    await expect.poll(() => phone.button('Open my images').count()).toBe(1);
    expect(await phone.page.getByRole('textbox').count()).toBe(1);
    await phone.fill('Six-digit code', invitation.code);
    await phone.press('Open my images');
    await phone.page.getByText('Ready', { exact: true }).waitFor({ timeout: 60_000 });
    expect(await phone.heading('MRI, knee').count()).toBe(1);
    expect(phone.presses).toBeLessThanOrEqual(2);
    expect(phone.fields).toBe(1);
    await look('home with a study');
    figures(context, {
      presses: phone.presses,
      fields: phone.fields,
      seconds: (performance.now() - begun) / 1_000,
    });
  });

  test('PW-7 a request whose bytes were changed is refused, not shown', async () => {
    const { link } = await requestImages('Second opinion');
    const [page, encoded = ''] = link.split('#r=');
    const bytes = Buffer.from(encoded, 'base64url');
    bytes.write('Second opinioN', bytes.indexOf('Second opinion'));
    await phone.open(`${page}#r=${bytes.toString('base64url')}`);
    await phone.heading('This link does not work').waitFor();
    expect(await phone.button('Allow').count()).toBe(0);
    expect(await phone.page.getByText('Second opinio').count()).toBe(0);
    await look('a link that was changed');
    await phone.press('To my images');
    await phone.heading('My images').waitFor();
  });

  test('PW-2 and a doctor’s request to a live permission: at most five presses in all', async (context) => {
    const begun = performance.now();
    phone.presses = 1; // that of the invitation
    const { link, requestId } = await requestImages('Second opinion');
    await phone.open(link);
    await phone.heading(/asks to see your images$/).waitFor();
    await phone.button('Allow').waitFor();
    await look('a request');
    const until = await phone.page.getByText(/^Until/).innerText();
    expect(until).toMatch(/^Until \d+ \p{L}+ \d{4}$/u);
    expect(await phone.page.getByRole('checkbox', { name: /MRI, knee/ }).isChecked()).toBe(true);
    await phone.press('Allow');
    await phone.heading(/can see MRI, knee until/).waitFor({ timeout: 60_000 });
    const { state } = await net.cast.practice.operator.requestState(requestId);
    expect(state).toMatch(/allowed|waiting/);
    await look('allowed');
    await phone.press('Done');
    expect(phone.presses).toBeLessThanOrEqual(5);
    figures(context, { presses: phone.presses, fields: 1, seconds: (performance.now() - begun) / 1_000 });
  });

  test('PW-6 the Allow screen has an end date from the start, and it can be changed but not left out', async (context) => {
    const { link } = await requestImages('Follow-up');
    await phone.open(link);
    await phone.press('Change');
    const field = phone.page.getByLabel('Last day');
    expect(await field.inputValue()).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    await field.fill('');
    await phone.press('Allow');
    await phone.page.getByText('Choose a day between').waitFor();
    await look('a request without a day');
    await phone.press('Not now');
    await phone.heading('My images').waitFor();
    figures(context, { endDatePreselected: true, withoutEndDate: 'refused' });
  });

  test('PW-8 from home to stopped in three presses; the next retrieval is refused', async (context) => {
    const { hospital, practice } = net.cast;
    const studyId = (await hospital.operator.studies()).find(
      ({ studyInstanceUid }) => studyInstanceUid === invitation.studyInstanceUid,
    )?.studyId as Uint8Array;
    const wish = { repositoryUniqueId: hospital.source, documentUniqueId: toHex(studyId) };
    const retrieve = async (): Promise<string> => (await ask(hospital.iti43, wish, practice.recipient)).answer;
    expect(await retrieve()).toBe('retrieved');
    await phone.heading('1 person can see your images').waitFor();
    await look('home with a person');
    phone.presses = 0;
    const begun = performance.now();
    await phone.press(/^127\.0\.0\.1/);
    await look('a person');
    await phone.press('Stop sharing');
    await phone.heading('Stop sharing?').waitFor();
    await look('stop?');
    await phone.press('Stop');
    await expect.poll(retrieve, { timeout: 30_000 }).toBe('XDSDocumentUniqueIdError');
    await phone.page.getByText(/^Stopped/).waitFor({ timeout: 60_000 });
    expect(phone.presses).toBe(3);
    await look('a person, stopped');
    figures(context, { presses: phone.presses, seconds: (performance.now() - begun) / 1_000 });
  });

  test('PW-9 who looked is shown with why it was allowed; repeated copies are one row', async (context) => {
    await phone.press('Back');
    await phone.press('Who looked');
    await phone.page.getByText(/opened MRI, knee|copies of MRI, knee/).waitFor();
    expect(await phone.page.getByText(/because you allowed it on \d+ \w+ \d{4}\. Reason: Second opinion/).count()).toBe(
      1,
    );
    await look('who looked');
    figures(context, { rows: await phone.page.getByRole('main').getByRole('listitem').count() });
  });

  test('PW-3 twelve forced failures: a plain sentence, a way on, a help code, no technical word', async (context) => {
    const replaced = await inviteToNewStudy('CT, chest');
    const { studyInstanceUid } = replaced;
    const fresh = await net.cast.hospital.operator.invite({ studyInstanceUid, label: 'CT, chest' });
    const forced = failures({ fresh, claimed: invitation, replaced });
    for (const { name, force, says } of forced) {
      const other = await Phone.switchOn(browser);
      await force(other);
      await other.page.getByText(says).first().waitFor({ timeout: 20_000 });
      expect((await other.words()).match(FORBIDDEN) ?? [], `forbidden words when ${name}`).toEqual([]);
      expect(await helpAtTheFoot(other), `help when ${name}`).toEqual(['Lost your phone?', 'Get help']);
      if (typeof says === 'string') expect(await other.page.getByText(/^Help code [A-Z0-9]{4}$/).count(), name).toBe(1);
      await other.switchOff();
    }
    figures(context, { failures: forced.length });
  });

  test('PW-11 help stands in the same place on every screen, one press away', async (context) => {
    await phone.press('Lost your phone?');
    await phone.heading('Lost your phone?').waitFor();
    await look('lost phone');
    await phone.press('I have a recovery sheet');
    await phone.heading('Bring everything back').waitFor();
    await look('bring back');
    await phone.press('Get help');
    await phone.heading('Get help').waitFor();
    await look('help');
    figures(context, { screens: screens.length });
  });

  test.each(SCREENS_FOLDER === undefined ? ['de'] : ['en', 'de'])('PW-16 every screen in %s', async (language) => {
    const texts = await loadTexts([language]);
    const other = await Phone.switchOn(browser, { language });
    const links = {
      invitation: await inviteToNewStudy('MRT, Knie'),
      request: await requestImages('Zweitmeinung'),
      label: 'MRT, Knie',
    };
    await walk(other, texts, links, async (name) => {
      expect((await other.words()).match(forbiddenIn(language)) ?? [], `forbidden words on ${name}`).toEqual([]);
      expect(await overflowsAt320(other), `${name} scrolls sideways`).toBe(false);
      await takePictures(other, `${language}-${name}`);
    });
    expect(other.complaints).toEqual([]);
    await other.switchOff();
  });

  test('PW-12 axe finds nothing, every target is at least 44 pixels, nothing scrolls sideways at 320 pixels', (context) => {
    figures(context, { screens: screens.length, violations: screens.flatMap(({ violations }) => violations).length });
    for (const { name, violations, small, sideways } of screens) {
      expect(violations, `axe on ${name}`).toEqual([]);
      expect(small, `small targets on ${name}`).toEqual([]);
      expect(sideways, `${name} scrolls sideways`).toBe(false);
    }
    expect(phone.complaints).toEqual([]);
  });
});
