import { encodeCanonical, toHex } from '@radledger/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createImageRequest,
  decodeImageRequest,
  decodeImageRequestLink,
  decodeInvitation,
  decodeInvitationLink,
  encodeImageRequest,
  encodeImageRequestLink,
  encodeInvitation,
  encodeInvitationLink,
  validateGatewayUrl,
  verifyImageRequest,
} from '../src/index.js';
import { bytesOf, chainId, imageRequest, invitation, nowMs, owner, recipient } from './hand-over-fixture.js';

const PAGE = 'https://wallet.example/open';

describe('an invitation', () => {
  test('travels behind # and comes back', () => {
    const link = encodeInvitationLink(invitation, PAGE);
    expect(new URL(link).hash).toBe(link.slice(PAGE.length));
    for (const text of [
      link,
      link.slice(PAGE.length),
      link.slice(PAGE.length + 1),
      link.slice(PAGE.length + 3),
      `  ${link}\n`,
    ]) {
      expect(decodeInvitationLink(text)).toEqual(invitation);
    }
  });

  test.each([
    ['', 'MALFORMED_LINK'],
    ['https://wallet.example/#r=AAAA', 'MALFORMED_LINK'],
    ['https://wallet.example/', 'MALFORMED_LINK'],
    ['#i=AA==', 'MALFORMED_LINK'],
    ['#i=AB', 'MALFORMED_LINK'],
    ['#i=****', 'MALFORMED_LINK'],
    [`#i=${'A'.repeat(5000)}`, 'MALFORMED_LINK'],
    ['#i=kA', 'MALFORMED_MESSAGE'],
  ])('%# is refused', (link, code) => {
    expect(() => decodeInvitationLink(link)).toThrow(expect.objectContaining({ code }));
  });

  test('with any bit changed reads as another one or is refused: never as the same', () => {
    const bytes = encodeInvitation(invitation);
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = bytes.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        let read: unknown;
        try {
          read = decodeInvitation(changed);
        } catch (error) {
          expect(error).toHaveProperty('code');
          return;
        }
        expect(read).not.toEqual(invitation);
      }),
      { numRuns: 300, seed: 42 },
    );
  });

  test('of another format, or with a field more, is refused', () => {
    const { chainId: chain, gatewayApi, invitationId, secret, source, expiresAtMs } = invitation;
    const fields = [chain, gatewayApi, invitationId, secret, source, expiresAtMs];
    expect(toHex(encodeCanonical([1, ...fields]))).toBe(toHex(encodeInvitation(invitation)));
    for (const other of [
      [2, ...fields],
      [1, ...fields, 0],
      [1, ...fields.slice(0, -1)],
      [1, ...fields.slice(0, -1), 'x'],
    ]) {
      expect(() => decodeInvitation(encodeCanonical(other))).toThrow(
        expect.objectContaining({ code: 'MALFORMED_MESSAGE' }),
      );
    }
  });
});

describe('an image request', () => {
  test('is signed, read and verified', async () => {
    const link = encodeImageRequestLink(await createImageRequest(imageRequest, recipient), PAGE);
    const request = decodeImageRequestLink(link);
    expect(request).toMatchObject(imageRequest);
    await expect(verifyImageRequest(request, { chainId, nowMs })).resolves.toBeUndefined();
  });

  test('for another ledger, after its end, or with other bytes is refused', async () => {
    const requestBytes = await createImageRequest(imageRequest, recipient);
    const request = decodeImageRequest(requestBytes);
    expect(encodeImageRequest(request)).toEqual(requestBytes);
    const judge = (changed: object, expected = { chainId, nowMs }) =>
      verifyImageRequest({ ...request, ...changed }, expected);
    await expect(judge({}, { chainId: bytesOf('other'), nowMs })).rejects.toMatchObject({ code: 'NOT_FOR_US' });
    await expect(judge({}, { chainId, nowMs: request.expiresAtMs })).rejects.toMatchObject({ code: 'EXPIRED' });
    for (const changed of [
      { reason: 'Free of charge' },
      { displayName: 'City Hospital' },
      { wantedUntilMs: request.wantedUntilMs + 1 },
      { boxId: new Uint8Array(16) },
      { gatewayApi: 'https://evil.example' },
      { sealingKey: bytesOf('other key') },
      { expiresAtMs: request.expiresAtMs + 1 },
      { recipientKey: owner.publicKey },
    ]) {
      await expect(judge(changed), Object.keys(changed)[0]).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    }
  });

  test('cannot be made for a key that does not sign it', async () => {
    await expect(createImageRequest(imageRequest, owner)).rejects.toMatchObject({ code: 'NOT_FOR_US' });
  });

  test.each([
    ['turned around', 'Dr Rivera\u202e latipsoH ytiC'],
    ['with a character that nobody sees', 'City\u200bHospital'],
    ['of two lines', 'Dr Rivera\nConfirmed: City Hospital'],
    ['not composed', 'Praxis Mu\u0308ller'],
    ['too long', 'a'.repeat(129)],
  ])('with a name %s is refused', async (_what, displayName) => {
    await expect(createImageRequest({ ...imageRequest, displayName }, recipient)).rejects.toMatchObject({
      code: 'TEXT_REFUSED',
      info: { field: 'displayName' },
    });
  });

  test('with a small-order recipient key is refused', async () => {
    const weak = { publicKey: new Uint8Array(32), sign: (message: Uint8Array) => owner.sign(message) };
    await expect(createImageRequest({ ...imageRequest, recipientKey: weak.publicKey }, weak)).rejects.toMatchObject({
      code: 'KEY_REFUSED',
    });
  });
});

describe('the address of a gateway', () => {
  test.each([
    'https://images.example',
    'https://images.example:8443/a/b',
    'http://127.0.0.1:7301',
    'http://[::1]:1',
    'http://localhost:1',
  ])('%s is taken', (url) => expect(validateGatewayUrl(url)).toBe(url));
  test.each([
    'http://images.example',
    'https://images.example/',
    'https://Images.example',
    'https://images.example:443',
    'https://user@images.example',
    'https://images.example?x',
    'https://images.example#x',
    'https://images.example/a/../b',
    'javascript:alert(1)',
    'images.example',
    `https://images.example/${'a'.repeat(256)}`,
  ])('%s is refused', (url) => {
    expect(() => validateGatewayUrl(url)).toThrow(expect.objectContaining({ code: 'URL_REFUSED' }));
  });
});
