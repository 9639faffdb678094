/** A phone with the patient's app: real Chromium, its passkeys answered by a virtual authenticator. Controls are found by role and name only. */
import { type Browser, type BrowserContext, type CDPSession, chromium, type Locator, type Page } from 'playwright-core';

export const CHROMIUM = '/usr/bin/chromium';

export interface PhoneOptions {
  readonly language?: string;
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** Whether the phone can confirm by itself who holds it; default true. */
  readonly canConfirm?: boolean;
  /** Whether its passkeys hold a copy, and are kept by the person's account; default false. */
  readonly keepsCopies?: boolean;
  /** Whether the app may stay on the phone; default true. */
  readonly keepsOffline?: boolean;
}

/** Its garbage can be collected by `gc()`, so that what is measured is what is held. */
export function launchChromium(): Promise<Browser> {
  const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--js-flags=--expose-gc', ...camera],
  });
}

export class Phone {
  /** What she did, as the page heard it: presses of a finger or a mouse, and fields that she typed into. */
  presses = 0;
  fields = 0;
  /** How often its holder confirmed that it is her, the making of a passkey not counted. */
  confirmations = 0;
  /** Everything the page complained about, rules of content security among it. */
  readonly complaints: string[] = [];
  /** Origins of every address that was asked. */
  readonly asked = new Set<string>();

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    private readonly devtools: CDPSession,
    private readonly authenticatorId: string,
  ) {}

  static async switchOn(browser: Browser, options: PhoneOptions = {}): Promise<Phone> {
    const {
      language = 'en-GB',
      colorScheme = 'light',
      width = 390,
      height = 844,
      canConfirm = true,
      keepsCopies = false,
      keepsOffline = true,
    } = options;
    const context = await browser.newContext({
      locale: language,
      colorScheme,
      viewport: { width, height },
      reducedMotion: 'reduce',
      serviceWorkers: keepsOffline ? 'allow' : 'block',
    });
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: canConfirm ? 'internal' : 'usb',
        hasResidentKey: true,
        hasUserVerification: true,
        hasPrf: true,
        hasLargeBlob: keepsCopies,
        defaultBackupEligibility: keepsCopies,
        defaultBackupState: keepsCopies,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    const phone = new Phone(context, page, devtools, authenticatorId);
    await page.exposeFunction('countPress', () => void (phone.presses += 1));
    await page.exposeFunction('countField', () => void (phone.fields += 1));
    await page.addInitScript(countWhatSheDoes);
    devtools.on('WebAuthn.credentialAsserted', () => void (phone.confirmations += 1));
    context.on('request', (request) => phone.asked.add(new URL(request.url()).origin));
    page.on('pageerror', (error) => phone.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy|Trusted/.test(message.text())) {
        phone.complaints.push(message.text());
      }
    });
    return phone;
  }

  async open(link: string): Promise<void> {
    await this.page.goto(link);
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole('heading', { name });
  }

  async press(name: string | RegExp): Promise<void> {
    await this.button(name).click();
  }

  async fill(label: string, text: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(text);
  }

  /** Its holder does not confirm that it is her, as often as it asks; after some tries it asks no more. */
  async refuseConfirmation(): Promise<void> {
    await this.devtools.send('WebAuthn.setUserVerified', {
      authenticatorId: this.authenticatorId,
      isUserVerified: false,
    });
  }

  /** Somebody deleted them from its list. */
  async losePasskeys(): Promise<void> {
    await this.devtools.send('WebAuthn.clearCredentials', { authenticatorId: this.authenticatorId });
  }

  /** What the app keeps is there, and means nothing. */
  async damageStorage(): Promise<void> {
    await this.page.evaluate(damage);
  }

  /** So long ago is for the open app what it did before. Its clock stays right: whom it asks would refuse a wrong one. */
  async letPass(ms: number): Promise<void> {
    await this.page.evaluate((passedMs) => {
      const nowMs = performance.now.bind(performance);
      performance.now = () => nowMs() + passedMs;
    }, ms);
  }

  /** Its holder waves the next question away, and answers those after it. */
  async dismissConfirmation(): Promise<void> {
    await this.page.evaluate(refuseOnce);
  }

  /** Nothing of the app is on it any more; its passkeys are, as on a new phone to which her account brought them. */
  async wipe(): Promise<void> {
    const origin = new URL(this.page.url()).origin;
    await this.page.goto('about:blank');
    await this.devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  }

  /** Leaves the app no room. Chromium lets a database go on that is open already, so its answer to that is given in the page. */
  async fillStorage(): Promise<void> {
    const origin = new URL(this.page.url()).origin;
    await this.devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    await this.page.evaluate(refuseToKeep);
  }

  /** Makes room again. */
  async emptyStorage(): Promise<void> {
    const origin = new URL(this.page.url()).origin;
    await this.devtools.send('Storage.overrideQuotaForOrigin', { origin });
    await this.page.evaluate('window.dispatchEvent(new Event("room"))');
  }

  /** Nothing comes from these origins any more. */
  async cutOff(origins: readonly string[]): Promise<void> {
    await this.context.route(
      ({ origin }) => origins.includes(origin),
      (route) => route.abort(),
    );
  }

  /** The app is set up with the other nodes only. */
  async followAllBut(nodes: readonly string[]): Promise<void> {
    await this.context.route('**/config.json', async (route) => {
      const settings = (await (await route.fetch()).json()) as { readonly nodes: readonly string[] };
      await route.fulfill({ json: { ...settings, nodes: settings.nodes.filter((node) => !nodes.includes(node)) } });
    });
  }

  async reconnect(): Promise<void> {
    await this.context.unrouteAll();
  }

  /** Computes as a phone does that is so many times slower than this machine. */
  async slowDown(times: number): Promise<void> {
    await this.devtools.send('Emulation.setCPUThrottlingRate', { rate: times });
  }

  /** What going back would show, as the browser keeps it. */
  async history(): Promise<readonly { readonly url: string; readonly title: string }[]> {
    const { entries } = await this.devtools.send('Page.getNavigationHistory');
    return entries.filter(({ url }) => url !== 'about:blank').map(({ url, title }) => ({ url, title }));
  }

  /** Lets the page be read from the other side. */
  async turn(direction: 'ltr' | 'rtl'): Promise<void> {
    await this.page.evaluate((dir) => {
      document.documentElement.dir = dir;
    }, direction);
  }

  /** Everything that rests in the browser's databases, storages and caches, as text; bytes as Latin-1. */
  async kept(): Promise<string> {
    return this.page.evaluate(readStorage);
  }

  /** Holds a picture before its camera: from now on the camera shows that. */
  async holdBeforeCamera(png: Buffer): Promise<void> {
    await this.page.evaluate(showToCamera, png.toString('base64'));
  }

  /**
   * Everything that can be seen or heard: visible text, names for screen readers, titles. Without the words of papers, which are drawn
   * from a list that is not ours.
   */
  async words(): Promise<string> {
    const drawn = await this.page.locator('.words').allInnerTexts();
    const all = await this.page.locator('body').innerText();
    const seen = drawn.reduce((text, words) => text.replace(words, ''), all);
    const heard = await this.page
      .locator('[aria-label], [title], [alt], [placeholder]')
      .evaluateAll((elements) =>
        elements.flatMap((element) =>
          ['aria-label', 'title', 'alt', 'placeholder'].map((name) => element.getAttribute(name) ?? ''),
        ),
      );
    return [seen, ...heard, await this.page.title()].join('\n');
  }

  async switchOff(): Promise<void> {
    await this.context.close();
  }
}

/** Runs in the page before its scripts. */
function countWhatSheDoes(): void {
  const { countPress, countField } = window as unknown as Readonly<Record<string, () => void>>;
  const typedInto = new WeakSet<EventTarget>();
  window.addEventListener('pointerdown', () => countPress?.(), { capture: true });
  window.addEventListener(
    'input',
    ({ target }) => {
      if (!(target instanceof HTMLElement) || target.matches('[type=checkbox], [type=radio]')) return;
      if (!typedInto.has(target)) countField?.();
      typedInto.add(target);
    },
    { capture: true },
  );
}

/** Runs in the page: every write is refused as on a full disk, until there is room. */
function refuseToKeep(): void {
  const { prototype } = IDBObjectStore;
  const kept = Object.getOwnPropertyDescriptor(prototype, 'put') as PropertyDescriptor;
  prototype.put = () => {
    throw new DOMException('full', 'QuotaExceededError');
  };
  window.addEventListener('room', () => Object.defineProperty(prototype, 'put', kept), { once: true });
}

/** Runs in the page: answers as the browser does when its question is closed. */
function refuseOnce(): void {
  const refuse = (): Promise<never> => {
    for (const name of ['create', 'get']) Reflect.deleteProperty(navigator.credentials, name); // those of its class are left
    return Promise.reject(new DOMException('closed', 'NotAllowedError'));
  };
  Object.assign(navigator.credentials, { create: refuse, get: refuse });
}

/** Runs in the page: Chromium's camera here shows a test picture, so its stream is replaced by a canvas's. Everything behind the stream is the app's own. */
function showToCamera(pngBase64: string): void {
  const bytes = Uint8Array.from(atob(pngBase64), (character) => character.charCodeAt(0));
  navigator.mediaDevices.getUserMedia = async () => {
    const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    const draw = (): void => {
      context.fillStyle = '#998';
      context.fillRect(0, 0, 640, 480);
      context.drawImage(picture, 130, 50, 380, 380);
    };
    draw();
    setInterval(draw, 50);
    return canvas.captureStream();
  };
}

/** Runs in the page. */
async function damage(): Promise<void> {
  const done = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error('not changed'));
    });
  const database = await done(indexedDB.open('radledger'));
  await done(database.transaction('vault', 'readwrite').objectStore('vault').put({ format: 1 }, 'record'));
  database.close();
}

/** Runs in the page. */
async function readStorage(): Promise<string> {
  const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  const textOf = (value: unknown): string => {
    if (value instanceof ArrayBuffer) return latin1(new Uint8Array(value));
    if (ArrayBuffer.isView(value)) return latin1(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    if (typeof value === 'object' && value !== null) return Object.entries(value).flat().map(textOf).join(' ');
    return String(value);
  };
  const done = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error('not read'));
    });
  const found = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name ?? ''));
    for (const store of database.objectStoreNames) {
      const rows = await done(database.transaction(store).objectStore(store).getAll());
      found.push(...rows.map(textOf));
    }
    database.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      found.push(request.url, await ((await cache.match(request))?.text() ?? ''));
    }
  }
  return found.join('\n');
}
