/** Threats, row 16: what opens her images to somebody needs a yes of hers that is not older than five minutes. */
import { expect } from 'vitest';
import type { Phone } from './phone.js';

const SIX_MINUTES_MS = 6 * 60_000;
const REFUSED = 'Your phone did not confirm that it is you';
type Look = (name: string, on: Phone) => Promise<void>;

/** On a phone whose holder has just opened the app for the first time, and has one study. */
export async function askedOnceMore(
  phone: Phone,
  on: { readonly askForImages: () => Promise<string>; readonly nodes: readonly string[]; readonly look: Look },
): Promise<void> {
  let sent = 0;
  phone.context.on('request', (request) => {
    const isToNode = on.nodes.some((node) => request.url().startsWith(node));
    if (isToNode && request.method() === 'POST') sent += 1;
  });
  const allow = async (): Promise<void> => {
    await phone.open(await on.askForImages());
    await phone.press('Allow');
  };
  const { confirmations } = phone;
  await allow();
  await phone.heading(/can see XR, hand until/).waitFor({ timeout: 60_000 });
  expect(sent).toBeGreaterThan(0);
  expect(phone.confirmations).toBe(confirmations); // she had just opened the app

  sent = 0;
  await phone.letPass(SIX_MINUTES_MS);
  await allow();
  await expect.poll(() => sent, { timeout: 60_000 }).toBeGreaterThan(0);
  expect(phone.confirmations).toBe(confirmations + 1);
  await phone.button('Done').waitFor();

  await phone.letPass(SIX_MINUTES_MS);
  await phone.refuseConfirmation();
  sent = 0;
  await allow();
  await phone.heading(REFUSED).waitFor();
  await on.look('not confirmed once more', phone);
  expect(await phone.button('Allow').count()).toBe(1);
  await phone.press('Not now');
  for (const [open, title] of [
    ['Make a sheet', 'Your recovery sheet'],
    ['Add helpers', 'Helpers'],
  ] as const) {
    await phone.press('More');
    await phone.press(open);
    await phone.heading(title).waitFor();
    if (open === 'Make a sheet') await on.look('confirm once more', phone);
    await phone.press('It is me');
    await phone.heading(REFUSED).waitFor();
    expect(await phone.page.locator('.words').count()).toBe(0);
    await phone.press('Back');
    await phone.press('Back');
  }
  expect(sent).toBe(0);

  // Who does not confirm can still end what was allowed.
  await phone.press(/^Lakeside Orthopaedics/);
  await phone.press('Stop sharing');
  await phone.press('Stop');
  await phone.page.getByText(/^Stopped/).waitFor({ timeout: 60_000 });
  expect(phone.complaints).toEqual([]);
}

/** On a phone without a check of its own: the PIN is asked for by the press that needs it, or stands there from the start. */
export async function pinOnceMore(phone: Phone, requestLink: string, look: Look): Promise<void> {
  await phone.open(requestLink);
  await phone.button('Allow').waitFor();
  expect(await phone.page.getByLabel('PIN').count()).toBe(0);
  await phone.letPass(SIX_MINUTES_MS);
  await phone.press('Allow');
  await phone.page.getByText('Some time has passed.').waitFor();
  await look('the PIN once more', phone);
  await phone.fill('PIN', '135724');
  await phone.press('Allow');
  await phone.page.getByText('That PIN is not right.').waitFor();
  await phone.fill('PIN', '246813');
  await phone.press('Allow');
  await phone.heading(/can see US, liver until/).waitFor({ timeout: 60_000 });
  await phone.press('Done');
}
