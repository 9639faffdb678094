/** The quarantine's folder on the disk. */
import { type FileHandle, open } from 'node:fs/promises';
import { ImagingError } from './errors.js';
import { FileWriter } from './file-writer.js';

const CHUNK_BYTES = 256 * 1024;

/** The system's own errors name paths; a full or read-only disk is for the operator to repair. */
export async function onDisk<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof ImagingError) throw error;
    const systemCode = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new ImagingError({ code: 'FOLDER_UNUSABLE', systemCode }, 'expected a quarantine folder with space to write');
  }
}

/** Writes a new file of mode 0600 with what `fill` puts into it, synced. */
export async function writeQuarantined<T>(
  path: string,
  fill: (write: (chunk: Uint8Array) => Promise<void>) => Promise<T>,
): Promise<T> {
  const handle: FileHandle = await onDisk(() => open(path, 'wx', 0o600));
  const writer = new FileWriter(handle);
  try {
    const result = await fill((chunk) => onDisk(() => writer.write(chunk)));
    await onDisk(() => writer.finish());
    return result;
  } finally {
    await writer.settled();
    await handle.close();
  }
}

/** Bytes of a file; each chunk is a buffer of its own. Ends early where the file does. */
export async function* rangeOf(
  path: string,
  offset: number,
  sizeBytes: number,
): AsyncGenerator<Uint8Array, void, void> {
  const handle = await open(path, 'r');
  try {
    for (let position = 0; position < sizeBytes; ) {
      const wanted = Math.min(CHUNK_BYTES, sizeBytes - position);
      const { bytesRead, buffer } = await handle.read(new Uint8Array(wanted), 0, wanted, offset + position);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
