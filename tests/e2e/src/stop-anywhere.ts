/** Stop works from every screen: at most three presses from wherever she is. */
import { expect } from 'vitest';
import type { Phone } from './phone.js';

/** The entry in the frame, and the buttons behind it. */
const STOP = ['Stop someone', 'Stop sharing with Lakeside Orthopaedics', 'Stop'] as const;

export interface StopPlace {
  readonly requestLink: string;
  readonly label: string;
  readonly look: (name: string, on: Phone) => Promise<void>;
}

/**
 * On a phone that is open at home, with one study that one practice can see: from each screen the entry leads to whom she can stop, and back.
 * Ends at the study's images, stopped. @returns on how many screens it stood, and the presses that it took
 */
export async function stopsFromAnywhere(phone: Phone, { requestLink, label, look }: StopPlace) {
  const { page } = phone;
  let screens = 0;
  const standsOn = async (name: string): Promise<void> => {
    await phone.press(STOP[0]);
    await phone.button(STOP[1]).waitFor();
    expect(await phone.button(STOP[0]).count(), name).toBe(0);
    screens += 1;
    await phone.press('Back');
    await phone.button(STOP[0]).waitFor();
  };
  await standsOn('home');
  await phone.press('Lost your phone?');
  await standsOn('lost phone');
  await phone.press('Back');
  await phone.press('Get help');
  await standsOn('help');
  await phone.press('Back');
  await phone.press('Who looked');
  await standsOn('who looked');
  await phone.press('Back');
  await phone.press('More');
  await standsOn('more');
  await phone.press('Make a sheet');
  await standsOn('sheet');
  await phone.press('Back');
  await phone.press('Back');
  await phone.press(/^Lakeside Orthopaedics/);
  await standsOn('a person');
  await phone.press('Back');
  await phone.open(requestLink);
  await phone.button('Allow').waitFor();
  await standsOn('a request');
  await phone.press('Not now');
  await phone.press(`Open ${label}`);
  await standsOn('a study');
  for (const [button, name] of [
    ['Share', 'share'],
    ['Keep a copy', 'copy'],
    ['View', 'view'],
  ] as const) {
    await phone.press(button);
    await standsOn(name);
    if (name !== 'view') await phone.press('Back');
  }
  await page.getByRole('img', { name: /^Image 1 of/ }).waitFor({ timeout: 30_000 });
  await look('view with the way to stop', phone);
  phone.presses = 0;
  await phone.press(STOP[0]);
  await look('whom to stop', phone);
  await phone.press(STOP[1]);
  await phone.press(STOP[2]);
  await page.getByText(/^Stopp(ing|ed)/).waitFor();
  const { presses } = phone;
  expect(presses).toBe(3);
  await page.getByText(/^Stopped/).waitFor({ timeout: 60_000 });
  expect(await phone.button(STOP[0]).count()).toBe(0); // nobody is left
  await phone.press('Back');
  return { screens, presses };
}

/** On a phone whose app was closed while somebody could see something: three presses after its holder confirmed that it is her. */
export async function stopsAfterOpening(phone: Phone): Promise<void> {
  await phone.page.reload();
  await phone.press('Get help');
  await phone.press('Back');
  await phone.press('Open my images');
  for (const button of STOP) await phone.press(button);
  await phone.page.getByText(/^Stopped/).waitFor({ timeout: 60_000 });
}
