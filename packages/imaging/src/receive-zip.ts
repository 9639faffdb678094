/** Writes a ZIP into quarantine as it arrives. Bytes that an earlier try left there are compared, not written again. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { equalBytes } from '@radledger/primitives';
import { ImagingError } from './errors.js';
import { FileWriter } from './file-writer.js';
import { onDisk } from './quarantine-disk.js';

export interface ReceivedZip {
  readonly zipBytes: number;
  readonly zipSha256: Uint8Array;
}

/**
 * Leaves the file as the stream has it, synced; when the stream breaks off, everything that came before is there.
 * @param stream - each chunk a buffer that does not change any more
 * @throws {ImagingError} `ZIP_TOO_LARGE` | `FOLDER_UNUSABLE`; what the stream throws
 */
export async function receiveZip(
  stream: AsyncIterable<Uint8Array>,
  path: string,
  bytesMax: number,
): Promise<ReceivedZip> {
  const handle = await onDisk(() => open(path, 'a+', 0o600));
  const writer = new FileWriter(handle);
  const hash = createHash('sha256');
  let zipBytes = 0;
  try {
    let heldBytes = await onDisk(async () => (await handle.stat()).size);
    const cutTo = async (bytes: number): Promise<void> => {
      if (bytes >= heldBytes) return;
      await onDisk(() => handle.truncate(bytes));
      heldBytes = bytes;
    };
    for await (const chunk of stream) {
      const at = zipBytes;
      zipBytes += chunk.length;
      if (zipBytes > bytesMax) {
        throw new ImagingError({ code: 'ZIP_TOO_LARGE', bytesMax }, `expected at most ${bytesMax} bytes`);
      }
      hash.update(chunk);
      let fresh = chunk;
      if (at < heldBytes) {
        const known = Math.min(chunk.length, heldBytes - at);
        if (await onDisk(() => holds(handle, at, chunk.subarray(0, known)))) fresh = chunk.subarray(known);
        else await cutTo(at);
      }
      if (fresh.length > 0) await onDisk(() => writer.write(fresh));
    }
    await cutTo(zipBytes);
    await onDisk(() => writer.finish());
    return { zipBytes, zipSha256: new Uint8Array(hash.digest()) };
  } catch (error) {
    // What came so far may be of use; why it ended is what counts.
    await writer.finish().catch(() => undefined);
    throw error;
  } finally {
    await writer.settled();
    await handle.close();
  }
}

async function holds(handle: FileHandle, at: number, bytes: Uint8Array): Promise<boolean> {
  const { bytesRead, buffer } = await handle.read(new Uint8Array(bytes.length), 0, bytes.length, at);
  return bytesRead === bytes.length && equalBytes(buffer, bytes);
}
