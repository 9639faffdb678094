/** What must hold of every screen, whatever it shows. */
import axe from 'axe-core';
import type { Phone } from './phone.js';

/** WCAG 2.0 to 2.2, levels A and AA. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** What axe finds wrong, one line each. */
export async function axeViolations(phone: Phone): Promise<readonly string[]> {
  // Evaluated by the debugger, which the page's own rules do not hold.
  await phone.page.evaluate(axe.source);
  const result: AxeResult = await phone.page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(TAGS)} })`);
  return result.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

/** Controls smaller than 44 by 44 pixels; a checkbox counts with its label. */
export async function smallTargets(phone: Phone): Promise<readonly string[]> {
  return phone.page.locator('button:visible, input:visible, a:visible').evaluateAll((elements) =>
    elements.flatMap((element) => {
      const { width, height } = (element.closest('label') ?? element).getBoundingClientRect();
      return width >= 44 && height >= 44 ? [] : [`${element.outerHTML.slice(0, 120)} ${width} x ${height}`];
    }),
  );
}

/** Whether the page can be scrolled sideways at the narrowest width, which is also 1,280 pixels at 400 %. */
export async function overflowsAt320(phone: Phone): Promise<boolean> {
  const before = phone.page.viewportSize();
  await phone.page.setViewportSize({ width: 320, height: 640 });
  const overflows = await phone.page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
  if (before !== null) await phone.page.setViewportSize(before);
  return overflows as boolean;
}

/** Names of the two ways to help, in the order of the screen's foot. */
export async function helpAtTheFoot(phone: Phone): Promise<readonly string[]> {
  return phone.page.getByRole('contentinfo').getByRole('navigation').getByRole('button').allInnerTexts();
}

/** Texts and controls of which a part is cut off, or that stick out of the page; nothing counts that only screen readers are given. */
export async function clipped(phone: Phone): Promise<readonly string[]> {
  return phone.page.locator('body *:visible').evaluateAll((elements) =>
    elements.flatMap((element) => {
      if (element.closest('.said, svg') !== null) return [];
      if (element.matches('input')) return []; // what is typed may be longer than its field
      const { left, right, width } = element.getBoundingClientRect();
      const called = `${element.outerHTML.slice(0, 120)} at ${Math.round(left)} to ${Math.round(right)}`;
      if (width > 0 && (left < -1 || right > window.innerWidth + 1)) return [`off the page: ${called}`];
      const isCut = element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1;
      const shows = getComputedStyle(element).overflow;
      const isBox = element.matches('button, .card, .badge, .notice, .nudge, dialog') || shows !== 'visible';
      return isBox && element.clientWidth > 0 && isCut ? [`cut off: ${called}`] : [];
    }),
  );
}

/** What moves although its holder asked for less motion. */
export function moving(phone: Phone): Promise<readonly string[]> {
  return phone.page.evaluate(() =>
    document.getAnimations().map((animation) => String((animation as CSSAnimation).animationName)),
  );
}

/** What moves in the mark of a study that is being sealed, for holders who asked for less motion and for others. */
export async function motionOfSeal(phone: Phone): Promise<{ readonly reduced: unknown; readonly full: unknown }> {
  const { page } = phone;
  await page.evaluate(() => {
    const shape = (name: string): Element => document.createElementNS('http://www.w3.org/2000/svg', name);
    const seal = shape('svg');
    seal.setAttribute('class', 'seal being-sealed');
    seal.append(shape('circle'));
    document.body.append(seal);
  });
  const reduced = await moving(phone);
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  const full = await moving(phone);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.evaluate(() => document.body.lastElementChild?.remove());
  return { reduced, full };
}
