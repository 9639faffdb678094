/** Options that several commands share. */
import type { Command } from 'commander';
import { collect, urlArgument } from './arguments.js';

export function addNodeOption(command: Command): Command {
  return command.option('--node <url>', "address of a node's API (or RADLEDGER_NODE)", urlArgument);
}

export function addWalletOptions(command: Command): Command {
  return addNodeOption(command)
    .option('--wallet <file>', 'wallet file (or RADLEDGER_WALLET; default ~/.radledger/wallet.json)')
    .option(
      '--passphrase-file <file>',
      'its passphrase: a file of mode 0600, or - for standard input (or RADLEDGER_PASSPHRASE_FILE)',
    )
    .option(
      '--gateway <url>',
      "address of a gateway's API, to find sources by; may be repeated",
      (text, earlier: readonly string[] = []) => collect(urlArgument(text), earlier),
    );
}

/** For the commands that make a wallet file. */
export function addNewWalletOptions(command: Command): Command {
  return addWalletOptions(command).option(
    '--random-passphrase',
    'a program made the passphrase, of at least 128 random bits: the file then opens at once',
  );
}

export function addOperatorOptions(command: Command): Command {
  return command
    .option('--operator <url>', "address of the gateway's operator API (or RADLEDGER_OPERATOR)", urlArgument)
    .option('--token-file <file>', 'file of mode 0600 with the operator token (or RADLEDGER_OPERATOR_TOKEN_FILE)');
}

/** The example that every command's help ends with. */
export function example(text: string): string {
  return `\nExample:\n  $ ${text}\n`;
}
