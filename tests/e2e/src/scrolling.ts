/** What a phone holds, and how long it is busy, while somebody goes through a study picture by picture. */
import { readFile } from 'node:fs/promises';
import type { Browser, CDPSession } from 'playwright-core';
import type { Phone } from './phone.js';

const MIB = 1024 * 1024;
/** How often what is held is looked at: after so many pictures. */
const EVERY = 20;

export interface Scrolled {
  readonly pictures: number;
  /** From a key to its picture, milliseconds: the middle one of all, and the longest. */
  readonly medianStepMs: number;
  readonly longestStepMs: number;
  /** Tasks of the page's own thread above 50 ms: during one of these no key is heard. */
  readonly longTasks: number;
  readonly longestTaskMs: number;
  /** All processes of the browser above what they held before the first picture, MiB: at the worst, half-way, and at the end with the garbage gone. */
  readonly peakMib: number;
  readonly halfMib: number;
  readonly endMib: number;
}

/** Presses the key for the next picture as soon as one is there, up to the last. The page shows one picture of the study ; `heldBefore` is what all held before it. */
export async function scrollThrough(browser: Browser, phone: Phone, heldBefore: number): Promise<Scrolled> {
  const steps: number[] = [];
  const tasks: number[] = [];
  const held: number[] = [];
  for (let isLast = false; !isLast; ) {
    const part = await phone.page.evaluate(pressOn, EVERY);
    steps.push(...part.steps);
    tasks.push(...part.tasks);
    held.push(await heldBy(browser));
    isLast = part.steps.length < EVERY;
  }
  const sorted = steps.toSorted((a, b) => a - b);
  const mib = (bytes: number): number => Math.round((bytes - heldBefore) / MIB);
  return {
    pictures: steps.length + 1,
    medianStepMs: Math.round(sorted[sorted.length >> 1] ?? 0),
    longestStepMs: Math.round(sorted.at(-1) ?? 0),
    longTasks: tasks.length,
    longestTaskMs: Math.round(Math.max(0, ...tasks)),
    peakMib: mib(Math.max(...held)),
    halfMib: mib(held[held.length >> 1] ?? 0),
    endMib: mib(await heldAfterCollecting(browser, phone)),
  };
}

/** @returns bytes */
export async function heldAfterCollecting(browser: Browser, phone: Phone): Promise<number> {
  await phone.page.evaluate('gc()'); // see launchChromium
  for (const worker of phone.page.workers()) await worker.evaluate('gc()');
  return heldBy(browser);
}

/** The proportional share of memory of all processes of a browser. */
async function heldBy(browser: Browser): Promise<number> {
  const devtools: CDPSession = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  await devtools.detach();
  const shares = await Promise.all(
    processInfo.map(async ({ id }) => {
      const rollup = await readFile(`/proc/${id}/smaps_rollup`, 'utf8').catch(() => ''); // it may have ended meanwhile
      // Without what is mapped from files: that share depends on who else runs the same program.
      const own = [...rollup.matchAll(/^Pss_(?:Anon|Shmem):\s+(\d+) kB/gm)];
      return own.reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1024, 0);
    }),
  );
  return shares.reduce((sum, share) => sum + share, 0);
}

/** Runs in the page. */
async function pressOn(count: number): Promise<{ steps: number[]; tasks: number[] }> {
  const steps: number[] = [];
  const tasks: number[] = [];
  const watch = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)));
  watch.observe({ entryTypes: ['longtask'] });
  const picture = document.querySelector('figure [role="img"]') as HTMLElement;
  const drawn = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(resolve));
  for (let step = 0; step < count; step += 1) {
    const before = picture.ariaLabel;
    const begun = performance.now();
    picture.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
    await drawn();
    if (picture.ariaLabel === before) break;
    while (document.querySelector('figure p') !== null) await drawn();
    steps.push(performance.now() - begun);
  }
  await drawn();
  watch.disconnect();
  return { steps, tasks };
}
