import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  decodeClaim,
  decodeGrantNotice,
  decodeImageRequestLink,
  decodeInvitationLink,
  HandoverError,
} from '@radledger/handover';
import { fromHex, utf8 } from '@radledger/primitives';
import type { Target } from '../fuzz.js';

const READERS = [
  (input: Uint8Array) => decodeInvitationLink(Buffer.from(input).toString('utf8')),
  (input: Uint8Array) => decodeImageRequestLink(Buffer.from(input).toString('utf8')),
  decodeClaim,
  decodeGrantNotice,
];

interface LinkCase {
  readonly output: { readonly link?: string; readonly bytes?: string; readonly plaintext?: string };
}

/** Links and messages between patients and gateways; accepted when one of the readers accepts. */
export const link: Target = {
  name: 'link',
  words: ['#i=', '#r=', '=', '-', '_', '%', '\x9f', '\xc4', 'https://', 'AAAA'],
  async corpus() {
    const path = fileURLToPath(import.meta.resolve('@radledger/spec-vectors/vectors/links.json'));
    const { cases } = JSON.parse(await readFile(path, 'utf8')) as { cases: readonly LinkCase[] };
    return cases.flatMap(({ output }) => [
      ...(output.link === undefined ? [] : [utf8(output.link)]),
      ...[output.bytes, output.plaintext].flatMap((hex) => (hex === undefined ? [] : [fromHex(hex)])),
    ]);
  },
  async read(input) {
    let refusal: unknown;
    for (const reader of READERS) {
      try {
        return reader(input);
      } catch (error) {
        if (!(error instanceof HandoverError)) throw error;
        refusal = error;
      }
    }
    throw refusal;
  },
};
