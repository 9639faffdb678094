/** B14: who looked since she did is told when the app opens, until she has seen it, or wants it no more. */
import { expect } from 'vitest';
import type { Phone } from './phone.js';

const NEWS = 'New since you last looked';

/** Runs in the page. */
const thirtyFrames = `new Promise((drawn) => {
  let left = 30;
  const draw = () => ((left -= 1) === 0 ? drawn() : requestAnimationFrame(draw));
  draw();
})`;

export interface Readings {
  readonly label: string;
  /** The practice that she let in fetches the study. */
  readonly read: () => Promise<void>;
  readonly look: (name: string, on: Phone) => Promise<void>;
}

/** On a phone that is open at home, with one study that Lakeside Orthopaedics can see. */
export async function hearsWhoLooked(phone: Phone, { label, read, look }: Readings): Promise<void> {
  const { page } = phone;
  const reopen = async (): Promise<void> => {
    await page.reload();
    await phone.press('Open my images');
    await phone.heading('1 person can see your images').waitFor();
  };
  /** Opens the app anew; resolves when the hospital has answered who looked, and the screen had time to say it. */
  const reopenAndHear = async (): Promise<void> => {
    const answered = page.waitForResponse(
      (response) => response.url().endsWith('/v1/access-logs') && response.request().method() === 'POST',
    );
    await reopen();
    await answered;
    await page.evaluate(thirtyFrames);
  };
  await phone.press(`Open ${label}`);
  await phone.press('View');
  await page.getByRole('img', { name: 'Image 1 of 1' }).waitFor({ timeout: 30_000 });
  await reopenAndHear();
  expect(await phone.heading(NEWS).count()).toBe(0); // her own looking is no news

  await read();
  await reopen();
  await phone.heading(NEWS).waitFor({ timeout: 20_000 });
  await page.getByText(new RegExp(`^Lakeside Orthopaedics opened ${label}, today \\d\\d:\\d\\d$`)).waitFor();
  await look('home with news', phone);
  await phone.press('See who looked');
  await page.getByText(`Lakeside Orthopaedics opened ${label}`).waitFor();
  await phone.press('Back');
  expect(await phone.heading(NEWS).count()).toBe(0);
  await reopenAndHear();
  expect(await phone.heading(NEWS).count()).toBe(0); // she has seen it

  for (let copies = 0; copies < 3; copies += 1) await read();
  await reopen();
  await page
    .getByText(new RegExp(`^Repeated copies of ${label} by Lakeside Orthopaedics \\(3 times\\), today`))
    .waitFor({ timeout: 20_000 });
  await phone.press('More');
  await page.getByRole('checkbox', { name: 'Tell me on “My images” when someone has looked' }).uncheck();
  await phone.press('Back');
  expect(await phone.heading(NEWS).count()).toBe(0);
  await reopen();
  await phone.press('More');
  expect(await page.getByRole('checkbox').isChecked()).toBe(false);
  await page.getByRole('checkbox').check();
  await phone.press('Back');
  await phone.heading(NEWS).waitFor({ timeout: 20_000 });
}
