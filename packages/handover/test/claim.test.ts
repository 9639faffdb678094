import { CodedError, equalBytes, type Signer } from '@radledger/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CLAIM_BYTES_MAX,
  createClaim,
  decodeClaim,
  generateInvitationCode,
  identityIn,
  openClaimReply,
  PREKEYS_MAX,
  sealClaimReply,
  verifyClaim,
} from '../src/index.js';
import { bytesOf, disclosure, invitation, nowMs, owner, sealingPair, signerOf, source } from './hand-over-fixture.js';

const prekeys = await Promise.all(Array.from({ length: PREKEYS_MAX }, (_, index) => signerOf(`prekey ${index}`)));
const input = { invitation, code: '012345', owner, prekeys, sealingKey: sealingPair.publicKey };
const otherSource = await signerOf('other source');
const claimBytes = await createClaim(input);

describe('a claim', () => {
  test('is read as it was made, fits its limit, and verifies', async () => {
    const claim = decodeClaim(claimBytes);
    expect(claimBytes.length).toBeLessThanOrEqual(CLAIM_BYTES_MAX);
    expect(claim.code).toBe('012345');
    expect(equalBytes(claim.ownerKey, owner.publicKey)).toBe(true);
    expect(claim.prekeys).toHaveLength(PREKEYS_MAX);
    await expect(verifyClaim(claim, invitation)).resolves.toBeUndefined();
  });

  test('is the same bytes each time: a lost reply can be asked for again', async () => {
    expect(await createClaim(input)).toEqual(claimBytes);
  });

  // Goal: no byte of a claim is free. Method: 300 seeded single-bit changes; each must fail to decode or to verify.
  test('with any bit changed is refused with a code', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(claimBytes.length * 8 - 1), async (bit) => {
        const changed = claimBytes.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        const judged = async () => verifyClaim(decodeClaim(changed), invitation);
        await expect(judged()).rejects.toBeInstanceOf(CodedError);
      }),
      { numRuns: 300, seed: 42 },
    );
  });

  test('cut short, or with a byte more, is refused', () => {
    for (const bytes of [
      claimBytes.slice(0, -1),
      new Uint8Array([...claimBytes, 0]),
      new Uint8Array(0),
      new Uint8Array(CLAIM_BYTES_MAX + 1),
    ]) {
      expect(() => decodeClaim(bytes)).toThrow(expect.objectContaining({ code: 'MALFORMED_MESSAGE' }));
    }
  });

  test.each([
    ['chainId', bytesOf('other chain')],
    ['source', otherSource.publicKey],
    ['invitationId', new Uint8Array(16)],
    ['gatewayApi', 'https://evil.example'],
  ])('for another %s is not for us', async (field, value) => {
    await expect(verifyClaim(decodeClaim(claimBytes), { ...invitation, [field]: value })).rejects.toMatchObject({
      code: 'NOT_FOR_US',
      info: { field },
    });
  });

  test('made without the secret fails by its MAC, before any signature is checked', async () => {
    const stranger = await createClaim({ ...input, invitation: { ...invitation, secret: bytesOf('guess') } });
    await expect(verifyClaim(decodeClaim(stranger), invitation)).rejects.toMatchObject({ code: 'MAC_INVALID' });
  });

  test('with an acceptance by another key fails', async () => {
    const hand = await signerOf('thief');
    const thief: Signer = { publicKey: owner.publicKey, sign: (message) => hand.sign(message) };
    const forged = await createClaim({ ...input, owner: thief });
    await expect(verifyClaim(decodeClaim(forged), invitation)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    const forgedPrekey = await createClaim({
      ...input,
      prekeys: [{ ...thief, publicKey: (await signerOf('x')).publicKey }],
    });
    await expect(verifyClaim(decodeClaim(forgedPrekey), invitation)).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      info: { field: 'acceptance' },
    });
  });

  test('naming one key twice, or a small-order key, is refused', async () => {
    const twice = await createClaim({ ...input, prekeys: [owner] });
    expect(() => decodeClaim(twice)).toThrow(expect.objectContaining({ code: 'KEY_REFUSED' }));
    const weak = await createClaim({
      ...input,
      prekeys: [{ publicKey: new Uint8Array(32), sign: (message) => owner.sign(message) }],
    });
    expect(() => decodeClaim(weak)).toThrow(expect.objectContaining({ code: 'KEY_REFUSED' }));
  });

  test.each(['12345', '1234567', '12345a', '١٢٣٤٥٦'])('with the code %s cannot be made', async (code) => {
    await expect(createClaim({ ...input, code })).rejects.toMatchObject({ code: 'TEXT_REFUSED' });
  });
});

describe('a claim reply', () => {
  const open = (sealed: Uint8Array, claim = claimBytes, signingKey = source.publicKey) =>
    openClaimReply({ claim, sealed, sealingKeyPair: sealingPair, signingKey });

  test('tells the owner all she needs, under the source’s signature', async () => {
    const sealed = await sealClaimReply({ claim: decodeClaim(claimBytes), disclosure, signer: source });
    const opened = await open(sealed);
    expect(opened.disclosure).toEqual(disclosure);
    expect(opened.receipt.length).toBeGreaterThan(0);
  });

  test('says how she was known, in a format of its own', async () => {
    const identity = { checkedBy: 'mailed-code', checkedAtMs: nowMs } as const;
    const claim = decodeClaim(claimBytes);
    const sealed = await sealClaimReply({ claim, disclosure: { ...disclosure, identity }, signer: source });
    const opened = await open(sealed);
    expect(opened.disclosure).toEqual({ ...disclosure, identity });
    expect(identityIn(opened.receipt)).toEqual(identity);
    const earlier = await open(await sealClaimReply({ claim, disclosure, signer: source }));
    expect(identityIn(earlier.receipt)).toBeUndefined();
    // [[format, ...], signature]
    expect([earlier.receipt[2], opened.receipt[2]]).toEqual([1, 2]);
    expect(() => identityIn(opened.receipt.with(2, 1))).toThrowError(/study disclosure/);
    expect(() => identityIn(opened.receipt.with(2, 3))).toThrowError(/study disclosure/);
  });

  test('to another claim does not open', async () => {
    const sealed = await sealClaimReply({ claim: decodeClaim(claimBytes), disclosure, signer: source });
    const other = await createClaim({ ...input, code: '999999' });
    await expect(open(sealed, other)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
  });

  test('signed by anyone but the source is refused', async () => {
    const sealed = await sealClaimReply({
      claim: decodeClaim(claimBytes),
      disclosure,
      signer: await signerOf('stranger'),
    });
    await expect(open(sealed)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  test('whose salts give another study id is refused by both sides', async () => {
    const wrong = { ...disclosure, studyId: bytesOf('another study') };
    const sealing = sealClaimReply({ claim: decodeClaim(claimBytes), disclosure: wrong, signer: source });
    await expect(sealing).rejects.toMatchObject({ code: 'STUDY_ID_MISMATCH' });
  });

  test.each([
    ['label', 'two\nlines'],
    ['label', 'right\u202Eto-left'],
    ['label', 'e\u0301 not NFC'],
    ['label', 'x'.repeat(129)],
    ['studyInstanceUid', '1.2.x'],
  ])('with a %s that could deceive is refused', async (field, text) => {
    const sealing = sealClaimReply({
      claim: decodeClaim(claimBytes),
      disclosure: { ...disclosure, [field]: text },
      signer: source,
    });
    await expect(sealing).rejects.toMatchObject({ code: 'TEXT_REFUSED', info: { field } });
  });
});

test('invitation codes are six digits and spread', () => {
  const codes = Array.from({ length: 500 }, generateInvitationCode);
  expect(codes.every((code) => /^[0-9]{6}$/.test(code))).toBe(true);
  expect(new Set(codes).size).toBeGreaterThan(490);
});
