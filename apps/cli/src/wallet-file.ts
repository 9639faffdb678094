/**
 * The wallet on disk: one file, mode 0600, in the age format. A passphrase (scrypt) opens an age identity, the identity
 * opens the snapshot; so each change costs no second scrypt. Format: docs/spec/wallet-keys.md, section 7.
 */
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { WalletStore } from '@radledger/wallet';
import { armor, Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { CliError, usageError } from './errors.js';

const FILE_BYTES_MAX = 128 * 1024 * 1024;
/** Binary logarithm of scrypt's cost for a passphrase of at least 128 random bits: nobody guesses those, however cheap a guess is. */
const RANDOM_WORK_FACTOR = 10;
/** 128 bits in base64; in hex they are 32 characters. */
const RANDOM_LENGTH_MIN = 22;

interface WalletFile {
  readonly format: 1;
  /** Armored age file to the passphrase; holds an age identity. */
  readonly identity: string;
  /** Armored age file to that identity; holds the snapshot. */
  readonly state: string;
}

/**
 * A store in a file. The passphrase is asked for at the first `load` of an existing file, or the first `save` of a new one.
 * The file is held by a lock file from then until `release`: two processes must never hand out the same key.
 * @param options.isRandomPassphrase - a program made it: a new file opens at once, where it costs a person's passphrase about a second
 * @throws {CliError} from `load` and `save`: `WRONG_PASSPHRASE` | `FILE_TOO_OPEN` | `WALLET_FILE_MALFORMED` | `WALLET_BUSY` |
 *   `USAGE` for a short passphrase that is said to be random
 */
export function createWalletFileStore(
  file: string,
  passphrase: (isNew: boolean) => Promise<string>,
  options: { readonly isRandomPassphrase: boolean },
): WalletStore & { release(): Promise<void> } {
  let identity: string | undefined;
  let sealedIdentity: string | undefined;
  let isLocked = false;

  const lock = async () => {
    if (isLocked) return;
    const handle = await open(`${file}.lock`, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EEXIST')
        throw new CliError({ code: 'FILE_UNREADABLE', file }, `cannot write beside ${file} (${cause.code})`);
      throw new CliError(
        { code: 'WALLET_BUSY', file },
        `another process uses the wallet; if none does, remove ${file}.lock`,
      );
    });
    isLocked = true;
    await handle.writeFile(`${process.pid}\n`);
    await handle.close();
  };

  return {
    async load() {
      const exists = await stat(file).catch(() => undefined);
      if (exists === undefined) return undefined;
      if (process.platform !== 'win32' && (exists.mode & 0o077) !== 0) {
        throw new CliError({ code: 'FILE_TOO_OPEN', file }, `${file} can be read by others: it must have mode 0600`);
      }
      await lock();
      const { identity: sealed, state } = await readWalletFile(file, exists.size);
      const opened = new Decrypter();
      opened.addPassphrase(await passphrase(false));
      try {
        identity = await opened.decrypt(armor.decode(sealed), 'text');
      } catch {
        throw new CliError({ code: 'WRONG_PASSPHRASE' }, 'the passphrase does not open the wallet');
      }
      sealedIdentity = sealed;
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      try {
        return await decrypter.decrypt(armor.decode(state));
      } catch {
        throw malformed(file);
      }
    },
    async save(snapshot) {
      await lock();
      if (identity === undefined || sealedIdentity === undefined) {
        identity = await generateX25519Identity();
        const encrypter = new Encrypter();
        const chosen = await passphrase(true);
        if (options.isRandomPassphrase) {
          if (chosen.length < RANDOM_LENGTH_MIN) throw usageError('--random-passphrase', TOO_SHORT);
          encrypter.setScryptWorkFactor(RANDOM_WORK_FACTOR);
        }
        encrypter.setPassphrase(chosen);
        sealedIdentity = armor.encode(await encrypter.encrypt(identity));
      }
      const encrypter = new Encrypter();
      encrypter.addRecipient(await identityToRecipient(identity));
      const state = armor.encode(await encrypter.encrypt(snapshot));
      const content: WalletFile = { format: 1, identity: sealedIdentity, state };
      await replaceFile(file, `${JSON.stringify(content)}\n`);
    },
    async release() {
      if (isLocked) await rm(`${file}.lock`, { force: true });
      isLocked = false;
    },
  };
}

const TOO_SHORT = `a passphrase of 128 random bits has at least ${RANDOM_LENGTH_MIN} characters; leave the option out for one that a person chose`;

async function readWalletFile(file: string, size: number): Promise<WalletFile> {
  if (size > FILE_BYTES_MAX) throw malformed(file);
  try {
    const content = JSON.parse(await readFile(file, 'utf8')) as Partial<WalletFile>;
    if (content.format === 1 && typeof content.identity === 'string' && typeof content.state === 'string') {
      return content as WalletFile;
    }
  } catch {
    // refused below
  }
  throw malformed(file);
}

/** Old or new content, whole, after any crash: a new file is fsynced, renamed over the old one, and the folder fsynced. */
async function replaceFile(file: string, content: string): Promise<void> {
  const next = `${file}.new`;
  const handle = await open(next, 'w', 0o600).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError({ code: 'FILE_UNREADABLE', file }, `cannot write ${file} (${cause.code})`);
  });
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function malformed(file: string): CliError {
  return new CliError(
    { code: 'WALLET_FILE_MALFORMED', file },
    `${file} is not a wallet file, or it is damaged; it was not changed`,
  );
}
