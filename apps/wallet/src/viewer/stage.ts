/** Shows the pictures of a study on an element: the one that is wanted now, with those that come next fetched already. */
import type { StudyImages } from '../model/images.js';
import { Nearby } from './nearby.js';
import { Pace } from './pace.js';
import { Picture } from './picture.js';
import { NotShownError } from './picture-head.js';
import type { Light } from './window.js';

/** Files that a phone holds for going back and forth. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024;
/** How many files are fetched before she comes to them; a jump is more than that. */
export const AHEAD = 4;

/** One picture, and where it stands among the others. */
export interface Wanted {
  /** Another one for each try. */
  readonly id: string;
  readonly at: number;
  readonly file: string;
  readonly frame: number;
  /** The files expected next, the nearest first. */
  readonly ahead: readonly string[];
}

/** What came of a picture that is still wanted. */
export interface Listener {
  /** @param frames - how many pictures its file holds */
  shown(wanted: Wanted, frames: number): void;
  notShown(wanted: Wanted, reason: NotShownError['reason']): void;
  failed(wanted: Wanted, error: unknown): void;
}

export class Stage {
  readonly #picture: Picture;
  readonly #nearby: Nearby;
  readonly #listener: Listener;
  readonly #pace = new Pace<Wanted>(
    (wanted, signal) => this.#show(wanted, signal),
    (doing, wanted) => Math.abs(doing.at - wanted.at) <= AHEAD,
  );
  #newest = '';

  constructor(element: HTMLDivElement, images: StudyImages, listener: Listener) {
    this.#picture = Picture.on(element);
    this.#nearby = new Nearby((uid, signal) => images.file(uid, signal), KEPT_BYTES_MAX);
    this.#listener = listener;
  }

  want(wanted: Wanted): void {
    this.#newest = wanted.id;
    this.#pace.want(wanted);
  }

  /** Brighter or darker, harder or softer than the file says. */
  light(light: Light): void {
    this.#picture.light(light);
  }

  /** The element has another size. */
  resize(): void {
    this.#picture.resize();
  }

  async close(): Promise<void> {
    this.#newest = '';
    this.#nearby.close();
    await this.#pace.close();
    this.#picture.close();
  }

  async #show(wanted: Wanted, signal: AbortSignal): Promise<void> {
    // What was passed over in the meantime is told of when she comes back to it.
    const isWanted = (): boolean => !signal.aborted && wanted.id === this.#newest;
    try {
      const bytes = await this.#nearby.file(wanted.file, wanted.ahead, signal);
      const frames = await this.#picture.show(bytes, wanted.frame);
      if (isWanted()) this.#listener.shown(wanted, frames);
    } catch (error) {
      if (!isWanted()) return;
      if (error instanceof NotShownError) this.#listener.notShown(wanted, error.reason);
      else this.#listener.failed(wanted, error);
    }
  }
}
