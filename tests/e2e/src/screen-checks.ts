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
  return phone.page.getByRole('contentinfo').getByRole('button').allInnerTexts();
}
