/** The report of an experiment, in the browser of whoever opens it. */
import { join } from 'node:path';
import { authority } from '@radledger/consensus-authority';
import { longestChain } from '@radledger/consensus-longest-chain';
import { simplex } from '@radledger/consensus-simplex';
import { work } from '@radledger/consensus-work';
import {
  parseScenario,
  renderReport,
  runExperiment,
  type ScenarioFile,
  shippedScenario,
} from '@radledger/simulator/experiments';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { chromiumIsMissing } from '../src/chromium.js';
import { axeViolations, type Look, visitReports } from '../src/report-page.js';

const MODULES = { simplex, 'longest-chain': longestChain, authority, work };

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

const shipped = (name: string, change: object): ScenarioFile =>
  parseScenario(new TextEncoder().encode(JSON.stringify({ ...shippedScenario(name), ...change })));

/** One report of each kind, short ones; the title of the first tries to break out of its text. */
const SCENARIOS: Readonly<Record<string, ScenarioFile>> = {
  selection: shipped('selection-5000', { views: 50_000, title: '<b>Bold</b> & "quoted"' }),
  network: shipped('crash-30', {
    description: 'A short run: three of ten sources stop after five seconds, and start again twenty seconds later.',
    sources: 10,
    heights: 40,
    faults: [{ kind: 'crash', who: { percentOfStake: 30 }, atMs: 5_000, forMs: 20_000 }],
  }),
  modules: shipped('all-modules', { sources: 7, heights: 20 }),
  inflation: shipped('stake-inflation', { days: 90 }),
  grinding: shipped('seed-grinding', { epochs: 10 }),
};

const reports = (): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(SCENARIOS).map(([name, scenario]) => [
      name,
      renderReport(runExperiment(scenario, { modules: MODULES })),
    ]),
  );

/** A folder to write pictures of the network's report to: `docs/screens/researchers` holds them. */
const PICTURES = process.env['RADLEDGER_PICTURES'];

test.skipIf(chromiumIsMissing)(
  'axe finds nothing, nothing is clipped or overlaps, text is legible, everything can be reached by keyboard',
  async () => {
    const found: string[] = [];
    await visitReports(reports(), async (page, name, look) => {
      // One report in every look; the others on a phone in the dark and on a desk in the light.
      if (name !== 'network' && look.width < 400 !== (look.colorScheme === 'dark')) return;
      const where = `${name}, ${look.width} px, ${look.colorScheme}: `;
      const misplaced = await page.evaluate<string[]>(MISPLACED);
      const all = [...(await axeViolations(page)), ...misplaced, ...(await unreachable(page, look))];
      if ((await page.evaluate<number>(SMALLEST)) < 10) all.push('text of a plot is below 10 px');
      if ((await page.locator('b').count()) > 0) all.push('text of the scenario became an element');
      if (PICTURES !== undefined && name === 'network') await takePictures(page, look);
      found.push(...all.map((text) => where + text));
    });
    expect(found).toEqual([]);
  },
  300_000,
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

/** What a screen shows at the top of the page and at the plots of finality. */
async function takePictures(page: Page, { width, colorScheme }: Look): Promise<void> {
  for (const [part, selector] of [
    ['top', 'h1'],
    ['finality', '#section-1'],
  ] as const) {
    await page.evaluate(`document.querySelector('${selector}').scrollIntoView()`);
    await page.screenshot({ path: join(PICTURES as string, `${part}-${width}-${colorScheme}.png`) });
  }
}
