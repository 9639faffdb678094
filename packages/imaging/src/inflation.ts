import { createInflateRaw, type InflateRaw } from 'node:zlib';
import { ImagingError } from './errors.js';

/** Inflates a raw deflate stream piece by piece, hands on each piece, and stops for good at a hard cap. */
export class Inflation {
  private readonly inflate: InflateRaw = createInflateRaw({ chunkSize: 64 * 1024 });
  private inflatedBytes = 0;
  private failure: Error | undefined;
  private hasEnded = false;
  private wake: (() => void) | undefined;

  /** @param take - called with each piece; what it throws ends the inflation */
  constructor(bytesMax: number, take: (bytes: Uint8Array) => void) {
    this.inflate.on('data', (bytes: Uint8Array) => {
      if (this.failure !== undefined) return;
      this.inflatedBytes += bytes.length;
      try {
        if (this.inflatedBytes > bytesMax) {
          throw new ImagingError({ code: 'INFLATION_LIMIT', bytesMax }, `expected at most ${bytesMax} inflated bytes`);
        }
        take(bytes);
      } catch (error) {
        this.fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    this.inflate.on('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'Z_BUF_ERROR' ? 'TRUNCATED_INSTANCE' : 'MALFORMED_DATA_SET';
      this.fail(new ImagingError({ code }, 'the data set is one whole raw deflate stream', { cause }));
    });
    this.inflate.on('end', () => {
      // Also reached early: what follows the end of a deflate stream (its padding to even length) is ignored.
      this.hasEnded = true;
      this.settle();
    });
  }

  /** Resolves when the piece is inflated and handed on. */
  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0) return;
    await this.settled(() => this.inflate.write(chunk, () => this.settle()));
  }

  /** @throws {ImagingError} `TRUNCATED_INSTANCE` when the deflate stream has not ended */
  async end(): Promise<void> {
    await this.settled(() => this.inflate.end());
  }

  close(): void {
    this.inflate.destroy();
  }

  private async settled(act: () => void): Promise<void> {
    if (this.failure === undefined && !this.hasEnded) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        act();
      });
    }
    if (this.failure !== undefined) throw this.failure;
  }

  private settle(): void {
    this.wake?.();
    this.wake = undefined;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.inflate.destroy();
    this.settle();
  }
}
