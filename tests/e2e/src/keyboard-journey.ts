/** F1, F2, F4, F5, F6 and F7 of the patient's app without a pointer, and where the focus is after each step. */
import { expect } from 'vitest';
import { Keyboard } from './keyboard.js';
import type { Phone } from './phone.js';

export interface Journey {
  readonly own: Phone;
  /** The phone she gets when she has lost her own. */
  readonly other: Phone;
  /** Address of the app. */
  readonly page: string;
  readonly label: string;
  readonly invitation: { readonly link: string; readonly code: string };
  readonly request: { readonly link: string };
}

/** @returns how often Tab was pressed */
export async function journey(input: Journey): Promise<{ readonly tabs: number }> {
  const { own, other } = input;
  const [hands, otherHands] = [new Keyboard(own), new Keyboard(other)];
  await opensInvitation(own, hands, input);
  await allows(own, hands, input);
  await looksWhoLooked(hands);
  await stops(own, hands);
  const words = await makesSheet(own, hands);
  await other.open(input.page);
  await otherHands.arrive('No images here yet');
  await otherHands.press('Lost your phone?');
  await otherHands.arrive('Lost your phone?');
  await otherHands.press('I have a recovery sheet');
  await otherHands.arrive('Bring everything back');
  await otherHands.type('Twelve words', words);
  await otherHands.press('Bring back my images');
  await otherHands.arrive('My images');
  await other.heading(input.label).waitFor();
  return { tabs: hands.tabs + otherHands.tabs };
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

async function looksWhoLooked(hands: Keyboard): Promise<void> {
  await hands.press('Who looked');
  await hands.arrive('Who looked');
  await hands.press('Back');
  await hands.arrive('My images');
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
