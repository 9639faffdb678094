/** Puts one picture after the other on the screen, by cornerstone; holds one file at a time. */
import { cache, Enums, imageLoader, init, RenderingEngine, setUseCPURendering, type Types } from '@cornerstonejs/core';
import { init as initLoader, wadouri } from '@cornerstonejs/dicom-image-loader';
import { letDecoderStart } from './decoder-policy.js';
import { framesIn, NotShownError } from './picture-head.js';
import { LIGHT_AS_MADE, type Light, rangeOf, type Window } from './window.js';

const VIEWPORT = 'picture';
const CACHE_BYTES_MAX = 256 * 1024 * 1024;

let isStarted = false;

function start(): void {
  isStarted = true;
  letDecoderStart();
  init();
  // The one way that draws the same on every phone; two dimensions need no more.
  setUseCPURendering(true);
  cache.setMaxCacheSize(CACHE_BYTES_MAX);
  initLoader({ maxWebWorkers: 1, useLegacyMetadataProvider: true });
}

export class Picture {
  readonly #engine: RenderingEngine;
  readonly #viewport: Types.IStackViewport;
  #file: { readonly bytes: Uint8Array; readonly imageId: string; readonly frames: number } | undefined;
  #window: Window | undefined;
  #light: Light = LIGHT_AS_MADE;
  #shown = '';

  private constructor(engine: RenderingEngine) {
    this.#engine = engine;
    this.#viewport = engine.getViewport<Types.IStackViewport>(VIEWPORT);
  }

  static on(element: HTMLDivElement): Picture {
    if (!isStarted) start();
    const engine = new RenderingEngine('viewer');
    engine.enableElement({ viewportId: VIEWPORT, element, type: Enums.ViewportType.STACK });
    return new Picture(engine);
  }

  /**
   * Shows one picture of a file. To be called again when it has ended, and not before.
   * @param frame - from 0
   * @returns how many pictures the file holds
   * @throws {NotShownError}
   */
  async show(bytes: Uint8Array, frame: number): Promise<number> {
    const { imageId, frames } = this.#hold(bytes);
    const id = frames === 1 ? imageId : `${imageId}?frame=${frame + 1}`;
    const image = await decoded(id);
    await this.#viewport.setStack([id]);
    if (this.#shown !== '' && this.#shown !== id) cache.removeImageLoadObject(this.#shown, { force: true });
    this.#shown = id;
    this.#window = windowOf(image);
    this.light(this.#light);
    return frames;
  }

  /** Brighter or darker, harder or softer than the file says. */
  light(light: Light): void {
    this.#light = light;
    if (this.#window === undefined) return;
    this.#viewport.setProperties({ voiRange: rangeOf(this.#window, light) });
    this.#viewport.render();
  }

  /** The element has another size. */
  resize(): void {
    this.#engine.resize(true, false);
  }

  close(): void {
    this.#engine.destroy();
    this.#drop();
  }

  #hold(bytes: Uint8Array) {
    if (this.#file?.bytes === bytes) return this.#file;
    const frames = framesIn(bytes);
    this.#drop();
    const imageId = wadouri.fileManager.add(new Blob([bytes as Uint8Array<ArrayBuffer>]));
    this.#file = { bytes, imageId, frames };
    return this.#file;
  }

  #drop(): void {
    if (this.#file === undefined) return;
    wadouri.fileManager.remove(Number(this.#file.imageId.split(':')[1]));
    wadouri.dataSetCacheManager.purge();
    cache.purgeCache();
    this.#file = undefined;
    this.#shown = '';
  }
}

async function decoded(imageId: string): Promise<Types.IImage> {
  try {
    return await imageLoader.loadAndCacheImage(imageId);
  } catch (cause) {
    throw new NotShownError('unsupported', { cause });
  }
}

/** As the file says, or all that is in it. */
function windowOf(image: Types.IImage): Window {
  if (image.color) return { center: 127.5, width: 255 };
  const [center, width] = [image.windowCenter, image.windowWidth].map((value) =>
    Array.isArray(value) ? value[0] : value,
  );
  if (typeof center === 'number' && typeof width === 'number' && width > 0) return { center, width };
  const { minPixelValue: min, maxPixelValue: max } = image;
  return { center: (min + max) / 2, width: Math.max(1, max - min) };
}
