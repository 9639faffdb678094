/** What goes to standard output (the result, nothing else) and to standard error (progress, warnings, errors). */
import pc from 'picocolors';
import type { Failure } from './exit-codes.js';

/** Version of the `--json` envelope. */
export const JSON_FORMAT = 1;

/** One way to show the results of a command. */
export interface Output {
  readonly json: boolean;
  /** Shows the result: `value` as JSON, or `lines` for people. */
  result(command: string, value: Readonly<Record<string, unknown>>, lines: readonly string[]): void;
  /** One line of progress on long work. */
  progress(line: string): void;
  failure(failure: Failure): void;
  /** Help or version; shown whole at `end`. */
  text(text: string): void;
  end(): void;
}

export function createOutput(
  json: boolean,
  streams: { stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream },
): Output {
  const { stdout, stderr } = streams;
  const colours = pc.createColors(stderr.isTTY === true && process.env.NO_COLOR === undefined);
  let help = '';
  const writeJson = (value: object) => void stdout.write(`${JSON.stringify({ format: JSON_FORMAT, ...value })}\n`);
  return {
    json,
    result(command, value, lines) {
      if (json) writeJson({ ok: true, command, result: value });
      else stdout.write(`${lines.join('\n')}\n`);
    },
    progress: (line) => void stderr.write(`${colours.dim(`... ${line}`)}\n`),
    failure({ code, message, next, exitCode }) {
      if (json) writeJson({ ok: false, error: { code, message, exitCode, ...(next === undefined ? {} : { next }) } });
      stderr.write(`${colours.red('error')} ${code}: ${message}${next === undefined ? '' : `\n  next: ${next}`}\n`);
    },
    text: (text) => {
      help += text;
    },
    end() {
      if (help === '') return;
      if (json) writeJson({ ok: true, text: help.trimEnd() });
      else stdout.write(help);
    },
  };
}
