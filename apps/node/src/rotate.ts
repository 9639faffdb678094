/** `radledger-node rotate` and `finish-rotation`: the keys that a Rotate Key names, held beside those they follow. */
import { rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  createSigner,
  encodePrivateKeyPem,
  equalBytes,
  fromHex,
  generateSeed,
  publicKeyOf,
  toHex,
} from '@radledger/primitives';
import { createSignLog } from '@radledger/storage';
import { signKeyProof } from '@radledger/transactions';
import { NodeAppError } from './errors.js';
import { exists, folderPaths, readSeed, writeNew } from './folder.js';

export type RotatedRole = 'node' | 'vrf';

export interface RotationResult {
  readonly folder: string;
  readonly role: RotatedRole;
  /** 64 hex: what Rotate Key names. */
  readonly newKey: string;
  /** 128 hex: its proof of possession (docs/spec/transactions.md, section 5). */
  readonly proof: string;
  readonly keyFile: string;
}

/**
 * Makes the next node key, with its empty sign-log, or the next VRF key; overwrites nothing. Run again, it prints the same key.
 * @param options.chainId - 32 bytes
 * @param options.source - 64 hex
 * @throws {NodeAppError} `KEY_FILE_MISSING` when the folder has no first key; `KEY_FILE_MODE` | `KEY_FILE_INVALID`
 */
export async function rotate(options: {
  readonly folder: string;
  readonly role: RotatedRole;
  readonly chainId: Uint8Array;
  readonly source: string;
}): Promise<RotationResult> {
  const folder = resolve(options.folder);
  const { role, chainId, source } = options;
  const paths = folderPaths(folder);
  const [first, keyFile] = role === 'node' ? [paths.nodeKey, paths.nextNodeKey] : [paths.vrfKey, paths.nextVrfKey];
  await readSeed(first);
  if (!(await exists(keyFile))) {
    const seed = generateSeed();
    // As in init: a node key without a sign-log must never exist. A log without a key is of a rotate that was cut short.
    if (role === 'node') {
      if (await exists(paths.nextSignLog)) await rename(paths.nextSignLog, `${paths.nextSignLog}.unused-${Date.now()}`);
      await createSignLog(paths.nextSignLog, { nodeKey: await publicKeyOf(seed), createdAtMs: Date.now() });
    }
    await writeNew(keyFile, encodePrivateKeyPem(seed), 0o600);
  }
  const key = await createSigner(await readSeed(keyFile));
  const proof = await signKeyProof({ chainId, source: fromHex(source), role, key });
  return { folder, role, newKey: toHex(key.publicKey), proof: toHex(proof), keyFile };
}

/** The keys that an epoch names for a source. */
export interface ServingKeys {
  readonly nodeKey: Uint8Array;
  readonly vrfKey: Uint8Array;
}

/**
 * Puts the next keys that serve into the place of the first, which are kept under a name that says whose they were. For a node that is
 * stopped. A next key that does not serve yet stays where it is: without the first key its node could not lead until it does. Cut short
 * at any point, it can be run again.
 * @throws {NodeAppError} `NO_NEXT_KEY`; `KEY_NOT_SERVING` when none serves
 */
export async function finishRotation(options: {
  readonly folder: string;
  readonly serving: ServingKeys | undefined;
}): Promise<{ readonly replaced: readonly string[]; readonly waiting: readonly string[] }> {
  const folder = resolve(options.folder);
  const { serving } = options;
  const paths = folderPaths(folder);
  const replaced: string[] = [];
  const waiting: string[] = [];
  for (const [next, first, served, logs] of [
    [paths.nextNodeKey, paths.nodeKey, serving?.nodeKey, [paths.nextSignLog, paths.signLog]],
    [paths.nextVrfKey, paths.vrfKey, serving?.vrfKey, undefined],
  ] as const) {
    if (!(await exists(next))) continue;
    if (served === undefined || !equalBytes(served, await publicKeyOf(await readSeed(next)))) {
      waiting.push(next);
      continue;
    }
    if (await exists(first)) {
      const retired = `retired-${toHex(await publicKeyOf(await readSeed(first))).slice(0, 16)}`;
      if (logs !== undefined && (await exists(logs[1]))) await rename(logs[1], join(folder, `${retired}-sign-log`));
      await rename(first, join(folder, `${retired}.pem`));
    }
    if (logs !== undefined && (await exists(logs[0]))) await rename(logs[0], logs[1]);
    await rename(next, first);
    replaced.push(first);
  }
  if (replaced.length > 0) return { replaced, waiting };
  if (waiting.length > 0) {
    const message = `${waiting.join(', ')}: no epoch of this node names it yet; nothing was changed`;
    throw new NodeAppError({ code: 'KEY_NOT_SERVING', folder }, message);
  }
  throw new NodeAppError(
    { code: 'NO_NEXT_KEY', folder },
    `${folder} holds no next key: make it with radledger-node rotate`,
  );
}
