/** Headless Chromium from Debian, with a page on a secure origin that nobody serves. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const CHROMIUM = '/usr/bin/chromium';

/** Whether to skip: on a laptop without it. In CI its absence is a failure. */
export const chromiumIsMissing = !existsSync(CHROMIUM) && process.env['CI'] === undefined;

const NOWHERE = 'https://radledger.test/';

/**
 * Runs a script in a fresh page and gives the value of an expression; Web Crypto is there, as on any https page.
 * @param address - of the page; by default one that nobody serves. A page that talks to a node on loopback comes from loopback.
 */
export async function evaluateInChromium(script: string, expression: string, address = NOWHERE): Promise<unknown> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage();
    await page.route(NOWHERE, (route) => route.fulfill({ contentType: 'text/html', body: '<p>' }));
    await page.goto(address);
    await page.addScriptTag({ content: script });
    return await page.evaluate(expression);
  } finally {
    await browser.close();
  }
}
