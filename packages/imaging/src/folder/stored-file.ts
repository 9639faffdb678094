/** A file of the archive's folder, read only while it is the very file that was scanned. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ImagingError } from '../errors.js';

const CHUNK_BYTES = 256 * 1024;

/** What tells one state of a file from another without reading it. */
export interface FileState {
  readonly device: bigint;
  readonly inode: bigint;
  readonly sizeBytes: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/**
 * Opens a file, never through a link.
 * @returns undefined when it is not a regular file
 */
export async function openStoredFile(path: string): Promise<{ handle: FileHandle; state: FileState } | undefined> {
  // O_NONBLOCK: opening a pipe that somebody put there must not wait for its writer.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const state = await stateOf(handle);
    if (state !== undefined) return { handle, state };
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}

/** The bytes of an open file from its beginning; each chunk is a buffer of its own. Reads one chunk ahead of who works on them. */
export async function* readChunks(handle: FileHandle): AsyncGenerator<Uint8Array, void, void> {
  const read = (position: number) =>
    handle.read(Buffer.allocUnsafeSlow(CHUNK_BYTES), 0, CHUNK_BYTES, position).catch((error: unknown) => ({ error }));
  let reading = read(0);
  try {
    for (let position = 0; ; ) {
      const outcome = await reading;
      if ('error' in outcome) throw outcome.error;
      const { bytesRead, buffer } = outcome;
      if (bytesRead === 0) return;
      position += bytesRead;
      reading = read(position);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await reading;
  }
}

/**
 * The bytes of a scanned file.
 * @throws {ImagingError} `INSTANCE_CHANGED` when it is gone, replaced or written to, before or while it is read
 */
export async function* readUnchanged(
  path: string,
  scanned: FileState,
  index: number,
): AsyncGenerator<Uint8Array, void, void> {
  const opened = await openStoredFile(path).catch((cause: unknown) => {
    throw changed(index, cause);
  });
  if (opened === undefined) throw changed(index);
  const { handle, state } = opened;
  try {
    if (!isSameState(state, scanned)) throw changed(index);
    let held: Uint8Array | undefined;
    for await (const chunk of readChunks(handle)) {
      if (held !== undefined) yield held;
      held = chunk;
    }
    const after = await stateOf(handle);
    if (after === undefined || !isSameState(after, scanned)) throw changed(index);
    if (held !== undefined) yield held;
  } finally {
    await handle.close();
  }
}

/** Makes new names in a folder last. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function stateOf(handle: FileHandle): Promise<FileState | undefined> {
  const stat = await handle.stat({ bigint: true });
  if (!stat.isFile()) return undefined;
  const { dev, ino, size, mtimeNs, ctimeNs } = stat;
  return { device: dev, inode: ino, sizeBytes: size, modifiedNs: mtimeNs, changedNs: ctimeNs };
}

function isSameState(a: FileState, b: FileState): boolean {
  return (
    a.device === b.device &&
    a.inode === b.inode &&
    a.sizeBytes === b.sizeBytes &&
    a.modifiedNs === b.modifiedNs &&
    a.changedNs === b.changedNs
  );
}

function changed(index: number, cause?: unknown): ImagingError {
  const info = { code: 'INSTANCE_CHANGED', index } as const;
  // The system's own error names the path, and paths in archives hold names of patients.
  const systemCode = (cause as NodeJS.ErrnoException | undefined)?.code;
  return new ImagingError(info, `a file changed after the folder was read${systemCode ? ` (${systemCode})` : ''}`);
}
