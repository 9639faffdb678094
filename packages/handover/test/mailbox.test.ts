// Goal: her code leads one signed request to her and tells nobody else anything. Method: one exchange, and each part of it changed.
import { expect, test } from 'vitest';
import {
  createImageRequest,
  createMailbox,
  decodeMailboxLink,
  encodeImageRequestLink,
  encodeMailboxLink,
  MAILBOX_BYTES_MAX,
  MAILBOX_LIFETIME_MS,
  openMailboxRequest,
  sealMailboxRequest,
  verifyImageRequest,
} from '../src/index.js';
import { chainId, gatewayApi, imageRequest, nowMs, recipient, sealingPair, source } from './hand-over-fixture.js';

const mailbox = createMailbox({
  chainId,
  gatewayApi,
  source: source.publicKey,
  sealingKey: sealingPair.publicKey,
  expiresAtMs: nowMs + MAILBOX_LIFETIME_MS,
});

test('a code is read as it was written, in every form of a link', () => {
  const link = encodeMailboxLink(mailbox, 'https://wallet.example/open');
  for (const text of [link, link.slice(link.indexOf('#')), link.slice(link.indexOf('=') + 1)]) {
    expect(decodeMailboxLink(text)).toEqual(mailbox);
  }
  expect(() => decodeMailboxLink(link.replace('#m=', '#r='))).toThrow(/MALFORMED_LINK/);
  expect(() => decodeMailboxLink(`${link}AA`)).toThrow(/MALFORMED_/);
  expect(() => encodeMailboxLink({ ...mailbox, gatewayApi: 'http://images.example' }, 'https://w.example')).toThrow(
    /URL_REFUSED/,
  );
  expect(() => encodeMailboxLink({ ...mailbox, source: new Uint8Array(32) }, 'https://w.example')).toThrow(
    /KEY_REFUSED/,
  );
});

test('a request that is left there opens for her app alone, and holds by its own signature', async () => {
  const request = encodeImageRequestLink(await createImageRequest(imageRequest, recipient), 'https://w.example');
  const sealed = await sealMailboxRequest(request, mailbox);
  expect(sealed.length).toBeLessThanOrEqual(MAILBOX_BYTES_MAX);
  const opened = await openMailboxRequest(sealed, mailbox, sealingPair);
  await verifyImageRequest(opened, { chainId, nowMs });
  expect(opened).toMatchObject(imageRequest);
  const other = createMailbox(mailbox);
  await expect(openMailboxRequest(sealed, other, sealingPair)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
});

test('nothing but an image request is sealed, or comes out', async () => {
  await expect(sealMailboxRequest('#r=AAAA', mailbox)).rejects.toMatchObject({ code: 'MALFORMED_MESSAGE' });
  await expect(sealMailboxRequest('#i=AAAA', mailbox)).rejects.toMatchObject({ code: 'MALFORMED_LINK' });
  await expect(openMailboxRequest(new Uint8Array(100), mailbox, sealingPair)).rejects.toMatchObject({
    code: 'MALFORMED_MESSAGE',
  });
});
