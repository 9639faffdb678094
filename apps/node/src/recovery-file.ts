/** Recoveries as files: made and signed offline, handed to a node, kept in its folder. Spec: docs/spec/halt-and-recovery.md, section 4. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chainIdOf } from '@radledger/chain';
import {
  recoveryFromJson,
  type RecoveryJson,
  recoverySignedBytes,
  recoveryToJson,
  type SignedRecovery,
} from '@radledger/consensus';
import { compareBytes, createSigner, equalBytes, fromHex, randomBytes, toHex } from '@radledger/primitives';
import { NodeAppError } from './errors.js';
import { readSeed, replaceFile } from './folder.js';
import { readGenesis } from './genesis-file.js';

const textOf = (content: RecoveryJson): string => `${JSON.stringify(content, null, 2)}\n`;

/** A recovery of this chain. @throws {NodeAppError} `RECOVERY_INVALID` */
export async function readRecovery(file: string, chainId: Uint8Array): Promise<SignedRecovery> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new NodeAppError({ code: 'RECOVERY_INVALID', file }, `cannot read the recovery ${file}`, { cause });
  }
  try {
    return recoveryFromJson(JSON.parse(text), chainId);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'not valid';
    throw new NodeAppError({ code: 'RECOVERY_INVALID', file }, `${file} is not a recovery: ${why}`, { cause });
  }
}

/** Writes a recovery that nobody has signed yet; nothing is overwritten. */
export async function makeRecovery(options: {
  readonly genesisFile: string;
  readonly height: number;
  readonly blockId: string;
  readonly leftOut: readonly string[];
  readonly out: string;
}): Promise<RecoveryJson> {
  const chainId = chainIdOf(await readGenesis(options.genesisFile));
  const content = recoveryToJson(chainId, {
    height: options.height,
    blockId: fromHex(options.blockId),
    leftOut: [...new Set(options.leftOut)].map(fromHex).sort(compareBytes),
    nonce: randomBytes(8),
    keySignatures: [],
    voterSignatures: [],
  });
  await writeFile(options.out, textOf(content), { flag: 'wx' });
  return content;
}

/** Adds one signature: as recovery key when genesis lists the key as one, else as a voter's node key. */
export async function signRecovery(options: {
  readonly file: string;
  readonly genesisFile: string;
  readonly keyFile: string;
}): Promise<{ readonly signedAs: 'recovery-key' | 'voter'; readonly recoveryKeys: number; readonly voters: number }> {
  const genesis = await readGenesis(options.genesisFile);
  const chainId = chainIdOf(genesis);
  const recovery = await readRecovery(options.file, chainId);
  const signer = await createSigner(await readSeed(options.keyFile));
  const signature = await signer.sign(recoverySignedBytes(chainId, recovery));
  const position = genesis.recoveryKeys.findIndex((key) => equalBytes(key, signer.publicKey));
  const signed: SignedRecovery =
    position >= 0
      ? {
          ...recovery,
          keySignatures: [
            ...recovery.keySignatures.filter(([other]) => other !== position),
            [position, signature] as const,
          ].sort(([a], [b]) => a - b),
        }
      : {
          ...recovery,
          voterSignatures: [
            ...recovery.voterSignatures.filter(([other]) => !equalBytes(other, signer.publicKey)),
            [signer.publicKey, signature] as const,
          ].sort(([a], [b]) => compareBytes(a, b)),
        };
  await replaceFile(options.file, textOf(recoveryToJson(chainId, signed)), 0o644);
  return {
    signedAs: position >= 0 ? 'recovery-key' : 'voter',
    recoveryKeys: signed.keySignatures.length,
    voters: signed.voterSignatures.length,
  };
}

/**
 * Recoveries that a node follows: those kept in its folder and those it is handed now, each once.
 * @throws {NodeAppError} `RECOVERY_INVALID`
 */
export async function recoveriesOf(
  folder: string,
  files: readonly string[],
  chainId: Uint8Array,
): Promise<readonly SignedRecovery[]> {
  const kept = (await namesIn(folder)).filter((name) => name.endsWith('.json'));
  const read = await Promise.all(
    [...kept.map((name) => join(folder, name)), ...files].map((file) => readRecovery(file, chainId)),
  );
  const byId = new Map(read.map((recovery) => [`${recovery.height}/${toHex(recovery.nonce)}`, recovery]));
  return [...byId.values()];
}

/** A folder that cannot be read is not one that holds nothing: the node would believe voters that are gone. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const message = `cannot read the recoveries that this node follows in ${folder}`;
    throw new NodeAppError({ code: 'RECOVERY_INVALID', file: folder }, message, { cause });
  }
}

/** Keeps what a node follows, before it speaks to anybody: without it the node would not know who votes after its next start. */
export async function keepRecoveries(
  folder: string,
  recoveries: readonly SignedRecovery[],
  chainId: Uint8Array,
): Promise<void> {
  if (recoveries.length === 0) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const recovery of recoveries) {
    await replaceFile(join(folder, `${recovery.height}.json`), textOf(recoveryToJson(chainId, recovery)), 0o644);
  }
}
