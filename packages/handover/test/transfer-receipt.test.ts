// Goal: a receipt says one thing of one side, or it is refused. Method: one good receipt of each side, and each part of it changed.
import { createSigner, type Signer } from '@radledger/primitives';
import { beforeAll, expect, test } from 'vitest';
import {
  createTransferReceipt,
  decodeTransferReceipt,
  TRANSFER_RECEIPT_BYTES_MAX,
  type TransferReceipt,
  verifyTransferReceipt,
} from '../src/index.js';

const id = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
let recipient: Signer;
let source: Signer;
let receipt: TransferReceipt;
beforeAll(async () => {
  [recipient, source] = [await createSigner(id(4)), await createSigner(id(5))];
  receipt = {
    chainId: id(1),
    side: 'recipient',
    source: source.publicKey,
    recipientKey: recipient.publicKey,
    studyId: id(3),
    content: id(6),
    requestDigest: id(7),
    bytes: 2 ** 40,
    atMs: 1_800_000_000_000,
  };
});

test.each(['recipient', 'source'] as const)('the %s says so, and is believed by its key alone', async (side) => {
  const [signer, other] = side === 'recipient' ? [recipient, source] : [source, recipient];
  const about = { ...receipt, side };
  const encoded = await createTransferReceipt(about, signer);
  expect(encoded.length).toBeLessThanOrEqual(TRANSFER_RECEIPT_BYTES_MAX);
  const decoded = decodeTransferReceipt(encoded);
  expect(decoded).toMatchObject(about);
  await verifyTransferReceipt(decoded, { key: signer.publicKey, about });
  await expect(verifyTransferReceipt(decoded, { key: other.publicKey, about })).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
  });
});

test('a receipt for something else is not for us; a changed one is signed by nobody', async () => {
  const encoded = await createTransferReceipt(receipt, recipient);
  const key = recipient.publicKey;
  const changes = {
    chainId: id(9),
    source: id(9),
    studyId: id(9),
    content: id(9),
    requestDigest: id(9),
    recipientKey: source.publicKey,
    side: 'source',
    bytes: 1,
  } as const;
  for (const [field, value] of Object.entries(changes)) {
    const about = { ...receipt, [field]: value };
    await expect(verifyTransferReceipt(decodeTransferReceipt(encoded), { key, about })).rejects.toMatchObject({
      info: { code: 'NOT_FOR_US', field },
    });
    const forged = { ...decodeTransferReceipt(encoded), [field]: value };
    await expect(verifyTransferReceipt(forged, { key, about })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  }
  const later = { ...decodeTransferReceipt(encoded), atMs: receipt.atMs + 1 };
  await expect(verifyTransferReceipt(later, { key, about: receipt })).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
  });
});

test.each([0, 20, TRANSFER_RECEIPT_BYTES_MAX + 1])('%i bytes of noise are no receipt', (length) => {
  expect(() => decodeTransferReceipt(new Uint8Array(length).fill(0x91))).toThrow(/MALFORMED_MESSAGE/);
});
