import { setTimeout as wait } from 'node:timers/promises';
import { encodeImageRequest, encodeImageRequestLink, type SignedImageRequest } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import type { OpenMailbox } from '@radledger/wallet';
import type { Command } from 'commander';
import { idArgument } from '../arguments.js';
import { type Context, type WalletOptions, withWallet } from '../context.js';
import { addWalletOptions, example } from '../options.js';
import { writeNewSecretFile } from '../secret-input.js';

const ASK_EVERY_MS = 1_000;

/** `grant code`: she begins. A code for a clinic, and what the clinic leaves for her; nothing is allowed by it. */
export function addGrantCodeCommand(grant: Command, context: Context): void {
  const { output, signal } = context;
  addWalletOptions(grant.command('code'))
    .description('make a code for a clinic, and wait up to 15 minutes for the request that it leaves there')
    .argument('<study>', 'study id: its source keeps the mailbox', idArgument)
    .option('--code-file <file>', 'write the code to this new file (mode 0600) instead of showing it')
    .addHelpText('after', example('radledger grant code <study> --code-file code'))
    .action(async (studyId: Uint8Array, options: WalletOptions & { codeFile?: string }) => {
      await withWallet(context, options, async (wallet) => {
        const mailbox = await wallet.openMailbox(studyId, { signal });
        const code = mailbox.link('');
        if (options.codeFile === undefined) output.progress(`code for the clinic: ${code}`);
        else await writeNewSecretFile(options.codeFile, `${code}\n`);
        const request = await requestIn(mailbox, signal);
        const origin = await wallet.originOf(request, { signal });
        const link = encodeImageRequestLink(encodeImageRequest(request), '');
        const { displayName, reason, wantedUntilMs, recipientKey } = request;
        const proven = { kind: origin.kind, host: origin.host };
        const asked = { link, displayName, reason, wantedUntilMs, recipient: toHex(recipientKey), origin: proven };
        output.result('grant code', asked, [
          `${displayName || origin.host} asks (${origin.kind === 'unproven' ? 'nobody proves who that is' : origin.host}): ${reason}`,
          `to allow it: radledger grant allow ${toHex(studyId)} --until 30d --request '${link}'`,
        ]);
      });
    });
}

/** @throws {ClientError} `REFUSED` with reason `MAILBOX_UNKNOWN` when the time is over */
async function requestIn(mailbox: OpenMailbox, signal: AbortSignal): Promise<SignedImageRequest> {
  for (;;) {
    const request = await mailbox.read({ signal });
    if (request !== undefined) return request;
    await wait(ASK_EVERY_MS, undefined, { signal });
  }
}
