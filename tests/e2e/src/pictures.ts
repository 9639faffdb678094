/** Pictures of screens, when `WALLET_SCREENS` names a folder for them. */
import { join } from 'node:path';
import type { Phone } from './phone.js';

export const SCREENS_FOLDER = process.env['WALLET_SCREENS'];

const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
] as const;

/** The whole page, or what a question covers, at both sizes, light and dark; the phone is as before afterwards. */
export async function takePictures({ page }: Phone, name: string): Promise<void> {
  if (SCREENS_FOLDER === undefined) return;
  const fullPage = (await page.locator('dialog[open]').count()) === 0;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const { width, height } of SIZES) {
      await page.setViewportSize({ width, height });
      const path = join(SCREENS_FOLDER, `${name}-${width}x${height}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(SIZES[0]);
}
