/** The report of an experiment, in the browser of whoever opens it. */
import { renderReport, runExperiment, shippedScenario } from '@radledger/simulator/experiments';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { chromiumIsMissing } from '../src/chromium.js';
import { axeViolations, type Look, visitReports } from '../src/report-page.js';

/** Texts of plots that overlap another text or leave their picture, and whether the page scrolls sideways. */
const MISPLACED = `[...document.querySelectorAll('svg')].flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll('text')].map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
  const outside = boxes.filter(({ box }) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1);
  const overlapping = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) =>
    a.box.left < b.box.right - 1 && b.box.left < a.box.right - 1 && a.box.top < b.box.bottom - 3 && b.box.top < a.box.bottom - 3));
  return [...outside.map(({ text }) => 'outside: ' + text), ...overlapping.map(({ text }) => 'overlaps: ' + text)];
}).concat(document.documentElement.scrollWidth > document.documentElement.clientWidth ? ['the page scrolls sideways'] : [])`;

/** Smallest text of any plot, in pixels of the screen. */
const SMALLEST = `Math.min(...[...document.querySelectorAll('svg text')].map((text) =>
  parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a))`;

const selection = { ...shippedScenario('selection-5000'), views: 50_000, title: '<b>Bold</b> & "quoted"' };

const reports = (): ReadonlyMap<string, string> =>
  new Map([['selection', renderReport(runExperiment(selection, { modules: {} }))]]);

test.skipIf(chromiumIsMissing)(
  'axe finds nothing, nothing is clipped or overlaps, text is legible, everything can be reached by keyboard',
  async () => {
    const found: string[] = [];
    await visitReports(reports(), async (page, name, look) => {
      const where = `${name}, ${look.width} px, ${look.colorScheme}: `;
      const misplaced = await page.evaluate<string[]>(MISPLACED);
      const all = [...(await axeViolations(page)), ...misplaced, ...(await unreachable(page, look))];
      if ((await page.evaluate<number>(SMALLEST)) < 10) all.push('text of a plot is below 10 px');
      if ((await page.locator('b').count()) > 0) all.push('text of the scenario became an element');
      found.push(...all.map((text) => where + text));
    });
    expect(found).toEqual([]);
  },
  120_000,
);

/** Every link and every table that scrolls gets the focus by Tab, in the order of the page. */
async function unreachable(page: Page, { width }: Look): Promise<readonly string[]> {
  const expected = await page.evaluate<string[]>(
    `[...document.querySelectorAll('a[href], [tabindex="0"]')].map((element) => element.outerHTML.slice(0, 80))`,
  );
  const reached: string[] = [];
  for (let pressed = 0; pressed < expected.length; pressed++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate<string>('document.activeElement.outerHTML.slice(0, 80)'));
  }
  return expected.filter((html, index) => reached[index] !== html).map((html) => `not reached at ${width}: ${html}`);
}
