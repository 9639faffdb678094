/** A report as a person opens it: in a browser, on a phone or a desk, light or dark. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { CHROMIUM } from './chromium.js';

const AXE = fileURLToPath(import.meta.resolve('axe-core'));

export const SCREENS = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
] as const;

export interface Look {
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
}

/** Every size in light and dark. */
export const LOOKS: readonly Look[] = SCREENS.flatMap((size) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ ...size, colorScheme })),
);

/** Shows each document in each look to `visit`; nothing is fetched from anywhere. */
export async function visitReports(
  reports: ReadonlyMap<string, string>,
  visit: (page: Page, name: string, look: Look) => Promise<void>,
): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    for (const look of LOOKS) {
      const { colorScheme, ...viewport } = look;
      // The page forbids scripts; the checker is one.
      const context = await browser.newContext({ viewport, colorScheme, bypassCSP: true });
      for (const [name, html] of reports) {
        const page = await context.newPage();
        const asked: string[] = [];
        page.on('request', (request) => asked.push(request.url()));
        await page.setContent(html);
        if (asked.length > 0) throw new Error(`${name} asks for ${asked.join(', ')}`);
        await visit(page, name, look);
        await page.close();
      }
      await context.close();
    }
  } finally {
    await browser.close();
  }
}

/** Broken accessibility rules, with the elements that break them. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  await page.addScriptTag({ content: readFileSync(AXE, 'utf8') });
  const { violations } = await page.evaluate<{
    readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
  }>('axe.run()');
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
