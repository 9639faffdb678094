import type { FileHandle } from 'node:fs/promises';

const BATCH_BYTES = 1024 * 1024;

/** Appends to a file in large writes, each running while the next is gathered: network chunks are small. */
export class FileWriter {
  private gathered: Uint8Array[] = [];
  private gatheredBytes = 0;
  private inFlight: Promise<void> = Promise.resolve();
  private failure: unknown;

  constructor(private readonly handle: FileHandle) {}

  /** Takes a chunk, which must not change any more. @throws what an earlier write threw */
  async write(chunk: Uint8Array): Promise<void> {
    this.gathered.push(chunk);
    this.gatheredBytes += chunk.length;
    if (this.gatheredBytes >= BATCH_BYTES) await this.flush();
  }

  /** Writes what is left and syncs. The handle stays open. */
  async finish(): Promise<void> {
    await this.flush();
    await this.settle();
    await this.handle.sync();
  }

  /** Resolves when no write runs any more, whatever came of it: the handle may be closed. */
  async settled(): Promise<void> {
    await this.inFlight;
  }

  private async flush(): Promise<void> {
    await this.settle();
    const batch = this.gathered;
    this.gathered = [];
    this.gatheredBytes = 0;
    // Kept, not thrown: nobody awaits this write until the next one.
    this.inFlight = writeAll(this.handle, batch).catch((error: unknown) => {
      this.failure = error;
    });
  }

  private async settle(): Promise<void> {
    await this.inFlight;
    if (this.failure !== undefined) throw this.failure as Error;
  }
}

async function writeAll(handle: FileHandle, batch: readonly Uint8Array[]): Promise<void> {
  let rest = batch.filter((chunk) => chunk.length > 0);
  while (rest.length > 0) {
    let { bytesWritten } = await handle.writev(rest);
    const left: Uint8Array[] = [];
    for (const chunk of rest) {
      if (bytesWritten < chunk.length) left.push(chunk.subarray(bytesWritten));
      bytesWritten = Math.max(0, bytesWritten - chunk.length);
    }
    rest = left;
  }
}
