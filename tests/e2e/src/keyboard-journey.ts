/** F1 to F7 of the patient's app without a pointer, where the focus is after each step, and that nothing is asked twice. */
import { expect } from 'vitest';
import { Keyboard } from './keyboard.js';
import type { Phone } from './phone.js';

export interface Journey {
  readonly own: Phone;
  /** Phones she gets when she has lost her own: brought back by the sheet, by helpers, and from the old one. */
  readonly other: Phone;
  readonly byHelpers: Phone;
  readonly fromOld: Phone;
  /** Address of the app. */
  readonly page: string;
  readonly label: string;
  readonly invitation: { readonly link: string; readonly code: string };
  readonly request: { readonly link: string };
  /** A clinic that scanned her code leaves its request there. */
  readonly answerCode: (link: string) => Promise<void>;
  /** The clinic that was let in fetches the images. */
  readonly clinicLooks: () => Promise<void>;
}

/** @returns how often Tab was pressed, and how many fields were typed into */
export async function journey(input: Journey): Promise<{ readonly tabs: number; readonly fields: number }> {
  const { own, other, byHelpers, fromOld } = input;
  const hands = [own, other, byHelpers, fromOld].map((phone) => new Keyboard(phone));
  const [ownHands, otherHands, helpersHands, oldHands] = hands as [Keyboard, Keyboard, Keyboard, Keyboard];
  await opensInvitation(own, ownHands, input);
  await allows(own, ownHands, input);
  await input.clinicLooks();
  await complains(own, ownHands);
  await stops(own, ownHands);
  await beginsToShare(own, ownHands, input);
  const words = await makesSheet(own, ownHands);
  const cards = await makesCards(own, ownHands);
  await other.open(input.page);
  await begins(otherHands, 'I have a recovery sheet', 'Bring everything back');
  await otherHands.type('Twelve words', words);
  await bringsBack(other, otherHands, input.label, 'Bring back my images');
  await byHelpers.open(input.page);
  await begins(helpersHands, 'Ask my helpers', 'Ask your helpers');
  await helpersHands.type('Words of one card', cards[0]);
  await helpersHands.type('Words of another card', cards[2]);
  await bringsBack(byHelpers, helpersHands, input.label, 'Bring back my images');
  await moves(own, ownHands, fromOld, oldHands, input);
  // WCAG 3.3.7: what she typed once on a phone, that phone does not ask again.
  for (const { typed } of hands) expect(typed).toEqual([...new Set(typed)]);
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
  return { tabs: sum(hands.map(({ tabs }) => tabs)), fields: sum(hands.map(({ typed }) => typed.length)) };
}

async function begins(hands: Keyboard, button: string, title: string): Promise<void> {
  await hands.arrive('No images here yet');
  await hands.press('Lost your phone?');
  await hands.arrive('Lost your phone?');
  await hands.press(button);
  await hands.arrive(title);
}

async function bringsBack(phone: Phone, hands: Keyboard, label: string, button: string): Promise<void> {
  await hands.press(button);
  await hands.arrive('My images');
  await phone.heading(label).waitFor();
}

async function opensInvitation(phone: Phone, hands: Keyboard, { invitation, label }: Journey): Promise<void> {
  await phone.open(invitation.link);
  await hands.arrive('City Hospital has images for you');
  await hands.type('Six-digit code', invitation.code);
  await hands.press('Open my images');
  await hands.arrive('My images');
  await phone.page.getByText('Ready', { exact: true }).waitFor({ timeout: 60_000 });
  await phone.page.getByRole('status').getByText(`Sealed: ${label} is ready.`).waitFor();
}

async function allows(phone: Phone, hands: Keyboard, { request, label }: Journey): Promise<void> {
  const { keyboard } = phone.page;
  await phone.open('about:blank'); // closed, and opened by the link
  await phone.open(request.link);
  await hands.arrive(/asks to see your images$/);
  await hands.press('Open my images', 'Space');
  const box = phone.page.getByRole('checkbox', { name: label });
  await box.waitFor();
  await hands.arrive(/asks to see your images$/);
  await hands.reach(box, label);
  await keyboard.press('Space');
  expect(await box.isChecked()).toBe(false);
  await keyboard.press('Space');
  expect(await box.isChecked()).toBe(true);
  await hands.press('Change', 'Space');
  const day = phone.page.getByLabel('Last day');
  const before = await day.inputValue();
  expect(await day.evaluate((element) => element === document.activeElement)).toBe(true);
  await keyboard.press('ArrowUp');
  expect(await day.inputValue()).not.toBe(before);
  await keyboard.press('ArrowDown');
  await hands.press('Allow');
  await hands.arrive(/can see .* until/);
  await hands.press('Done', 'Space');
  await hands.arrive('My images');
}

async function complains({ page }: Phone, hands: Keyboard): Promise<void> {
  await hands.press('Who looked');
  await hands.arrive('Who looked');
  await hands.press('I don’t recognise this');
  await hands.press('Tell the privacy office', 'Space');
  await page.getByText('The privacy office has your message.').waitFor();
  await hands.press('Back');
  await hands.arrive('My images');
}

async function beginsToShare(phone: Phone, hands: Keyboard, { label, answerCode }: Journey): Promise<void> {
  await hands.press(`Open ${label}`);
  await hands.arrive(label);
  await hands.press('Share');
  await phone.page.getByRole('img', { name: 'Square for the clinic to scan' }).waitFor();
  await answerCode(await copied(phone, hands, 'Copy it as a link'));
  await hands.arrive(/asks to see your images$/);
  await hands.press('Not now');
  await hands.arrive('My images');
}

/** From her own phone to a new one, without cameras: what each shows is copied, and pasted on the other. */
async function moves(own: Phone, hands: Keyboard, other: Phone, others: Keyboard, input: Journey): Promise<void> {
  await other.open(input.page);
  await begins(others, 'I still have my old phone', 'From your old phone');
  const offer = await copied(other, others, 'Copy it');
  await hands.press('More');
  await hands.arrive('More');
  await hands.press('Move to a new phone');
  await hands.arrive('Move to a new phone');
  await hands.type('What the new phone shows', offer);
  await hands.press('Continue');
  await hands.arrive('Does the new phone show the same four words?');
  await hands.press('Yes, the same');
  await hands.arrive('Now scan this with the new phone');
  await others.type('What the old phone shows', await copied(own, hands, 'Copy it'));
  await bringsBack(other, others, input.label, 'Bring my images here');
}

async function copied(phone: Phone, hands: Keyboard, button: string): Promise<string> {
  await phone.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await hands.press(button);
  return phone.page.evaluate('navigator.clipboard.readText()');
}

async function stops(phone: Phone, hands: Keyboard): Promise<void> {
  await hands.press(/^Lakeside Orthopaedics/);
  await hands.arrive(/^Lakeside Orthopaedics/);
  await hands.press('Stop sharing');
  await phone.heading('Stop sharing?').waitFor();
  expect(['Stop', 'Keep']).toContain(await hands.focused());
  await phone.page.keyboard.press('Escape');
  await phone.heading('Stop sharing?').waitFor({ state: 'detached' });
  expect(await hands.focused()).toBe('Stop sharing');
  await phone.page.keyboard.press('Enter');
  await phone.heading('Stop sharing?').waitFor();
  await phone.page.evaluate(leaveAndAskAgain);
  await hands.press('Stop', 'Space');
  await hands.arrive(/^Lakeside Orthopaedics/);
  await phone.page.getByText(/^Stopped/).waitFor({ timeout: 60_000 });
  await hands.press('Back');
  await hands.arrive('My images');
}

/** Runs in the page: leaves the dialog as Escape does, and presses the button that asked before the browser tells that it closed. */
async function leaveAndAskAgain(): Promise<void> {
  document.querySelector<HTMLDialogElement & { requestClose(): void }>('dialog[open]')?.requestClose();
  await Promise.resolve();
  if (document.activeElement instanceof HTMLElement) document.activeElement.click();
}

/** @returns the words, as she would type them */
async function makesSheet(phone: Phone, hands: Keyboard): Promise<string> {
  await hands.press('Print it');
  await hands.arrive('Your recovery sheet');
  const words = await phone.page.getByRole('list').getByRole('listitem').allInnerTexts();
  await hands.press('I have it on paper');
  await hands.arrive('Good. Your sheet is noted.');
  await hands.press('Done');
  await hands.arrive('My images');
  return words.map((word) => word.replace(/^\d+\.\s*/, '')).join(' ');
}

/** @returns the words of each card, as its helper would read them out */
async function makesCards(phone: Phone, hands: Keyboard): Promise<readonly [string, string, string]> {
  await hands.press('More');
  await hands.arrive('More');
  await hands.press('Add helpers');
  await hands.arrive('Helpers');
  await hands.type('Whom a helper should call', 'Anna, 030 1234');
  const cards = await phone.page.locator('.helper-card .words').all();
  const words = await Promise.all(
    cards.map(async (card) => (await card.getByRole('listitem').allInnerTexts()).join(' ')),
  );
  await hands.press('My helpers have their cards', 'Space');
  await hands.arrive('Good. Your helpers are noted.');
  await hands.press('Done');
  await hands.arrive('My images');
  return words as [string, string, string];
}
