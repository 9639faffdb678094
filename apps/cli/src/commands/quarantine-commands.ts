import type { LocalPatient, SentPatient } from '@radledger/client';
import { toHex } from '@radledger/primitives';
import type { Command } from 'commander';
import { type Context, type OperatorOptions, operatorOf } from '../context.js';
import { CliError, usageError } from '../errors.js';
import { addOperatorOptions, example } from '../options.js';
import { readSecretFile } from '../secret-input.js';

/** `quarantine list|show|file|discard`. */
export function addQuarantineCommands(program: Command, context: Context): void {
  const { output, signal } = context;
  const quarantine = program
    .command('quarantine')
    .description(
      'received studies that wait for a person, at the gateway that you operate; what is printed holds patient data',
    );

  addOperatorOptions(quarantine.command('list'))
    .description('whose each study is, by its images and by your request, and in what the two differ')
    .addHelpText('after', example('radledger quarantine list'))
    .action(async (options: OperatorOptions) => {
      const studies = await (await operatorOf(context, options)).quarantine.list({ signal });
      const lines = studies.map(({ retrievalId, state, code, label, patients, requested }) =>
        [
          `${retrievalId}  ${state}${code === null ? '' : ` (${code})`}  ${label}`,
          ...patients.map(
            (patient) =>
              `  came as     ${patientLine(patient)}${patient.differences?.length ? `  differs: ${patient.differences.join(', ')}` : ''}`,
          ),
          ...(requested === null ? [] : [`  asked for   ${patientLine(requested)}`]),
        ].join('\n'),
      );
      const shown = studies.map(({ source, studyId, ...study }) => ({
        ...study,
        source: toHex(source),
        studyId: toHex(studyId),
      }));
      output.result('quarantine list', { studies: shown }, lines.length === 0 ? ['nothing waits'] : lines);
    });

  addOperatorOptions(quarantine.command('show'))
    .description('what the images of a study say, without their pixels')
    .argument('<retrievalId>', 'what `quarantine list` gave')
    .addHelpText('after', example('radledger quarantine show <retrievalId>'))
    .action(async (retrievalId: string, options: OperatorOptions) => {
      const study = await (await operatorOf(context, options)).quarantine.inspect(retrievalId, { signal });
      const lines = [
        `${study.description} ${study.date}, ${study.instanceCount} instances`,
        ...study.patients.map(patientLine),
        ...study.instances.map(
          ({ modality, seriesDescription, sizeBytes, code }) =>
            `${modality ?? '-'}  ${seriesDescription ?? '-'}  ${sizeBytes} bytes${code === null ? '' : `  ${code}`}`,
        ),
      ];
      output.result('quarantine show', { ...study }, lines);
    });

  addOperatorOptions(quarantine.command('file'))
    .description('file a study under a patient of yours, or under the one that it came with')
    .argument('<retrievalId>', 'what `quarantine list` gave')
    .option(
      '--patient-file <file>',
      'JSON of mode 0600: { "name": "Doe^Jane", "id": "4711", "issuer", "birthDate", "sex" }',
    )
    .option('--as-sent', 'leave the patient as the images name her')
    .addHelpText('after', example('radledger quarantine file <retrievalId> --patient-file patient.json'))
    .action(async (retrievalId: string, options: OperatorOptions & { patientFile?: string; asSent?: true }) => {
      const { patientFile, asSent } = options;
      if ((patientFile === undefined) === (asSent === undefined)) {
        throw usageError('--patient-file', 'name the patient by --patient-file, or give --as-sent');
      }
      const patient = patientFile === undefined ? 'as-sent' : await readPatientFile(patientFile);
      await (await operatorOf(context, options)).quarantine.file(retrievalId, patient, { signal });
      output.result('quarantine file', { retrievalId }, ['it is being filed']);
    });

  addOperatorOptions(quarantine.command('discard'))
    .description('erase a study that is not of your patient; it can be fetched again')
    .argument('<retrievalId>', 'what `quarantine list` gave')
    .addHelpText('after', example('radledger quarantine discard <retrievalId>'))
    .action(async (retrievalId: string, options: OperatorOptions) => {
      await (await operatorOf(context, options)).quarantine.discard(retrievalId, { signal });
      output.result('quarantine discard', { retrievalId }, ['erased']);
    });
}

/** A patient of the practice, from a file: names do not belong on command lines, which every user of a machine can list. */
export async function readPatientFile(file: string): Promise<LocalPatient> {
  const text = await readSecretFile(file);
  try {
    return JSON.parse(text) as LocalPatient;
  } catch {
    throw new CliError({ code: 'FILE_UNREADABLE', file }, `${file} is not JSON`);
  }
}

function patientLine({ name, id, birthDate, sex }: SentPatient | LocalPatient): string {
  return [name, id, birthDate ?? '', sex ?? ''].filter((part) => part !== '').join(', ');
}
