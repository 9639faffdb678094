/** Shows an invitation, link and code apart: on the screen, or each in a file of its own. */
import type { IssuedInvitation } from '@radledger/client';
import type { Command } from 'commander';
import { writeNewSecretFile } from './secret-input.js';

export interface InvitationFileOptions {
  readonly linkFile?: string;
  readonly codeFile?: string;
}

export function addInvitationFileOptions(command: Command): Command {
  return command
    .option('--link-file <file>', 'write the link to this new file (mode 0600) instead')
    .option('--code-file <file>', 'write the code to this new file (mode 0600) instead');
}

/** Writes the files; what stands in one is left out of the result. */
export async function showInvitation(
  { invitationId, link, code, expiresAtMs }: IssuedInvitation,
  { linkFile, codeFile }: InvitationFileOptions,
): Promise<{ readonly shown: Readonly<Record<string, unknown>>; readonly lines: readonly string[] }> {
  if (linkFile !== undefined) await writeNewSecretFile(linkFile, `${link}\n`);
  if (codeFile !== undefined) await writeNewSecretFile(codeFile, `${code}\n`);
  return {
    shown: {
      invitationId,
      link: linkFile === undefined ? link : null,
      code: codeFile === undefined ? code : null,
      expiresAtMs,
    },
    lines: [`link: ${linkFile ?? link}`, `code: ${codeFile ?? code} (give it apart from the link)`],
  };
}
