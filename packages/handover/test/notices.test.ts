import { equalBytes } from '@radledger/primitives';
import { openingOf, recipientTag } from '@radledger/transactions';
import { describe, expect, test } from 'vitest';
import {
  createRoleAcceptance,
  createStudySecretRequest,
  createWellKnown,
  decodeGrantNotice,
  decodeStudySecretRequest,
  encodeGrantNotice,
  encodeRoleAcceptance,
  GRANT_NOTICE_BYTES_MAX,
  OWNER_NOTE_BYTES_MAX,
  openDelegation,
  openGrantNotice,
  openStudySecretReply,
  readRoleAcceptance,
  STUDY_SECRET_REQUEST_BYTES_MAX,
  sealDelegation,
  sealGrantNotice,
  sealStudySecretReply,
  verifyStudySecretRequest,
  verifyWellKnown,
  wellKnownFromJson,
  wellKnownToJson,
} from '../src/index.js';
import * as handover from '../src/index.js';
import {
  bytesOf,
  chainId,
  disclosure,
  gatewayApi,
  notice,
  nowMs,
  owner,
  recipient,
  salts,
  sealingPair,
  signerOf,
  source,
  studyId,
} from './hand-over-fixture.js';

describe('a grant notice', () => {
  const open = (sealed: Uint8Array, recipientKey = recipient.publicKey, chain = chainId) =>
    openGrantNotice({ sealed, sealingKeyPair: sealingPair, chainId: chain, recipientKey });

  test('opens for its recipient and names the grant cell', async () => {
    const sealed = await sealGrantNotice(notice, sealingPair.publicKey);
    expect(sealed.length).toBeLessThanOrEqual(GRANT_NOTICE_BYTES_MAX);
    const opened = await open(sealed);
    expect(opened).toMatchObject(notice);
    expect(opened.tag).toEqual(recipientTag(openingOf(salts.grantSalt, recipient.publicKey), recipient.publicKey));
  });

  test('without a box is told from one with a box', () => {
    const { boxId: _, ...boxless } = notice;
    expect(decodeGrantNotice(encodeGrantNotice(boxless))).toEqual(boxless);
    expect(decodeGrantNotice(encodeGrantNotice(notice))).toEqual(notice);
  });

  test('for another key or chain does not open', async () => {
    const sealed = await sealGrantNotice(notice, sealingPair.publicKey);
    await expect(open(sealed, owner.publicKey)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    await expect(open(sealed, recipient.publicKey, bytesOf('other'))).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
  });

  test('whose salt does not give its study id is refused', async () => {
    const sealing = sealGrantNotice({ ...notice, studySalt: bytesOf('other') }, sealingPair.publicKey);
    await expect(sealing).rejects.toMatchObject({ code: 'STUDY_ID_MISMATCH' });
  });

  test('that is too large is not even opened', async () => {
    await expect(open(new Uint8Array(GRANT_NOTICE_BYTES_MAX + 1))).rejects.toMatchObject({ code: 'MALFORMED_MESSAGE' });
  });
});

describe('a study secret request', () => {
  const expected = { chainId, source: source.publicKey, nowMs };
  const make = (note?: Uint8Array) =>
    createStudySecretRequest({
      chainId,
      source: source.publicKey,
      studyId,
      owner,
      sealingKey: sealingPair.publicKey,
      timeMs: nowMs,
      ...(note === undefined ? {} : { note }),
    });

  test('with the largest note is read, verified and answered', async () => {
    const note = new Uint8Array(OWNER_NOTE_BYTES_MAX).fill(7);
    const bytes = await make(note);
    expect(bytes.length).toBeLessThanOrEqual(STUDY_SECRET_REQUEST_BYTES_MAX);
    const request = decodeStudySecretRequest(bytes);
    expect(equalBytes(request.note ?? new Uint8Array(), note)).toBe(true);
    await expect(verifyStudySecretRequest(request, expected)).resolves.toBeUndefined();
    const told = { ...disclosure, era: 3, note: { writtenAtMs: nowMs, sealed: note } };
    const sealed = await sealStudySecretReply({ request, disclosure: told, signer: source });
    const opened = await openStudySecretReply({
      request: bytes,
      sealed,
      sealingKeyPair: sealingPair,
      signingKey: source.publicKey,
    });
    expect(opened.disclosure).toEqual(told);
  });

  test('is refused for another ledger or source, early, late, and with any field changed', async () => {
    const request = decodeStudySecretRequest(await make());
    const judge = (changed: object, other = {}) =>
      verifyStudySecretRequest({ ...request, ...changed }, { ...expected, ...other });
    await expect(judge({}, { chainId: bytesOf('x') })).rejects.toMatchObject({ code: 'NOT_FOR_US' });
    await expect(judge({}, { source: owner.publicKey })).rejects.toMatchObject({ code: 'NOT_FOR_US' });
    await expect(judge({}, { nowMs: nowMs + 300_001 })).rejects.toMatchObject({ code: 'EXPIRED' });
    await expect(judge({}, { nowMs: nowMs - 300_001 })).rejects.toMatchObject({ code: 'EXPIRED' });
    for (const changed of [
      { studyId: bytesOf('x') },
      { ownerKey: recipient.publicKey },
      { sealingKey: bytesOf('x') },
      { timeMs: nowMs + 1 },
      { nonce: new Uint8Array(16) },
      { note: new Uint8Array(1) },
    ]) {
      await expect(judge(changed), Object.keys(changed)[0]).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    }
  });

  test('two requests differ by their nonce', async () => {
    expect(await make()).not.toEqual(await make());
  });

  test('its reply cannot stand for a claim reply, nor for another request', async () => {
    const [one, other] = [await make(), await make()];
    const sealed = await sealStudySecretReply({ request: decodeStudySecretRequest(one), disclosure, signer: source });
    const opening = openStudySecretReply({
      request: other,
      sealed,
      sealingKeyPair: sealingPair,
      signingKey: source.publicKey,
    });
    await expect(opening).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
  });
});

describe('a role acceptance', () => {
  test.each(['delegate', 'owner'] as const)('for %s is text that verifies by itself', async (role) => {
    const signer = await signerOf('daughter');
    const acceptance = await createRoleAcceptance({
      chainId,
      source: source.publicKey,
      studyId,
      role,
      signer,
      sealingKey: sealingPair.publicKey,
    });
    expect(await readRoleAcceptance(encodeRoleAcceptance(acceptance))).toEqual(acceptance);
    const other = encodeRoleAcceptance({ ...acceptance, role: role === 'owner' ? 'delegate' : 'owner' });
    await expect(readRoleAcceptance(other)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  test.each([
    ['not base64url!', 'MALFORMED_LINK'],
    ['kA', 'MALFORMED_MESSAGE'],
  ])('%s is refused', async (text, code) => {
    await expect(readRoleAcceptance(text)).rejects.toMatchObject({ code });
  });
});

describe('a delegation', () => {
  const { era, studySalt, contentSalt, grantSalt, label, studyInstanceUid } = disclosure;
  const study = { chainId, source: source.publicKey, studyId };
  const delegation = { ...study, era, studySalt, contentSalt, grantSalt, label, studyInstanceUid };
  const key = recipient.publicKey;

  test('opens for the delegate, for that study and key alone', async () => {
    const text = await sealDelegation(delegation, { key, sealingKey: sealingPair.publicKey });
    expect(await openDelegation({ text, ...study, key, sealingKeyPair: sealingPair })).toEqual(delegation);
    for (const other of [{ key: owner.publicKey }, { studyId: bytesOf('other') }, { chainId: bytesOf('other') }]) {
      const opening = openDelegation({ text, ...study, key, sealingKeyPair: sealingPair, ...other });
      await expect(opening).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    }
  });

  test('whose salt does not give its study id is refused', async () => {
    const sealing = sealDelegation(
      { ...delegation, studySalt: bytesOf('x') },
      { key, sealingKey: sealingPair.publicKey },
    );
    await expect(sealing).rejects.toMatchObject({ code: 'STUDY_ID_MISMATCH' });
  });
});

describe('the well-known document', () => {
  test('goes through JSON and verifies under the source’s signing key', async () => {
    const made = await createWellKnown(
      { chainId, source: source.publicKey, api: gatewayApi, issuedAtMs: nowMs },
      source,
    );
    const read = wellKnownFromJson(JSON.parse(JSON.stringify(wellKnownToJson(made))));
    expect(read).toEqual(made);
    await expect(verifyWellKnown(read, source.publicKey)).resolves.toBeUndefined();
    await expect(verifyWellKnown(read, owner.publicKey)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    const moved = { ...read, api: 'https://evil.example' };
    await expect(verifyWellKnown(moved, source.publicKey)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  test('with members missing or of another kind is refused', async () => {
    const json = wellKnownToJson(
      await createWellKnown({ chainId, recipient: recipient.publicKey, api: gatewayApi }, recipient),
    );
    for (const changed of [
      null,
      [],
      'x',
      { ...json, chainId: 'zz' },
      { ...json, api: 1 },
      { ...json, format: 2 },
      { ...json, recipient: '00'.repeat(32) },
    ]) {
      expect(() => wellKnownFromJson(changed)).toThrow(expect.objectContaining({ code: 'MALFORMED_MESSAGE' }));
    }
  });
});

test('the package exports what its README names, and nothing by accident', () => {
  expect(Object.keys(handover).sort()).toMatchInlineSnapshot(`
    [
      "ACCESS_LOG_ENTRIES_MAX",
      "ACCESS_LOG_REQUEST_BYTES_MAX",
      "CLAIM_BYTES_MAX",
      "DISPLAY_NAME_BYTES_MAX",
      "ERASED_PARTS",
      "ERASURE_NOTE_BYTES_MAX",
      "GRANT_NOTICE_BYTES_MAX",
      "HTTP_SIGNATURE_LIFETIME_MS",
      "HTTP_SIGNATURE_SKEW_MS",
      "HandoverError",
      "IDENTITY_CHECKS",
      "KEY_WITHDRAWAL_BYTES_MAX",
      "MAILBOX_BYTES_MAX",
      "MAILBOX_LIFETIME_MS",
      "OWNER_NOTE_BYTES_MAX",
      "OWNER_REQUEST_BYTES_MAX",
      "PREKEYS_MAX",
      "PRIVACY_TEXT_BYTES_MAX",
      "PUBLISHED_MAX",
      "READER_NAME_BYTES_MAX",
      "READER_ORIGINS",
      "REASON_BYTES_MAX",
      "REQUEST_SKEW_MS",
      "ROLE_STUDIES_MAX",
      "SEALED_BYTES_MAX",
      "SEALED_PLAINTEXT_BYTES_MAX",
      "STAYING_PARTS",
      "STUDY_SECRET_REQUEST_BYTES_MAX",
      "TRANSFER_RECEIPT_BYTES_MAX",
      "createAccessLogRequest",
      "createClaim",
      "createErasureNote",
      "createImageRequest",
      "createInvitation",
      "createKeyWithdrawal",
      "createMailbox",
      "createOwnerRequest",
      "createRoleAcceptance",
      "createRoleAnswer",
      "createStudySecretRequest",
      "createTransferReceipt",
      "createWellKnown",
      "decodeAccessLogRequest",
      "decodeClaim",
      "decodeErasureNote",
      "decodeGrantNotice",
      "decodeImageRequest",
      "decodeImageRequestLink",
      "decodeInvitation",
      "decodeInvitationLink",
      "decodeMailboxLink",
      "decodeOwnerRequest",
      "decodeStudySecretRequest",
      "decodeTransferReceipt",
      "deriveSealingKeyPair",
      "encodeGrantNotice",
      "encodeImageRequest",
      "encodeImageRequestLink",
      "encodeInvitation",
      "encodeInvitationLink",
      "encodeMailboxLink",
      "encodeRoleAcceptance",
      "encodeRoleAnswerLink",
      "encodeRoleOfferLink",
      "generateInvitationCode",
      "generateSealingKeyPair",
      "identityIn",
      "openAccessLog",
      "openClaimReply",
      "openDelegation",
      "openErasureAnswer",
      "openGrantNotice",
      "openKeyWithdrawal",
      "openMailboxRequest",
      "openOwnerReply",
      "openSealed",
      "openStudySecretReply",
      "readRoleAcceptance",
      "readRoleAnswerLink",
      "readRoleOfferLink",
      "sealAccessLog",
      "sealClaimReply",
      "sealDelegation",
      "sealErasureNote",
      "sealGrantNotice",
      "sealMailboxRequest",
      "sealOwnerReply",
      "sealStudySecretReply",
      "sealTo",
      "signHttpRequest",
      "validateGatewayUrl",
      "validatePlainText",
      "validateStudyInstanceUid",
      "verifyAccessLogRequest",
      "verifyClaim",
      "verifyErasureNote",
      "verifyHttpRequest",
      "verifyImageRequest",
      "verifyOwnerRequest",
      "verifyStudySecretRequest",
      "verifyTransferReceipt",
      "verifyWellKnown",
      "wellKnownFromJson",
      "wellKnownToJson",
    ]
  `);
});
