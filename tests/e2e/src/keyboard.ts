/** A person without a pointer: everything by Tab, Enter, Space, arrows and what she types. Each stop of the focus is looked at. */
import type { Locator } from 'playwright-core';
import type { Phone } from './phone.js';

/** More stops than any screen has: what is not reached by then cannot be. */
const STOPS_MAX = 60;

export class Keyboard {
  /** Presses of Tab so far. */
  tabs = 0;
  /** Names of the fields that were typed into, one for each time. */
  readonly typed: string[] = [];

  constructor(private readonly phone: Phone) {}

  /** Tabs on until a control has the focus. */
  async reach(control: Locator, name: string): Promise<void> {
    for (let stop = 0; stop < STOPS_MAX; stop += 1) {
      if (await control.evaluate((element) => element === document.activeElement)) return;
      await this.phone.page.keyboard.press('Tab');
      this.tabs += 1;
      const fault: string | undefined = await this.phone.page.evaluate(faultOfFocus);
      if (fault !== undefined) throw new Error(`on the way to ${name}: ${fault}`);
    }
    throw new Error(`${name} cannot be reached by Tab`);
  }

  /** Reaches a button and presses it. */
  async press(name: string | RegExp, with_: 'Enter' | 'Space' = 'Enter'): Promise<void> {
    const button = this.phone.button(name);
    await button.waitFor();
    await this.reach(button, String(name));
    await this.phone.page.keyboard.press(with_);
  }

  /** Reaches a field and types. */
  async type(label: string, text: string): Promise<void> {
    const field = this.phone.page.getByLabel(label, { exact: true });
    await field.waitFor();
    await this.reach(field, label);
    await this.phone.page.keyboard.type(text);
    this.typed.push(label);
  }

  /** Waits for the title of a screen, and for the focus to be on it. */
  async arrive(title: string | RegExp): Promise<void> {
    const heading = this.phone.heading(title);
    await heading.waitFor({ timeout: 60_000 });
    await this.phone.page.waitForFunction(
      (element) => element === document.activeElement,
      await heading.elementHandle(),
      { timeout: 10_000 },
    );
  }

  /** What has the focus: its text, or what it is called. */
  focused(): Promise<string> {
    return this.phone.page.evaluate(
      () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
    );
  }
}

/** Runs in the page: what is wrong with how the focus shows; nothing is while it is on its way round through the browser itself. */
function faultOfFocus(): string | undefined {
  const element = document.activeElement;
  if (element === null || element === document.body) return undefined;
  const called = element.outerHTML.slice(0, 80);
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  if (outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 2) return `no outline around ${called}`;
  const { left, right, top, bottom } = element.getBoundingClientRect();
  if (left < 0 || right > window.innerWidth || bottom <= 0 || top >= window.innerHeight)
    return `${called} is off screen`;
  const y = Math.min(Math.max((top + bottom) / 2, 1), window.innerHeight - 1);
  const topmost = document.elementFromPoint((left + right) / 2, y);
  const isSeen =
    topmost !== null && (element.contains(topmost) || topmost.closest('label')?.contains(element) === true);
  return isSeen ? undefined : `${called} lies under ${topmost?.outerHTML.slice(0, 80)}`;
}
