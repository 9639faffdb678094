/** Recoveries as files: made and signed offline, handed to a node, kept in its folder. Spec: docs/spec/halt-and-recovery.md, section 4. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chainIdOf } from '@radledger/chain';
import { recoverySignedBytes, type SignedRecovery } from '@radledger/consensus';
import { compareBytes, createSigner, equalBytes, fromHex, randomBytes, toHex } from '@radledger/primitives';
import { z } from 'zod';
import { NodeAppError } from './errors.js';
import { readSeed, replaceFile } from './folder.js';
import { readGenesis } from './genesis-file.js';

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `must be ${bytes * 2} lower-case hex characters`);

const schema = z.strictObject({
  format: z.literal(1),
  chainId: hex(32),
  height: z.int().min(0),
  blockId: hex(32),
  leftOut: z.array(hex(32)).max(4096),
  nonce: hex(8),
  keySignatures: z.array(z.strictObject({ position: z.int().min(0).max(255), signature: hex(64) })).max(256),
  voterSignatures: z.array(z.strictObject({ nodeKey: hex(32), signature: hex(64) })).max(4096),
});
type RecoveryFile = z.infer<typeof schema>;

/** @throws {NodeAppError} `RECOVERY_INVALID` */
async function readFileOf(file: string): Promise<RecoveryFile> {
  let document: unknown;
  try {
    document = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new NodeAppError({ code: 'RECOVERY_INVALID', file }, `cannot read the recovery ${file}`, { cause });
  }
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const message = `${file} is not a recovery: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`;
  throw new NodeAppError({ code: 'RECOVERY_INVALID', file }, message);
}

function recoveryOf(content: RecoveryFile): SignedRecovery {
  const { height } = content;
  return {
    height,
    blockId: fromHex(content.blockId),
    leftOut: content.leftOut.map(fromHex),
    nonce: fromHex(content.nonce),
    keySignatures: content.keySignatures.map(({ position, signature }) => [position, fromHex(signature)]),
    voterSignatures: content.voterSignatures.map(({ nodeKey, signature }) => [fromHex(nodeKey), fromHex(signature)]),
  };
}

function fileOf(chainId: Uint8Array, recovery: SignedRecovery): RecoveryFile {
  const { height, blockId, leftOut, nonce, keySignatures, voterSignatures } = recovery;
  return {
    format: 1,
    chainId: toHex(chainId),
    height,
    blockId: toHex(blockId),
    leftOut: leftOut.map(toHex),
    nonce: toHex(nonce),
    keySignatures: keySignatures.map(([position, signature]) => ({ position, signature: toHex(signature) })),
    voterSignatures: voterSignatures.map(([key, signature]) => ({ nodeKey: toHex(key), signature: toHex(signature) })),
  };
}

const textOf = (content: RecoveryFile): string => `${JSON.stringify(content, null, 2)}\n`;

/** A recovery of this chain. @throws {NodeAppError} `RECOVERY_INVALID` */
export async function readRecovery(file: string, chainId: Uint8Array): Promise<SignedRecovery> {
  const content = await readFileOf(file);
  if (content.chainId !== toHex(chainId)) {
    throw new NodeAppError({ code: 'RECOVERY_INVALID', file }, `${file} is for chain ${content.chainId}, not this one`);
  }
  return recoveryOf(content);
}

/** Writes a recovery that nobody has signed yet; nothing is overwritten. */
export async function makeRecovery(options: {
  readonly genesisFile: string;
  readonly height: number;
  readonly blockId: string;
  readonly leftOut: readonly string[];
  readonly out: string;
}): Promise<RecoveryFile> {
  const chainId = chainIdOf(await readGenesis(options.genesisFile));
  const content = fileOf(chainId, {
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
  await replaceFile(options.file, textOf(fileOf(chainId, signed)), 0o644);
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
    await replaceFile(join(folder, `${recovery.height}.json`), textOf(fileOf(chainId, recovery)), 0o644);
  }
}
