import { ClientError, type OperatorClient, type RequestState } from '@radledger/client';
import { decodeMailboxLink, sealMailboxRequest } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import { type Command, Option } from 'commander';
import { secondsArgument, timeArgument } from '../arguments.js';
import { type Context, gatewayOf, type OperatorOptions, operatorOf } from '../context.js';
import { CliError, usageError } from '../errors.js';
import { addOperatorOptions, example } from '../options.js';
import { readPatientFile } from './quarantine-commands.js';

/** A person is to say whose a study in `matching` is: nothing goes on by itself. */
const SETTLED = ['matching', 'filed', 'failed', 'ended'];
const WAYS = ['iti-43', 'dicomweb'] as const;

interface NewRequestOptions {
  readonly reason: string;
  readonly until: number;
  readonly clinician?: string;
  readonly mailbox?: string;
  readonly patientFile?: string;
}

/** `request new|fetch|watch`. */
export function addRequestCommands(program: Command, context: Context): void {
  const { output, signal } = context;
  const request = program
    .command('request')
    .description('ask patients for images, through the gateway that you operate');

  addOperatorOptions(request.command('new'))
    .description('make an image request; prints the link for the patient')
    .requiredOption('--reason <text>', 'what the patient is shown; at most 200 bytes')
    .requiredOption('--until <time>', 'proposed end of the grant, e.g. 30d', timeArgument)
    .option('--clinician <name>', 'who asks: shown to the patient before the name of the practice')
    .option('--mailbox <link>', 'the code that the patient showed: the request is left there for her app')
    .option('--patient-file <file>', 'whom you ask for, to compare with what arrives; as of `quarantine file`')
    .addHelpText('after', example("radledger request new --reason 'second opinion' --until 30d"))
    .action(async (options: OperatorOptions & NewRequestOptions) => {
      const mailbox = options.mailbox === undefined ? undefined : decodeMailboxLink(options.mailbox);
      const operator = await operatorOf(context, options);
      const { reason, until: wantedUntilMs, clinician, patientFile } = options;
      const patient = patientFile === undefined ? undefined : await readPatientFile(patientFile);
      const made = await operator.request({ reason, wantedUntilMs, clinician, patient }, { signal });
      if (mailbox !== undefined) {
        const gateway = gatewayOf(context, mailbox.gatewayApi);
        await gateway.answerMailbox(mailbox.mailboxId, await sealMailboxRequest(made.link, mailbox), { signal });
      }
      const told = mailbox === undefined ? made.link : 'the request waits in her app';
      output.result('request new', { ...made, mailboxAnswered: mailbox !== undefined }, [told]);
    });

  addOperatorOptions(request.command('fetch'))
    .description('fetch what a patient allowed, and wait until it is filed')
    .argument('<requestId>', 'what `request new` gave')
    .addOption(new Option('--by <way>', 'how to fetch what nothing has arrived of').choices(WAYS).default('iti-43'))
    .option('--timeout <seconds>', 'longest wait (default 3600)', secondsArgument)
    .addHelpText('after', example('radledger request fetch <requestId> --by dicomweb'))
    .action(async (requestId: string, options: OperatorOptions & { by: (typeof WAYS)[number]; timeout?: number }) => {
      const operator = await operatorOf(context, options);
      await operator.fetchRequest(requestId, { signal, by: options.by });
      const state = await follow(context, operator, requestId, options.timeout ?? 3_600_000, SETTLED);
      if (state.state === 'matching') {
        output.result('request fetch', requestJson(state), ['received; say whose it is: radledger quarantine list']);
        return;
      }
      if (state.state !== 'filed') {
        throw new CliError(
          { code: 'REFUSED', what: state.code ?? state.state },
          `the study was not filed: ${state.code ?? state.state}`,
        );
      }
      output.result('request fetch', requestJson(state), [`filed in ${state.folder ?? 'the archive'}`]);
    });

  addOperatorOptions(request.command('watch'))
    .description('follow a request until it is filed, has failed or has ended')
    .argument('<requestId>', 'what `request new` gave')
    .option('--for <state>', `also stop at this state (allowed, fetching)`)
    .option('--timeout <seconds>', 'longest wait (default 3600)', secondsArgument)
    .addHelpText('after', example('radledger request watch <requestId> --for allowed'))
    .action(async (requestId: string, options: OperatorOptions & { for?: string; timeout?: number }) => {
      if (options.for !== undefined && !['allowed', 'fetching', ...SETTLED].includes(options.for)) {
        throw usageError('--for', 'expected allowed, fetching, matching, filed, failed or ended');
      }
      const operator = await operatorOf(context, options);
      const until = [...SETTLED, ...(options.for === undefined ? [] : [options.for])];
      const state = await follow(context, operator, requestId, options.timeout ?? 3_600_000, until);
      output.result('request watch', requestJson(state), [state.state]);
    });
}

/** Follows a request by its event stream until it is in one of the states. */
async function follow(
  context: Context,
  operator: OperatorClient,
  requestId: string,
  timeoutMs: number,
  states: readonly string[],
): Promise<RequestState> {
  let last = await operator.requestState(requestId, { signal: context.signal });
  if (states.includes(last.state)) return last;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeoutMs);
  try {
    for await (const state of operator.watchRequest(requestId, {
      signal: AbortSignal.any([context.signal, limit.signal]),
    })) {
      if (state.state !== last.state || state.progress?.bytes !== last.progress?.bytes) {
        const bytes = state.progress === null ? '' : `, ${state.progress.bytes} bytes`;
        context.output.progress(`${state.state}${bytes}`);
      }
      last = state;
      if (states.includes(state.state)) return state;
    }
  } finally {
    clearTimeout(timer);
  }
  context.signal.throwIfAborted();
  throw new ClientError({ code: 'TIMEOUT', timeoutMs }, `the request is still ${last.state}`);
}

function requestJson(state: RequestState): Record<string, unknown> {
  const retrievals = state.retrievals.map((retrieval) => ({
    ...retrieval,
    source: toHex(retrieval.source),
    studyId: toHex(retrieval.studyId),
  }));
  return { ...state, retrievals };
}
