/** The patient of the story: everything she does goes through the command line, a process of its own each time. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes, toHex } from '@radledger/primitives';
import { PROGRAMS } from './programs.js';
import { runJsonTool } from './run-tool.js';

type Json = Readonly<Record<string, unknown>>;

export interface Patient {
  /** Her twelve words, as she would copy them from paper. */
  words(): Promise<string>;
  /** Claims an invitation; gives the study id, 64 hex. */
  claim(invitation: { readonly link: string; readonly code: string }): Promise<string>;
  allow(studyId: string, requestLink: string): Promise<{ readonly height: number; readonly tag: string }>;
  revoke(studyId: string, tag: string): Promise<{ readonly height: number }>;
  /** Labels of her studies. */
  studies(): Promise<readonly string[]>;
}

/** A patient with new words, or with those given: then she restores what the words find. */
export async function openPatient(options: {
  readonly folder: string;
  readonly nodeApi: string;
  readonly words?: string;
}): Promise<Patient> {
  const { folder, nodeApi, words } = options;
  await mkdir(folder, { mode: 0o700 });
  const at = (name: string): string => join(folder, name);
  await writeFile(at('passphrase'), `${toHex(randomBytes(16))}\n`, { mode: 0o600 });
  const run = async (args: readonly string[], input = ''): Promise<Json> => {
    const wallet = ['--node', nodeApi, '--wallet', at('wallet.json'), '--passphrase-file', at('passphrase')];
    const output = await runJsonTool(
      `radledger ${args[0]} ${args[1]}`,
      PROGRAMS.cli,
      [...args, ...wallet, '--json'],
      input,
    );
    return (output as { readonly result: Json }).result;
  };
  if (words === undefined) await run(['wallet', 'new', '--random-passphrase', '--words-file', at('words')]);
  else await run(['wallet', 'restore', '--random-passphrase', '--words-file', '-'], `${words}\n`);
  return {
    words: async () => (await readFile(at('words'), 'utf8')).trim(),
    async claim({ link, code }) {
      const claimed = await run(['study', 'claim', '--invitation-file', '-', '--code-file', '-'], `${link}\n${code}\n`);
      return claimed['studyId'] as string;
    },
    async allow(studyId, requestLink) {
      const allowed = await run(['grant', 'allow', studyId, '--request', requestLink, '--until', '30d']);
      if (allowed['noticeDelivered'] !== true) throw new Error('the notice did not reach the practice');
      return { height: allowed['height'] as number, tag: allowed['tag'] as string };
    },
    async revoke(studyId, tag) {
      return { height: (await run(['grant', 'revoke', studyId, '--tag', tag]))['height'] as number };
    },
    async studies() {
      const { studies } = (await run(['study', 'list'])) as { readonly studies: readonly { readonly label: string }[] };
      return studies.map(({ label }) => label);
    },
  };
}
