import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DevnetError } from './errors.js';

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of our command-line programs to its end, on a net whose addresses are all loopback. `input` is its standard input. */
export async function runTool(script: string, args: readonly string[], input = ''): Promise<ToolResult> {
  const env = { ...process.env, RADLEDGER_ALLOW_LOOPBACK: '1' };
  const child = spawn(process.execPath, [script, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.end(input);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode: exitCode ?? -1, stdout, stderr };
}

/**
 * The same for a program that must succeed and print one JSON value.
 * @throws {DevnetError} `PROCESS_FAILED` with what it wrote to standard error
 */
export async function runJsonTool(name: string, script: string, args: readonly string[], input = ''): Promise<unknown> {
  const { exitCode, stdout, stderr } = await runTool(script, args, input);
  if (exitCode !== 0) {
    throw new DevnetError({ code: 'PROCESS_FAILED', process: name, exitCode }, `${stderr}${stdout}`.trim());
  }
  return JSON.parse(stdout) as unknown;
}
