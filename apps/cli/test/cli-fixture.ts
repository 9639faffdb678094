/** Runs the built program in child processes against servers on the loopback interface. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Fetch } from '@radledger/client';

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The parsed standard output. */
  readonly json: {
    ok: boolean;
    command?: string;
    result?: Record<string, never>;
    error?: { code: string; exitCode: number };
  };
}

/** Runs one command line to its end; standard input is closed after `input`. */
export async function runCli(
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<RunResult> {
  const { RADLEDGER_NODE: _, ...env } = process.env;
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...env, NO_COLOR: '1', RADLEDGER_ALLOW_LOOPBACK: '1', ...options.env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)));
  child.stdin.end(options.input ?? '');
  const [exitCode] = (await once(child, 'close')) as [number];
  return {
    ...output,
    exitCode,
    get json() {
      return JSON.parse(output.stdout) as RunResult['json'];
    },
  };
}

/** A folder that `close` removes. */
export async function createFolder(): Promise<{
  path: string;
  file(name: string, content: string, mode?: number): Promise<string>;
  close(): Promise<void>;
}> {
  const path = await mkdtemp(join(tmpdir(), 'radledger-cli-'));
  return {
    path,
    async file(name, content, mode = 0o600) {
      await writeFile(join(path, name), content, { mode });
      return join(path, name);
    },
    close: () => rm(path, { recursive: true }),
  };
}

/** Serves a fetch-like handler over HTTP on the loopback interface. */
export async function serve(handler: Fetch): Promise<{ url: string; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = chunks.length === 0 ? {} : { body: new Uint8Array(Buffer.concat(chunks)) };
      const headers = request.headers as Record<string, string>;
      const answer = await handler(`http://localhost${request.url ?? '/'}`, {
        method: request.method ?? 'GET',
        headers,
        signal: gone.signal,
        ...body,
      });
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      if (answer.body === null) response.end();
      else
        Readable.fromWeb(answer.body as never)
          .on('error', () => response.destroy())
          .pipe(response);
    })().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
