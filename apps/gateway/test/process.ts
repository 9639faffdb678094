/** Real `radledger-gateway` processes; a test ends all that it started. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command to its end. */
export function runCommand(...args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { timeout: 30_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

export interface RunningGateway {
  readonly child: ChildProcess;
  /** The first line on stdout. */
  readonly listening: Readonly<Record<string, string>>;
  /** Everything on stderr so far. */
  log(): string;
  /** Resolves with the exit code, or null after a signal that was not handled. */
  readonly exited: Promise<number | null>;
}

/** Starts `run` and waits for its `listening` line. */
export function startGateway(config: string): Promise<RunningGateway> {
  const child = spawn(process.execPath, [MAIN, 'run', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  let out = '';
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const [line, rest] = out.split('\n', 2);
      if (rest === undefined || line === undefined) return;
      resolve({ child, exited, log: () => log, listening: JSON.parse(line) as Record<string, string> });
    });
    void exited.then((code) => reject(new Error(`ended with ${code}: ${log}`)));
  });
}
