/** B9 of the patient's app: somebody acts for her for a while, and a child's images move to the child's own phone. */
import { stat } from 'node:fs/promises';
import { expect } from 'vitest';
import { Keyboard } from './keyboard.js';
import type { Phone } from './phone.js';
import { readPicture } from './read-picture.js';

type Look = (name: string, on: Phone) => Promise<void>;

const SQUARE = 'Square for the other phone to scan';

async function copied(phone: Phone): Promise<string> {
  await phone.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await phone.press('Copy it as a link');
  return phone.page.evaluate('navigator.clipboard.readText()');
}

async function wordsOn(phone: Phone): Promise<readonly string[]> {
  return phone.page.locator('.words').getByRole('listitem').allInnerTexts();
}

/** Two phones side by side, by their cameras: Anna acts for Maria afterwards. Both are at home before and after. */
export async function letsAct(maria: Phone, anna: Phone, page: string, label: string, look: Look): Promise<void> {
  await maria.press('More');
  await maria.press('Let someone act for me');
  // One study: of several the further ones follow over the next minutes, so that the ledger does not show them as one person's.
  await maria.page.getByRole('checkbox', { name: label }).waitFor();
  for (const row of await maria.page.locator('label.pick').all()) {
    await row.getByRole('checkbox').setChecked((await row.innerText()).includes(label));
  }
  await maria.press('Continue');
  await maria.page.getByText('Type your name.').waitFor();
  await look('let someone act', maria);
  await maria.fill('Your name, as they know you', 'Maria');
  await maria.press('Continue');
  const offer = maria.page.getByRole('img', { name: SQUARE });
  await offer.waitFor();
  await look('square of an offer', maria);

  await anna.open(page);
  await anna.press('I have a link');
  await anna.holdBeforeCamera(await offer.screenshot());
  await anna.press('Scan: Link');
  await expect.poll(() => anna.page.getByRole('textbox').inputValue()).toMatch(/#o=/);
  await anna.press('Open');
  await anna.heading('Maria asks you to act for them').waitFor();
  await anna.page.getByText('City Hospital').waitFor();
  await look('somebody asks', anna);
  await anna.fill('Your name, as they know you', 'Anna');
  await anna.press('Yes, I agree');
  const answer = anna.page.getByRole('img', { name: SQUARE });
  await answer.waitFor();
  await look('square of an answer', anna);

  await maria.fill('What the other phone shows', 'https://example.org/#a=kA');
  await maria.press('Continue');
  await maria.heading('This link does not work').waitFor();
  await maria.holdBeforeCamera(await answer.screenshot());
  await maria.press('Scan: What the other phone shows');
  await expect.poll(() => maria.page.getByRole('textbox').inputValue()).toMatch(/#a=.{200,}$/);
  await maria.press('Continue');
  await maria.heading('Let Anna act for you?').waitFor();
  await maria.page.getByText('Not confirmed: they call themselves Anna. Nobody has checked that name.').waitFor();
  await maria.page.getByText(label, { exact: true }).waitFor();
  expect(await maria.page.getByText(/^Until/).innerText()).toMatch(/^Until \d+ \p{L}+ \d{4}$/u);
  expect(await wordsOn(maria)).toEqual(await wordsOn(anna));
  await look('decide', maria);
  await maria.press('Let them act for me');
  await maria.heading('Anna may act for you').waitFor({ timeout: 60_000 });
  await look('somebody acts', maria);
  await maria.press('Done');

  await anna.press('Done');
  await anna.heading(label).waitFor({ timeout: 60_000 });
  await anna.page.getByText('Maria’s images').waitFor();
  await look('home of who acts', anna);
}

/** Anna lets a clinic see it, for no longer than she acts. */
export async function actsFor(anna: Phone, label: string, requestLink: string, look: Look): Promise<void> {
  await anna.press(`Open ${label}`);
  await anna.page.getByText(/^Maria’s images\. You may act for them until/).waitFor();
  await look('study of somebody', anna);
  expect(await anna.button('Let someone act for me').count()).toBe(0);
  await anna.press('Share');
  await anna.page.getByRole('img', { name: 'Square for the clinic to scan' }).waitFor();
  await look('share of who acts', anna);
  await anna.press('They gave me a code');
  await anna.fill('Link', requestLink);
  await anna.press('Open');
  await anna.press('Change');
  await anna.page.getByLabel('Last day').fill(`${new Date().getFullYear() + 2}-01-01`);
  await anna.page.getByText(/^You act for someone until .* so sharing ends then\.$/).waitFor();
  await look('a request to who acts', anna);
  await anna.press('Allow');
  await anna.heading(new RegExp(`can see ${label} until`)).waitFor({ timeout: 60_000 });
  await anna.press('Done');
}

/** Anna looks at Maria's images and keeps a copy; Maria sees who looked, and each sees the other as what she is. */
export async function looksAndKeeps(anna: Phone, maria: Phone, label: string, look: Look): Promise<{ bytes: number }> {
  await anna.press(`Open ${label}`);
  await anna.press('View');
  await anna.page.getByRole('img', { name: 'Image 1 of 1' }).waitFor({ timeout: 30_000 });
  await expect.poll(async () => (await anna.page.evaluate(readPicture)).shades).toBeGreaterThan(20);
  await look('view of who acts', anna);
  await anna.press('Back');
  await anna.press('Keep a copy');
  await anna.press('Fetch and check');
  await anna.page.getByText('All images are here').waitFor({ timeout: 30_000 });
  const saved = anna.page.waitForEvent('download');
  await anna.page.getByRole('link', { name: 'Save the copy' }).click();
  const { size } = await stat(await (await saved).path());
  await anna.press('Back');
  await anna.press('Who looked');
  await anna.page.getByText(`You opened ${label}`).waitFor();
  await anna.press('Back');
  await anna.press('Back');

  await maria.press('Who looked');
  await maria.page.getByText(`Anna opened ${label}`).waitFor();
  await maria.page.getByText(/because you let them act for you$/).waitFor();
  expect(await maria.page.getByText(`You opened ${label}`).count()).toBe(0);
  await look('who looked: who acts', maria);
  await maria.press('Back');
  return { bytes: size };
}

/** Maria sees what Anna allowed, and ends it. */
export async function endsActing(maria: Phone, anna: Phone, look: Look): Promise<void> {
  await maria.heading('Who may act for you').waitFor();
  await maria.press(/^Anna/);
  await maria.press('Look for what they allowed');
  await expect.poll(() => maria.button('Look for what they allowed').getAttribute('aria-busy')).toBe('false');
  await maria.press('Stop letting them act');
  await maria.heading('Stop letting Anna act for you?').waitFor();
  await look('stop acting', maria);
  await maria.press('Stop');
  await maria.page.getByText('Ended', { exact: true }).waitFor({ timeout: 60_000 });
  await look('acting has ended', maria);
  await maria.press('Done');
  expect(await maria.heading('Who may act for you').count()).toBe(0);
  await anna.page.evaluate('window.dispatchEvent(new Event("online"))');
  await anna.page.getByText('You no longer act for them.').waitFor({ timeout: 60_000 });
}

/**
 * By links and by keyboard alone, with everything in between that may go wrong: the child's phone is restarted, the mother's is offline and
 * restarted. Ends at both homes.
 */
export async function handsOver(mother: Phone, child: Phone, label: string, look: Look): Promise<{ tabs: number }> {
  const [hands, childs] = [new Keyboard(mother), new Keyboard(child)];
  await hands.press('More');
  await hands.press('Hand images over');
  await hands.arrive('Hand images over');
  await mother.page.getByText('Whose images: Maya (daughter)').waitFor();
  await hands.type('Your name, as they know you', 'Mum');
  await hands.press('Continue', 'Space');
  await hands.arrive('Let the other person scan this');
  const offer = await copied(mother);

  await child.open(offer);
  await childs.arrive('Mum hands images over to you');
  await look('images are offered', child);
  await childs.type('Your name, as they know you', 'Maya');
  await childs.press('Yes, I agree');
  await childs.arrive('Let Mum scan this');
  const words = await wordsOn(child);
  const answer = await copied(child);
  await mother.open(answer);
  await hands.arrive('Hand these images over to Maya?');
  expect(await wordsOn(mother)).toEqual(words);
  await mother.page.getByText(label, { exact: true }).waitFor();
  await look('hand over?', mother);
  await mother.page.evaluate('navigator.serviceWorker.ready.then(() => true)');
  await mother.context.setOffline(true);
  await hands.press('Hand over');
  await mother.page.getByText('Being sealed', { exact: true }).waitFor();
  await look('waits for the network', mother);
  await mother.page.reload();
  await hands.press('Open my images');
  await mother.context.setOffline(false);
  await child.open('about:blank');
  await child.open(offer);
  await childs.type('Your name, as they know you', 'Maya');
  await childs.press('Yes, I agree');
  await childs.arrive('Let Mum scan this');
  expect(await copied(child)).toBe(answer); // the same promise, not a second one
  expect(await wordsOn(child)).toEqual(words);

  await mother.page.getByRole('radio', { name: 'Maya (daughter)' }).check();
  const handed = mother.page.getByText('Handed over', { exact: true });
  const isHanded = async (): Promise<boolean> => {
    await mother.page.evaluate('window.dispatchEvent(new Event("online"))'); // sooner than the app looks by itself
    return handed.isVisible();
  };
  await expect.poll(isHanded, { timeout: 60_000 }).toBe(true);
  await look('handed over', mother);
  await hands.press(`Open ${label}`);
  await hands.arrive(label);
  await mother.page.getByText('These images are on another phone now.').waitFor();
  for (const gone of ['Share', 'View', 'Keep a copy']) expect(await mother.button(gone).count(), gone).toBe(0);
  await hands.press('Back');

  await childs.press('Done');
  await child.heading(label).waitFor({ timeout: 60_000 });
  await child.page.getByText('Ready', { exact: true }).waitFor();
  await mother.open('about:blank');
  await mother.open(answer);
  await mother.press('Open my images');
  await mother.press('Hand over');
  await mother.heading('Maya has these images now').waitFor({ timeout: 60_000 }); // once more changes nothing
  await mother.press('Done');
  return { tabs: hands.tabs + childs.tabs };
}
