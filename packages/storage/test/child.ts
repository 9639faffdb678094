/** Runs `victim.mjs`, a process that writes and dies on its own command. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Victim {
  readonly child: ChildProcess;
  /** Lines of its output, complete once it has ended. */
  readonly lines: string[];
  readonly ended: Promise<{ signal: string | null; errors: string }>;
}

export function startVictim(task: Record<string, unknown>): Victim {
  const script = fileURLToPath(new URL('./victim.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    lines.splice(0, lines.length, ...output.split('\n').slice(0, -1));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close').then(([, signal]) => ({ signal: signal as string | null, errors }));
  return { child, lines, ended };
}
