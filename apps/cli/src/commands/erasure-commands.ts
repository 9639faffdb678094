import type { OperatorErasure } from '@radledger/client';
import { toHex } from '@radledger/primitives';
import Table from 'cli-table3';
import { type Command, Option } from 'commander';
import { idArgument } from '../arguments.js';
import { type Context, deskOf, type OperatorOptions } from '../context.js';
import { usageError } from '../errors.js';
import { addOperatorOptions, example } from '../options.js';
import { writeNewSecretFile } from '../secret-input.js';

/** `desk erase|erasures`. */
export function addErasureCommands(desk: Command, context: Context): void {
  const { output, signal } = context;
  addOperatorOptions(desk.command('erase'))
    .description("erase what tells whose images a study's record on the ledger is of, because its patient asks for it")
    .argument('<studyInstanceUid>', 'Study Instance UID')
    .addHelpText('after', example('radledger desk erase 1.2.840.113619.2.1'))
    .action(async (studyInstanceUid: string, options: OperatorOptions) => {
      const erasures = await (await deskOf(context, options)).erase(studyInstanceUid, { signal });
      output.result('desk erase', { erasures: erasures.map(jsonOf) }, [
        ...erasures.map(lineOf),
        'nobody is served from now on; `radledger desk erasures` says when it is erased, and what stays',
      ]);
    });

  addOperatorOptions(desk.command('erasures'))
    .description('list the studies that were erased, or write the signed note of one')
    .addOption(new Option('--study <id>', 'of this study id of the ledger').argParser(idArgument))
    .option('--out <file>', 'write its note, as bytes, into a new file')
    .addHelpText('after', example('radledger desk erasures --study <id> --out note'))
    .action(async (options: OperatorOptions & { study?: Uint8Array; out?: string }) => {
      const { study, out } = options;
      if (out !== undefined && study === undefined) throw usageError('--study', 'expected the study of the note');
      const all = await (await deskOf(context, options)).erasures({ signal });
      const found = all.filter(({ studyId }) => study === undefined || toHex(studyId) === toHex(study));
      if (out === undefined) {
        const table = new Table({ head: ['study', 'state', 'when', 'what stays'], style: { head: [] } });
        for (const { studyId, state, erasedAtMs, stays } of found)
          table.push([toHex(studyId), state, timeOf(erasedAtMs), stays.map(partOf).join(', ')]);
        const lines = [found.length === 0 ? 'none' : table.toString()];
        output.result('desk erasures', { erasures: found.map(jsonOf) }, lines);
        return;
      }
      const note = found[0]?.note;
      if (note === undefined || note === null) throw usageError('--study', 'expected a study that was erased');
      await writeNewSecretFile(out, note);
      output.result('desk erasures', { file: out, bytes: note.length }, [out]);
    });
}

function jsonOf({ studyId, note, ...erasure }: OperatorErasure): Record<string, unknown> {
  return { studyId: toHex(studyId), ...erasure, note: note && toHex(note) };
}

function lineOf({ studyId, state, erasedAtMs }: OperatorErasure): string {
  return `study ${toHex(studyId)}: ${state} ${timeOf(erasedAtMs)}`.trimEnd();
}

function partOf({ what, untilMs }: OperatorErasure['stays'][number]): string {
  return untilMs === null ? what : `${what} until ${timeOf(untilMs).slice(0, 10)}`;
}

function timeOf(atMs: number | null): string {
  return atMs === null ? '' : new Date(atMs).toISOString();
}
