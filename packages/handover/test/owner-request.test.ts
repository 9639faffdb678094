// Goal: an order counts from the owner who signed it, and the answer from the source, to this order alone. Method: one exchange a kind, and each part of it changed.
import { signAcceptance } from '@radledger/transactions';
import { expect, test } from 'vitest';
import {
  createOwnerRequest,
  decodeOwnerRequest,
  OWNER_REQUEST_BYTES_MAX,
  type OwnerOrder,
  type OwnerReply,
  openOwnerReply,
  PREKEYS_MAX,
  PRIVACY_TEXT_BYTES_MAX,
  PUBLISHED_MAX,
  READER_NAME_BYTES_MAX,
  REQUEST_SKEW_MS,
  sealOwnerReply,
  verifyOwnerRequest,
} from '../src/index.js';
import { bytesOf, chainId, nowMs, owner, sealingPair, signerOf, source, studyId } from './hand-over-fixture.js';

const about = { chainId, source: source.publicKey };
const create = (order: OwnerOrder) =>
  createOwnerRequest({ ...about, studyId, signer: owner, sealingKey: sealingPair.publicKey, timeMs: nowMs, order });
const accepted = async (label: string) => {
  const signer = await signerOf(label);
  return { ownerKey: signer.publicKey, acceptance: await signAcceptance({ ...about, owner: signer }) };
};
const keys = await Promise.all(Array.from({ length: PREKEYS_MAX }, (_, index) => accepted(`prekey ${index}`)));
const reply: Omit<OwnerReply, 'source' | 'studyId'> = {
  link: 'active',
  keysLeft: 7,
  replacement: { requestedAtMs: nowMs - 5, dueAtMs: nowMs + 5 },
  published: Array.from({ length: PUBLISHED_MAX }, () => ({ studyId: bytesOf('other'), key: owner.publicKey })),
  issuedAtMs: nowMs,
};

const ORDERS: readonly OwnerOrder[] = [
  { kind: 'look' },
  { kind: 'leave-keys', prekeys: keys },
  { kind: 'pause-link' },
  { kind: 'resume-link' },
  { kind: 'end-link' },
  { kind: 'wrong-patient' },
  { kind: 'stop-replacement' },
  { kind: 'confirm-replacement' },
  { kind: 'tell-privacy-office', text: 'ü'.repeat(PRIVACY_TEXT_BYTES_MAX / 2) },
  { kind: 'open-mailbox', mailboxId: bytesOf('mailbox').slice(0, 16) },
  {
    kind: 'name-reader',
    key: owner.publicKey,
    name: 'ü'.repeat(READER_NAME_BYTES_MAX / 2),
    displayName: '',
    origin: 'unproven',
  },
];

test.each(ORDERS.map((order) => [order.kind, order] as const))('%s arrives as it was given', async (_kind, order) => {
  const bytes = await create(order);
  expect(bytes.length).toBeLessThanOrEqual(OWNER_REQUEST_BYTES_MAX);
  const request = decodeOwnerRequest(bytes);
  await verifyOwnerRequest(request, { ...about, nowMs });
  expect(request.order).toEqual(order);
});

test('a request counts for its chain, source, time, signer and order', async () => {
  const request = decodeOwnerRequest(await create({ kind: 'look' }));
  const refused = (change: object, within: object = {}) =>
    verifyOwnerRequest({ ...request, ...change }, { ...about, nowMs, ...within });
  await expect(refused({}, { source: owner.publicKey })).rejects.toMatchObject({ code: 'NOT_FOR_US' });
  await expect(refused({}, { nowMs: nowMs + REQUEST_SKEW_MS + 1 })).rejects.toMatchObject({ code: 'EXPIRED' });
  for (const change of [{ studyId: bytesOf('x') }, { key: source.publicKey }, { order: { kind: 'end-link' } }]) {
    await expect(refused(change)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  }
});

test('a key that its holder did not accept is refused, so is one that stands twice', async () => {
  const [first, second] = keys as [(typeof keys)[0], (typeof keys)[0]];
  const swapped = { ownerKey: first.ownerKey, acceptance: second.acceptance };
  const request = decodeOwnerRequest(await create({ kind: 'leave-keys', prekeys: [swapped] }));
  await expect(verifyOwnerRequest(request, { ...about, nowMs })).rejects.toMatchObject({
    info: { code: 'SIGNATURE_INVALID', field: 'acceptance' },
  });
  await expect(create({ kind: 'leave-keys', prekeys: [first, first] })).rejects.toMatchObject({ code: 'KEY_REFUSED' });
});

test('an order holds what its kind asks for', async () => {
  await expect(create({ kind: 'leave-keys', prekeys: [] })).rejects.toMatchObject({ code: 'MALFORMED_MESSAGE' });
  await expect(create({ kind: 'tell-privacy-office', text: '' })).rejects.toMatchObject({ code: 'MALFORMED_MESSAGE' });
  await expect(create({ kind: 'tell-privacy-office', text: 'a\u202eb' })).rejects.toMatchObject({
    code: 'TEXT_REFUSED',
  });
});

test.each([0, 20, OWNER_REQUEST_BYTES_MAX + 1])('%i bytes of noise are no request', (length) => {
  expect(() => decodeOwnerRequest(new Uint8Array(length).fill(0x91))).toThrow(/MALFORMED_MESSAGE/);
});

test('the longest answer arrives, from its source, to this request alone', async () => {
  const bytes = await create({ kind: 'look' });
  const seal = (to: Uint8Array, signer = source) => sealOwnerReply({ request: decodeOwnerRequest(to), reply, signer });
  const open = (sealed: Uint8Array) =>
    openOwnerReply({ request: bytes, sealed, sealingKeyPair: sealingPair, signingKey: source.publicKey });
  expect((await open(await seal(bytes))).reply).toEqual({ source: source.publicKey, studyId, ...reply });
  await expect(open(await seal(bytes, owner))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  await expect(open(await seal(await create({ kind: 'look' })))).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
});
