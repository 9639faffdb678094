import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createRoleAnswer,
  readRoleOfferLink,
  encodeRoleAnswerLink,
  encodeRoleOfferLink,
  type Role,
  type RoleOffer,
  readRoleAnswerLink,
} from '../src/index.js';
import { bytesOf, chainId, gatewayApi, nowMs, signerOf, source, studyId } from './hand-over-fixture.js';

const PAGE = 'https://wallet.example/open';
const expiresAtMs = nowMs + 86_400_000;
const study = { source: source.publicKey, studyId };
const offer: RoleOffer = {
  chainId,
  role: 'delegate',
  displayName: 'Maria',
  expiresAtMs,
  studies: [
    { ...study, gatewayApi },
    { ...study, studyId: bytesOf('other'), gatewayApi: undefined },
  ],
};
const expected = { chainId, nowMs };

const answerOf = async (changes: { role?: Role; displayName?: string } = {}): Promise<Uint8Array> =>
  createRoleAnswer({
    chainId,
    role: 'delegate',
    displayName: 'Anna',
    expiresAtMs,
    studies: [
      { ...study, signer: await signerOf('anna 1') },
      { ...study, studyId: bytesOf('other'), signer: await signerOf('anna 2') },
    ],
    ...changes,
  });

describe('a role offer', () => {
  test('travels behind # and comes back', () => {
    const link = encodeRoleOfferLink(offer, PAGE);
    for (const text of [link, link.slice(PAGE.length), link.slice(PAGE.length + 3)]) {
      expect(readRoleOfferLink(text, expected)).toEqual(offer);
    }
  });

  const [one] = offer.studies as [RoleOffer['studies'][number]];
  test.each([
    ['of no study', { studies: [] }, 'MALFORMED_MESSAGE'],
    ['of one study twice', { studies: [one, one] }, 'MALFORMED_MESSAGE'],
    [
      'of six studies',
      { studies: Array.from({ length: 6 }, (_, n) => ({ ...one, studyId: bytesOf(`${n}`) })) },
      'MALFORMED_MESSAGE',
    ],
    ['with a name that turns round', { displayName: 'Ma\u202eria' }, 'TEXT_REFUSED'],
    ['with a name of 129 bytes', { displayName: 'a'.repeat(129) }, 'TEXT_REFUSED'],
    ['that leads to no gateway', { studies: [{ ...one, gatewayApi: 'ftp://images.example' }] }, 'URL_REFUSED'],
  ])('%s is refused', (_name, changes, code) => {
    expect(() => encodeRoleOfferLink({ ...offer, ...changes }, PAGE)).toThrow(expect.objectContaining({ code }));
  });

  test('for another ledger or after its end is refused', () => {
    const link = encodeRoleOfferLink(offer, PAGE);
    const read = (changes: object) => () => readRoleOfferLink(link, { ...expected, ...changes });
    expect(read({ chainId: bytesOf('other chain') })).toThrow(expect.objectContaining({ code: 'NOT_FOR_US' }));
    expect(read({ nowMs: expiresAtMs })).toThrow(expect.objectContaining({ code: 'EXPIRED' }));
  });

  test('with any bit changed reads as another one or is refused', () => {
    const link = encodeRoleOfferLink(offer, PAGE);
    const bytes = Buffer.from(link.slice(PAGE.length + 3), 'base64url');
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        let read: unknown;
        try {
          read = readRoleOfferLink(`#o=${changed.toString('base64url')}`, expected);
        } catch (error) {
          expect(error).toHaveProperty('code');
          return;
        }
        expect(read).not.toEqual(offer);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a role answer', () => {
  test.each(['delegate', 'owner'] as const)(
    'of a %s comes back with the bytes that both sides compare',
    async (role) => {
      const answerBytes = await answerOf({ role });
      const read = await readRoleAnswerLink(encodeRoleAnswerLink(answerBytes, PAGE), expected);
      expect(read).toMatchObject({ role, displayName: 'Anna', expiresAtMs, answerBytes });
      expect(read.studies.map((one) => one.studyId)).toEqual([studyId, bytesOf('other')]);
    },
  );

  test('of five studies fits a link of 1,400 characters, which a square holds', async () => {
    const studies = await Promise.all(
      Array.from({ length: 5 }, async (_, n) => ({
        ...study,
        studyId: bytesOf(`${n}`),
        signer: await signerOf(`${n}`),
      })),
    );
    const bytes = await createRoleAnswer({ chainId, role: 'owner', displayName: 'Anna', expiresAtMs, studies });
    expect(encodeRoleAnswerLink(bytes, PAGE).length).toBeLessThan(1_400);
  });

  test('with any bit changed is refused, whatever was changed', async () => {
    const bytes = await answerOf();
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const changed = bytes.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        const link = `#a=${Buffer.from(changed).toString('base64url')}`;
        await expect(readRoleAnswerLink(link, expected)).rejects.toHaveProperty('code');
      }),
      { numRuns: 200 },
    );
  });

  test('for another ledger, after its end, or without a study is refused', async () => {
    const link = encodeRoleAnswerLink(await answerOf(), PAGE);
    await expect(readRoleAnswerLink(link, { chainId: bytesOf('other chain'), nowMs })).rejects.toMatchObject({
      code: 'NOT_FOR_US',
    });
    await expect(readRoleAnswerLink(link, { chainId, nowMs: expiresAtMs })).rejects.toMatchObject({ code: 'EXPIRED' });
    const none = { chainId, role: 'owner', displayName: '', expiresAtMs, studies: [] } as const;
    await expect(createRoleAnswer(none)).rejects.toMatchObject({ code: 'MALFORMED_MESSAGE' });
  });
});
