/** What lies in a node's folder: keys, sign-log, certificate, database. */
import { constants } from 'node:fs';
import { access, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decodePrivateKeyPem } from '@radledger/primitives';
import { NodeAppError } from './errors.js';

/** Absolute paths of the parts of a node's folder; the next ones are there between `rotate` and `finish-rotation`. */
export function folderPaths(folder: string) {
  return {
    nodeKey: join(folder, 'node.pem'),
    vrfKey: join(folder, 'vrf.pem'),
    tlsKey: join(folder, 'peer-tls-key.pem'),
    tlsCertificate: join(folder, 'peer-tls-cert.pem'),
    signLog: join(folder, 'sign-log'),
    nextNodeKey: join(folder, 'next-node.pem'),
    nextVrfKey: join(folder, 'next-vrf.pem'),
    nextSignLog: join(folder, 'next-sign-log'),
    database: join(folder, 'db'),
    recoveries: join(folder, 'recoveries'),
  } as const;
}

export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** Writes and syncs a file that must not be there yet. */
export async function writeNew(file: string, text: string, mode: number): Promise<void> {
  const handle = await open(file, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Puts a file into its place whole: a crash leaves the old one or the new one. */
export async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const next = `${file}.new`;
  await rm(next, { force: true });
  await writeNew(next, text, mode);
  await rename(next, file);
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * The text of a secret file that nobody but its owner can read.
 * @throws {NodeAppError} `KEY_FILE_MISSING` | `KEY_FILE_MODE`
 */
export async function readSecretFile(file: string): Promise<string> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, constants.O_RDONLY);
  } catch (cause) {
    throw new NodeAppError(
      { code: 'KEY_FILE_MISSING', file },
      `cannot read ${file}: make it with radledger-node init`,
      {
        cause,
      },
    );
  }
  try {
    const { mode } = await handle.stat();
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new NodeAppError(
        { code: 'KEY_FILE_MODE', file, mode: octal },
        `${file} has mode ${octal}: others can read it, set it to 0600`,
      );
    }
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/**
 * The seed in a PEM PKCS#8 Ed25519 key file.
 * @throws {NodeAppError} `KEY_FILE_MISSING` | `KEY_FILE_MODE` | `KEY_FILE_INVALID`
 */
export async function readSeed(file: string): Promise<Uint8Array> {
  const pem = await readSecretFile(file);
  try {
    return decodePrivateKeyPem(pem);
  } catch (cause) {
    throw new NodeAppError({ code: 'KEY_FILE_INVALID', file }, `${file} is not a PEM PKCS#8 Ed25519 private key`, {
      cause,
    });
  }
}
