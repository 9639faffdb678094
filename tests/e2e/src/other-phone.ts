/** Threats, row 16: her images were brought back on another phone, which was not she. */
import { expect } from 'vitest';
import type { Phone } from './phone.js';

type Look = (name: string, on: Phone) => Promise<void>;

/** The other phone lets somebody in; her own phone hears of it when it is opened, and stops everyone. Ends at home of her own. */
export async function hearsOfTheOther(own: Phone, other: Phone, requestLink: string, look: Look): Promise<void> {
  await other.open('about:blank');
  await other.open(requestLink);
  await other.press('Open my images');
  await other.press('Allow');
  await other.heading(/can see MRI, knee until/).waitFor({ timeout: 60_000 });

  await own.page.reload();
  await own.press('Open my images');
  await own.heading('Was that you?').waitFor({ timeout: 20_000 });
  await own.page
    .getByText(
      /^Your images were brought back on another phone on \d+ \p{L}+ \d{4}( at|,) \d\d:\d\d, with a recovery sheet\.$/u,
    )
    .waitFor();
  await look('brought back elsewhere', own);
  await own.press('No, stop everything');
  await own.heading('Stop everyone?').waitFor();
  await look('stop everyone?', own);
  await own.press('Keep');
  await own.press('No, stop everything');
  await own.press('Stop everyone');
  await own.heading('Everyone is stopped').waitFor({ timeout: 60_000 });
  await own.page.getByText(/^Take a photo ID and this phone to the desk of City Hospital\./).waitFor();
  await look('everyone is stopped', own);
  await own.press('Done');
  await own.heading('My images').waitFor();
  expect(await own.heading('Was that you?').count()).toBe(0);
}
