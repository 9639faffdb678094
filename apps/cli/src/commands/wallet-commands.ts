import { toHex } from '@radledger/primitives';
import { createWallet, openWallet } from '@radledger/wallet';
import type { Command } from 'commander';
import { type Context, type WalletOptions, walletPortsOf } from '../context.js';
import { CliError, usageError } from '../errors.js';
import { addNewWalletOptions, example } from '../options.js';
import { longOf } from '../progress.js';
import { writeNewSecretFile } from '../secret-input.js';

/** `wallet new` and `wallet restore`. */
export function addWalletCommands(program: Command, context: Context): void {
  const wallet = program.command('wallet').description('make a wallet, or make it again from its twelve words');

  addNewWalletOptions(wallet.command('new'))
    .description('make a new wallet with new words')
    .option(
      '--words-file <file>',
      'write the twelve words to this new file (mode 0600); without it they are shown on the terminal',
    )
    .addHelpText(
      'after',
      example('radledger wallet new --node http://127.0.0.1:7101 --words-file words.txt --passphrase-file pass.txt'),
    )
    .action(async (options: WalletOptions & { wordsFile?: string }) => {
      if (options.wordsFile === undefined && process.stderr.isTTY !== true) {
        throw new CliError(
          { code: 'INPUT_MISSING', option: '--words-file' },
          '--words-file is needed where no terminal can show the words',
        );
      }
      const ports = walletPortsOf(context, options);
      try {
        const made = await createWallet(ports);
        if (options.wordsFile !== undefined) await writeNewSecretFile(options.wordsFile, `${made.words()}\n`);
        else
          process.stderr.write(
            `\n  ${made.words()}\n\nWrite these words on paper. Whoever has them has your studies.\n`,
          );
        const chainId = toHex(made.chainId);
        context.output.result('wallet new', { wallet: ports.file, chainId, wordsFile: options.wordsFile ?? null }, [
          `wallet ${ports.file} made`,
        ]);
      } finally {
        await ports.store.release();
      }
    });

  addNewWalletOptions(wallet.command('restore'))
    .description('make the wallet again from the twelve words, and find its studies and grants')
    .option(
      '--words-file <file>',
      'the twelve words: a file of mode 0600, or - for standard input (after the passphrase)',
    )
    .option('--all-grants', 'read even a large ledger for grants that no note remembers')
    .addHelpText(
      'after',
      example(
        'radledger wallet restore --node http://127.0.0.1:7101 --words-file words.txt --gateway https://images.example',
      ),
    )
    .action(async (options: WalletOptions & { wordsFile?: string; allGrants?: true }) => {
      const ports = walletPortsOf(context, options);
      try {
        const existing = await openWallet(ports);
        if (existing !== undefined && options.wordsFile !== undefined) {
          throw usageError(
            '--words-file',
            `${ports.file} exists already: leave --words-file out to search with its own words`,
          );
        }
        const restored =
          existing ??
          (await createWallet(ports, {
            words: await context.input.read('--words-file', options.wordsFile, 'The twelve words'),
          }));
        const isNew = existing === undefined;
        const { studies, unanswered } = await restored.restore(
          { findAllGrants: options.allGrants === true, ...(isNew ? { broughtBackBy: 'sheet' as const } : {}) },
          longOf(context),
        );
        // Leaves word of it at the sources: her other devices say that it was brought back here.
        if (isNew) await restored.flush(longOf(context));
        context.output.result(
          'wallet restore',
          { wallet: ports.file, chainId: toHex(restored.chainId), studies, unanswered: unanswered.map(toHex) },
          [
            `${studies} ${studies === 1 ? 'study' : 'studies'} found`,
            ...unanswered.map((studyId) => `the source of ${toHex(studyId)} did not answer; stopping still works`),
          ],
        );
      } finally {
        await ports.store.release();
      }
    });
}
