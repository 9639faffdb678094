/** One process of the local net: started by absolute path, ready when it says so, ended by its own process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { DevnetError } from './errors.js';

export interface ProcessOptions {
  readonly name: string;
  /** Absolute path of a built JavaScript file. */
  readonly script: string;
  readonly args: readonly string[];
  /** Receives standard output and error, appended. */
  readonly logFile: string;
  /** Default 30,000. */
  readonly readyTimeoutMs?: number;
  /** Options of Node itself, before the script. */
  readonly nodeOptions?: readonly string[];
  /** Added to this process' environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface DevProcess {
  readonly name: string;
  readonly pid: number;
  /** The members of the line `{"event":"listening",...}` that the process printed. */
  readonly listening: Readonly<Record<string, unknown>>;
  /** Settles when the process is gone, whoever ended it. */
  readonly exited: Promise<void>;
  /** SIGTERM, then SIGKILL after 10 s. */
  stop(): Promise<void>;
  /** SIGKILL: a power cut for this process. */
  kill(): Promise<void>;
}

/**
 * Starts a process and waits until it listens.
 * @throws {DevnetError} `NOT_BUILT` | `PROCESS_FAILED` (its last words are in the log) | `NOT_READY`
 */
export async function startProcess(options: ProcessOptions): Promise<DevProcess> {
  const { name, script, args, logFile, readyTimeoutMs = 30_000, nodeOptions = [], environment = {} } = options;
  if (!existsSync(script)) {
    throw new DevnetError({ code: 'NOT_BUILT', script: name }, 'run `npm run build` first');
  }
  const child = spawn(process.execPath, [...nodeOptions, script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stderr.pipe(log, { end: false });
  child.stdout.pipe(log, { end: false });
  const exited = once(child, 'exit').then(() => void log.end());
  const listening = await firstListeningLine(child, name, readyTimeoutMs);
  return {
    name,
    pid: child.pid as number,
    listening,
    exited,
    stop: () => end(child, 'SIGTERM', exited),
    kill: () => end(child, 'SIGKILL', exited),
  };
}

async function firstListeningLine(
  child: ChildProcess,
  name: string,
  timeoutMs: number,
): Promise<Readonly<Record<string, unknown>>> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        const event = parseLine(line);
        if (event?.['event'] === 'listening') resolve(event);
      });
      child.once('error', reject);
      child.once('exit', (exitCode) => {
        reject(new DevnetError({ code: 'PROCESS_FAILED', process: name, exitCode }, 'its log says why'));
      });
      timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new DevnetError({ code: 'NOT_READY', process: name, timeoutMs }, 'its log says how far it came'));
      }, timeoutMs);
    });
  } finally {
    clearTimeout(timer);
    lines.close();
    child.stdout?.resume(); // closing the reader pauses the stream; the log still wants it
  }
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals, exited: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return exited;
  child.kill(signal);
  const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(impatience);
}
