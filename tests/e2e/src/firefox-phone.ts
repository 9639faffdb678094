/** A phone with the patient's app in Debian's Firefox, driven over WebDriver BiDi: it has no passkeys, so its holder has a PIN. */
import puppeteer, { type Browser, type Page } from 'puppeteer-core';

export const FIREFOX = '/usr/bin/firefox-esr';

export class FirefoxPhone {
  private constructor(
    private readonly browser: Browser,
    private readonly page: Page,
    /** What the page complained about. */
    readonly complaints: readonly string[],
  ) {}

  static async switchOn(): Promise<FirefoxPhone> {
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: FIREFOX,
      headless: true,
      extraPrefsFirefox: { 'intl.accept_languages': 'en-GB' },
    });
    const page = await browser.newPage();
    await page.setViewport({ width: 390, height: 844 });
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    return new FirefoxPhone(browser, page, complaints);
  }

  async open(link: string): Promise<void> {
    // The same page with another part behind `#` is no new page: the link is opened as if from another app.
    await this.page.goto('about:blank');
    await this.page.goto(link);
  }

  async press(name: string): Promise<void> {
    await this.page.locator(`::-p-xpath(//button[normalize-space()='${name}'])`).click();
  }

  /** A press on the label leads into the field. */
  async fill(label: string, text: string): Promise<void> {
    await this.page.locator(`::-p-xpath(//label[normalize-space()='${label}'])`).click();
    await this.page.keyboard.type(text);
  }

  /** Waits until a text is seen. */
  async see(text: string): Promise<void> {
    await this.page.locator(`::-p-text(${text})`).setTimeout(60_000).wait();
  }

  async switchOff(): Promise<void> {
    await this.browser.close();
  }
}
