import { createKeyWithdrawal } from '@radledger/handover';
import { fromHex, toHex } from '@radledger/primitives';
import type { Command } from 'commander';
import { idArgument } from '../arguments.js';
import { type Context, gatewayOf, nodeOf, type OperatorOptions, operatorOf } from '../context.js';
import { CliError, usageError } from '../errors.js';
import { addNodeOption, addOperatorOptions, example } from '../options.js';
import { readSecretFile, writeNewSecretFile } from '../secret-input.js';
import { signerOf } from '../transact.js';

/** `recipient withdraw|prepare-withdrawal|send-withdrawal`. */
export function addRecipientCommands(program: Command, context: Context): void {
  const recipient = program.command('recipient').description('the key under which a practice is served');

  addOperatorOptions(recipient.command('withdraw'))
    .description(
      'withdraw the key for ever: the gateway tells every source that it has a notice of; again until nobody is left',
    )
    .argument('<key>', 'the recipient key, as `status` of the gateway shows it', idArgument)
    .addHelpText('after', example('radledger recipient withdraw <key>'))
    .action(async (key: Uint8Array, options: OperatorOptions) => {
      const operator = await operatorOf(context, options);
      const { told, left } = await operator.withdrawRecipientKey(key, { signal: context.signal });
      const shown = left.map(({ source, code }) => ({ source: toHex(source), code }));
      context.output.result('recipient withdraw', { told, left: shown }, [
        `${told} sources were told`,
        ...shown.map(({ source, code }) => `left: ${source} (${code})`),
      ]);
    });

  addNodeOption(recipient.command('prepare-withdrawal'))
    .description('sign the withdrawal while the key is there, and keep it apart, for the day when it is lost')
    .requiredOption('--key <file>', 'PEM key file of the recipient (mode 0600)')
    .requiredOption('--out <file>', 'new file (mode 0600); who has it can withdraw the key')
    .addHelpText('after', example('radledger recipient prepare-withdrawal --key recipient.pem --out withdrawal'))
    .action(async (options: { node?: string; key: string; out: string }) => {
      const signer = await signerOf(options.key);
      const { chainId } = await nodeOf(context, options).status({ signal: context.signal });
      const statement = await createKeyWithdrawal({ chainId, signer });
      await writeNewSecretFile(options.out, `${toHex(statement)}\n`);
      const key = toHex(signer.publicKey);
      context.output.result('recipient prepare-withdrawal', { key, file: options.out }, [`written to ${options.out}`]);
    });

  addNodeOption(recipient.command('send-withdrawal'))
    .description('tell one source that a key is withdrawn, without the gateway that had it')
    .requiredOption('--statement-file <file>', 'what `prepare-withdrawal` wrote')
    .requiredOption('--source <id>', 'the source', idArgument)
    .requiredOption('--study <id>', 'a study of it that the key was allowed', idArgument)
    .addHelpText(
      'after',
      example('radledger recipient send-withdrawal --statement-file withdrawal --source <id> --study <id>'),
    )
    .action(async (options: { node?: string; statementFile: string; source: Uint8Array; study: Uint8Array }) => {
      const { signal, output } = context;
      const text = (await readSecretFile(options.statementFile)).trim();
      if (!/^([0-9a-f]{2})+$/.test(text)) throw usageError('--statement-file', 'the file is not a withdrawal');
      const { cell } = await nodeOf(context, options).source(options.source, { signal });
      if (cell?.endpoint === undefined) {
        throw new CliError({ code: 'NOT_FOUND', what: 'source' }, 'the ledger has no address of this source');
      }
      const { baseUrl, tlsPins } = cell.endpoint;
      const gateway = gatewayOf(context, baseUrl, tlsPins);
      await gateway.withdrawKey(fromHex(text), options.study, { signal });
      output.result('recipient send-withdrawal', { source: toHex(options.source) }, ['the source was told']);
    });
}
