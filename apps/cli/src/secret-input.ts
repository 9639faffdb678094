/** Secrets come from a file of mode 0600, from standard input, or from a prompt on a terminal. */
import { open } from 'node:fs/promises';
import { isCancel, password, text } from '@clack/prompts';
import { CliError } from './errors.js';

const SECRET_BYTES_MAX = 64 * 1024;

/** Reads secrets in the order in which they are asked for; each line of standard input is handed out once. */
export class SecretInput {
  readonly #stdin: NodeJS.ReadStream;
  #lines: string[] | undefined;

  constructor(stdin: NodeJS.ReadStream) {
    this.#stdin = stdin;
  }

  /**
   * @param option - the option that names the file, for messages
   * @param file - a path, `-` for the next line of standard input, undefined to ask on the terminal
   * @param visible - whether what is typed is shown
   * @throws {CliError} `INPUT_MISSING` without a terminal | `FILE_MISSING` | `FILE_TOO_OPEN`
   */
  async read(option: string, file: string | undefined, question: string, visible = false): Promise<string> {
    if (file === '-') return this.#nextLine(option);
    if (file !== undefined) return (await readSecretFile(file)).trim();
    if (!this.#isInteractive()) throw missing(option);
    const answer = visible
      ? await text({ message: question, output: process.stderr })
      : await password({ message: question, output: process.stderr });
    if (isCancel(answer) || answer === undefined || answer === '') throw missing(option);
    return answer;
  }

  /** A new passphrase: asked twice on a terminal. */
  async readNew(option: string, file: string | undefined, question: string): Promise<string> {
    const first = await this.read(option, file, question);
    if (file !== undefined) return first;
    if ((await this.read(option, undefined, 'The same again')) === first) return first;
    throw new CliError({ code: 'USAGE', argument: option }, 'the two passphrases differ');
  }

  #isInteractive(): boolean {
    return this.#stdin.isTTY === true && process.stderr.isTTY === true;
  }

  async #nextLine(option: string): Promise<string> {
    this.#lines ??= await readLines(this.#stdin);
    const line = this.#lines.shift()?.trim();
    if (line === undefined || line === '') throw missing(option);
    return line;
  }
}

/** The text of a secret file, which nobody else may read. @throws {CliError} `FILE_MISSING` | `FILE_TOO_OPEN` | `FILE_UNREADABLE` */
export async function readSecretFile(file: string): Promise<string> {
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code === 'ENOENT' ? 'FILE_MISSING' : 'FILE_UNREADABLE';
    throw new CliError({ code, file }, `cannot read ${file} (${cause.code})`);
  });
  try {
    const { mode, size } = await handle.stat();
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new CliError({ code: 'FILE_TOO_OPEN', file }, `${file} can be read by others: it must have mode 0600`);
    }
    if (size > SECRET_BYTES_MAX)
      throw new CliError({ code: 'FILE_UNREADABLE', file }, `${file} is too large for a secret`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** Writes a new file that only its owner can read. @throws {CliError} `FILE_EXISTS` */
export async function writeNewSecretFile(file: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code === 'EEXIST' ? 'FILE_EXISTS' : 'FILE_UNREADABLE';
    throw new CliError({ code, file }, `cannot create ${file} (${cause.code})`);
  });
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readLines(stdin: NodeJS.ReadStream): Promise<string[]> {
  stdin.setEncoding('utf8');
  let content = '';
  for await (const chunk of stdin) {
    content += String(chunk);
    if (content.length > SECRET_BYTES_MAX)
      throw new CliError({ code: 'USAGE', argument: 'stdin' }, 'standard input is too long');
  }
  return content.split('\n');
}

function missing(option: string): CliError {
  return new CliError(
    { code: 'INPUT_MISSING', option },
    `${option} is needed: a file of mode 0600, or - for standard input`,
  );
}
