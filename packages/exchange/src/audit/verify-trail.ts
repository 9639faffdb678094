/** Whether an audit trail is what was written: every line, every link, every signed head. Spec: docs/spec/audit.md, section 4. */
import { join } from 'node:path';
import { type AuditHead, isHeadSigned } from './audit-head.js';
import { decodeLine, hashOfLine, TRAIL_START } from './audit-line.js';
import { dayFiles, dayOf, HEADS_FILE, linesOf, readHeads } from './trail-files.js';

export interface TrailProblem {
  /** Name of the file in the trail's folder. */
  readonly file: string;
  /** The line in that file, from 1; none for a line that is not there. */
  readonly line: number | undefined;
  readonly code:
    | 'LINE_UNREADABLE'
    | 'LINE_MISSING'
    | 'LINE_CHANGED'
    | 'LINE_MISPLACED'
    | 'HEAD_INVALID'
    | 'HEAD_MISSING'
    | 'HEAD_CONTRADICTS';
  /** One sentence that names what is wrong. */
  readonly message: string;
}

export interface TrailReport {
  readonly lines: number;
  readonly days: number;
  readonly heads: number;
  /** Of a newest line without its line end: being written now, or torn by a stop. It is no line yet, and nobody was told of it. */
  readonly unfinishedBytes: number;
  /** Empty when all is well. */
  readonly problems: readonly TrailProblem[];
}

/**
 * Reads a whole trail.
 * @param options.keys - the gateway's key and those before it, 64 lower-case hex: heads of another key do not count
 * @param options.heads - heads that somebody kept elsewhere: they show a trail that was shortened or written anew
 * @param options.firstNumber - the first line that must be there, 1 unless older days were archived
 */
export async function verifyTrail(
  folder: string,
  options: { readonly keys: readonly string[]; readonly heads?: readonly AuditHead[]; readonly firstNumber?: number },
): Promise<TrailReport> {
  const problems: TrailProblem[] = [];
  const ends = new Map<string, string>();
  const files = await dayFiles(folder);
  const kept = await readHeads(folder);
  const firstNumber = options.firstNumber ?? 1;
  let expected: { readonly number: number; readonly previous: string | undefined } = {
    number: firstNumber,
    previous: firstNumber === 1 ? TRAIL_START : undefined,
  };
  let lines = 0;
  let unfinishedBytes = 0;
  for (const file of files) {
    const day = file.slice(0, 10);
    let at = 0;
    let startByte = 0;
    for await (const { text, endByte, isWhole } of linesOf(join(folder, file))) {
      if (!isWhole && file === files.at(-1)) {
        unfinishedBytes = endByte - startByte;
        break;
      }
      startByte = endByte;
      at += 1;
      lines += 1;
      const problem = (code: TrailProblem['code'], message: string): void =>
        void problems.push({ file, line: at, code, message });
      const line = decodeLine(text);
      if (!line) {
        problem(
          'LINE_UNREADABLE',
          `line ${at} of ${file}, where number ${expected.number} belongs, is no line of a trail`,
        );
        expected = { number: expected.number + 1, previous: undefined };
        ends.set(day, '');
        continue;
      }
      const hash = hashOfLine(text);
      if (line.number > expected.number) {
        const missing =
          line.number - 1 === expected.number
            ? `number ${expected.number} is`
            : `numbers ${expected.number} to ${line.number - 1} are`;
        problems.push({
          file,
          line: undefined,
          code: 'LINE_MISSING',
          message: `${missing} missing before line ${at} of ${file}`,
        });
      } else if (line.number < expected.number) {
        problem('LINE_MISPLACED', `line ${at} of ${file} is number ${line.number} where ${expected.number} belongs`);
      } else if (expected.previous !== undefined && line.previous !== expected.previous) {
        const message = `number ${line.number - 1} was changed, or line ${at} of ${file} was written anew: they do not fit together`;
        problem('LINE_CHANGED', message);
      } else if (dayOf(line.atMs) > day) {
        problem('LINE_MISPLACED', `the time of line ${at} of ${file} does not fit its place`);
      }
      ends.set(day, hash);
      expected = { number: line.number + 1, previous: hash };
    }
  }
  // A day is signed before the first line of the next one is written.
  const signed = new Set(kept.map((head) => head?.day));
  for (const day of [...ends.keys()].slice(0, -1)) {
    if (signed.has(day)) continue;
    const message = `the end of ${day} is not signed, though later lines follow`;
    problems.push({ file: HEADS_FILE, line: undefined, code: 'HEAD_MISSING', message });
  }
  const [firstDay = ''] = ends.keys();
  const isArchived = (day: string): boolean => firstNumber > 1 && day < firstDay;
  const judge = async (head: AuditHead | undefined, line: number | undefined): Promise<void> => {
    const file = HEADS_FILE;
    if (head === undefined || !options.keys.includes(head.key) || !(await isHeadSigned(head))) {
      problems.push({ file, line, code: 'HEAD_INVALID', message: 'a head is not signed by a key of this gateway' });
    } else if (!isArchived(head.day) && ends.get(head.day) !== head.hash) {
      const message = `the signed end of ${head.day} names a line that is not the last of that day, or another`;
      problems.push({ file, line, code: 'HEAD_CONTRADICTS', message });
    }
  };
  for (const [index, head] of kept.entries()) await judge(head, index + 1);
  for (const head of options.heads ?? []) await judge(head, undefined);
  return { lines, days: files.length, heads: kept.length, unfinishedBytes, problems };
}
