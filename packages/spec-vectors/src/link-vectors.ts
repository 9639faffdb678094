import {
  createAccessLogRequest,
  createErasureNote,
  createKeyWithdrawal,
  createMailbox,
  createOwnerRequest,
  createClaim,
  createImageRequest,
  createRoleAcceptance,
  createRoleAnswer,
  createStudySecretRequest,
  createTransferReceipt,
  createWellKnown,
  decodeClaim,
  ERASED_PARTS,
  type ErasureNote,
  type Delegation,
  decodeImageRequestLink,
  decodeInvitationLink,
  decodeMailboxLink,
  decodeOwnerRequest,
  decodeTransferReceipt,
  deriveSealingKeyPair,
  encodeGrantNotice,
  encodeImageRequestLink,
  encodeInvitation,
  encodeInvitationLink,
  encodeMailboxLink,
  encodeRoleAcceptance,
  encodeRoleAnswerLink,
  encodeRoleOfferLink,
  type GrantNotice,
  type ImageRequest,
  type Invitation,
  decodeAccessLogRequest,
  openAccessLog,
  openErasureAnswer,
  openKeyWithdrawal,
  openClaimReply,
  openDelegation,
  openGrantNotice,
  openMailboxRequest,
  openOwnerReply,
  type OwnerOrder,
  READER_ORIGINS,
  openSealed,
  openStudySecretReply,
  readRoleAnswerLink,
  readRoleOfferLink,
  sealAccessLog,
  sealClaimReply,
  sealDelegation,
  sealGrantNotice,
  sealMailboxRequest,
  sealOwnerReply,
  sealStudySecretReply,
  sealTo,
  type StudyDisclosure,
  type TransferReceipt,
  STAYING_PARTS,
  verifyClaim,
  verifyErasureNote,
  verifyTransferReceipt,
  decodeStudySecretRequest,
  wellKnownToJson,
} from '@radledger/handover';
import { encodeCanonical, fromHex, sha256, utf8 } from '@radledger/primitives';
import { openingOf, signAcceptance, studyIdOf, studySalts } from '@radledger/transactions';
import { keyOf, signerOf } from './parties.js';
import { asJson, fill, type VectorCase, type VectorFile } from './vector-file.js';

const chainId = fill(0xc1);
const nowMs = 1_800_000_000_000;
const pageUrl = 'https://wallet.example/open';
const seeds = { source: fill(0x11), owner: fill(0x12), prekey: fill(0x13), recipient: fill(0x14), other: fill(0x15) };
/** From which the sealing keys of the receiving sides, and of the one message, are derived. */
const recipientKeyMaterial = fill(0x21);
const ephemeralKeyMaterial = fill(0x22);

export async function linkVectors(): Promise<VectorFile[]> {
  return [
    { name: 'sealing', spec: 'links.md', cases: await sealings() },
    {
      name: 'links',
      spec: 'links.md',
      cases: [
        ...(await invitations()),
        ...(await claims()),
        ...(await imageRequests()),
        ...(await grantNotices()),
        ...(await studySecretRequests()),
        ...(await accessLogs()),
        await keyWithdrawal(),
        await mailbox(),
        ...(await ownerRequests()),
        ...(await transferReceipts()),
        ...(await erasureNotes()),
        ...(await roleAcceptances()),
        ...(await delegations()),
        ...(await roleOffers()),
        ...(await roleAnswers()),
        ...(await wellKnowns()),
      ],
    },
  ];
}

async function sealings(): Promise<VectorCase[]> {
  const vector = async (
    name: string,
    given: { info: string; aad: Uint8Array; plaintext: Uint8Array },
    materials = { recipientKeyMaterial, ephemeralKeyMaterial },
  ): Promise<VectorCase> => {
    const { publicKey } = await deriveSealingKeyPair(materials.recipientKeyMaterial);
    const sealed = await sealTo(publicKey, given, given.plaintext, materials);
    return { name, input: asJson({ ...given, ...materials }), output: asJson({ sealingKey: publicKey, sealed }) };
  };
  return [
    await vector(
      'RFC 9180, appendix A.1.1, sequence number 0',
      { info: 'Ode on a Grecian Urn', aad: utf8('Count-0'), plaintext: utf8('Beauty is truth, truth beauty') },
      {
        recipientKeyMaterial: fromHex('6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037'),
        ephemeralKeyMaterial: fromHex('7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234'),
      },
    ),
    await vector('nothing', { info: 'radledger/vector/1', aad: new Uint8Array(), plaintext: new Uint8Array() }),
    await vector('several blocks', { info: 'radledger/vector/1', aad: fill(1, 33), plaintext: fill(2, 1_000) }),
  ];
}

async function study() {
  const source = await keyOf(0x11);
  const salts = studySalts(sha256(utf8('a study secret')));
  const studyInstanceUid = '1.2.840.113619.2.1';
  const studyId = studyIdOf({ source, studySalt: salts.studySalt, studyInstanceUid });
  return { source, studyId, ...salts, studyInstanceUid, label: 'MRT Knie, 20. Nov. 2026, Zürich' };
}

async function invitation(): Promise<Invitation> {
  return {
    chainId,
    gatewayApi: 'https://images.example:8443/gw',
    invitationId: fill(0x31, 16),
    secret: fill(0x32),
    source: await keyOf(0x11),
    expiresAtMs: nowMs + 86_400_000,
  };
}

async function invitations(): Promise<VectorCase[]> {
  const given = await invitation();
  const link = encodeInvitationLink(given, pageUrl);
  decodeInvitationLink(link);
  return [
    {
      name: 'invitation',
      input: asJson({ invitation: given, pageUrl }),
      output: asJson({ bytes: encodeInvitation(given), link }),
    },
  ];
}

async function disclosureOf(): Promise<StudyDisclosure> {
  return { ...(await study()), ownerKey: await keyOf(0x12), era: 0, issuedAtMs: nowMs };
}

async function claims(): Promise<VectorCase[]> {
  const offered = await invitation();
  const { publicKey: sealingKey } = await deriveSealingKeyPair(recipientKeyMaterial);
  const make = async (name: string, prekeySeeds: readonly Uint8Array[]) => {
    const prekeys = await Promise.all(prekeySeeds.map((seed) => signerOf(seed[0] as number)));
    const owner = await signerOf(0x12);
    const bytes = await createClaim({ invitation: offered, code: '012345', owner, prekeys, sealingKey });
    const claim = decodeClaim(bytes);
    await verifyClaim(claim, offered);
    const input = { invitation: offered, code: '012345', ownerSeed: seeds.owner, prekeySeeds, sealingKey };
    return {
      bytes,
      claim,
      vector: { name, input: asJson(input), output: asJson({ bytes, claimHash: claim.claimHash }) },
    };
  };
  const plain = await make('claim', []);
  const withPrekeys = await make('claim, with keys for repeat visits', [seeds.prekey, seeds.other]);
  const reply = async (name: string, disclosure: StudyDisclosure): Promise<VectorCase> =>
    disclosureVector(name, 'radledger/claim-reply/1', plain.claim.claimHash, disclosure, {
      sealed: await sealClaimReply({ claim: plain.claim, disclosure, signer: await signerOf(0x11) }),
      open: (bytes, sealingKeyPair, signingKey) =>
        openClaimReply({ claim: plain.bytes, sealed: bytes, sealingKeyPair, signingKey }),
    });
  const told = await disclosureOf();
  const identity = { checkedBy: 'mailed-code', checkedAtMs: nowMs - 60_000 } as const;
  const replies = [
    await reply('claim reply', told),
    await reply('claim reply, with how she was known', { ...told, identity }),
  ];
  return [plain.vector, withPrekeys.vector, ...replies];
}

/**
 * The packages seal with a fresh key each time. So the vector is what they signed, sealed once more with a fixed key;
 * the package must open that as well.
 */
async function disclosureVector(
  name: string,
  purpose: string,
  requestHash: Uint8Array,
  disclosure: StudyDisclosure,
  packed: {
    readonly sealed: Uint8Array;
    open(
      sealed: Uint8Array,
      pair: Awaited<ReturnType<typeof deriveSealingKeyPair>>,
      signingKey: Uint8Array,
    ): Promise<{ readonly receipt: Uint8Array }>;
  },
): Promise<VectorCase> {
  const pair = await deriveSealingKeyPair(recipientKeyMaterial);
  const signingKey = await keyOf(0x11);
  const { receipt } = await packed.open(packed.sealed, pair, signingKey);
  const aad = encodeCanonical([chainId, requestHash, [1, disclosure.ownerKey]]);
  const sealed = await sealTo(pair.publicKey, { info: purpose, aad }, receipt, { ephemeralKeyMaterial });
  await packed.open(sealed, pair, signingKey);
  const signingSeed = seeds.source;
  return {
    name,
    input: asJson({
      purpose,
      chainId,
      requestHash,
      disclosure,
      signingSeed,
      recipientKeyMaterial,
      ephemeralKeyMaterial,
    }),
    output: asJson({ plaintext: receipt, sealingKey: pair.publicKey, sealed }),
  };
}

async function imageRequests(): Promise<VectorCase[]> {
  const request: ImageRequest = {
    chainId,
    recipientKey: await keyOf(0x14),
    sealingKey: (await deriveSealingKeyPair(recipientKeyMaterial)).publicKey,
    gatewayApi: 'https://lakeside-ortho.example/radledger',
    boxId: fill(0x33, 16),
    displayName: 'Praxis Dr. Rivera, Seeufer',
    reason: 'Zweitmeinung',
    wantedUntilMs: nowMs + 30 * 86_400_000,
    expiresAtMs: nowMs + 86_400_000,
  };
  const bytes = await createImageRequest(request, await signerOf(0x14));
  const link = encodeImageRequestLink(bytes, pageUrl);
  decodeImageRequestLink(link);
  return [
    {
      name: 'image request',
      input: asJson({ request, seed: seeds.recipient, pageUrl }),
      output: asJson({ bytes, link }),
    },
  ];
}

async function grantNotices(): Promise<VectorCase[]> {
  const { grantSalt, ...told } = await study();
  const recipientKey = await keyOf(0x14);
  const notice: GrantNotice = {
    chainId,
    recipientKey,
    ...told,
    opening: openingOf(grantSalt, recipientKey),
    notAfterMs: nowMs + 30 * 86_400_000,
  };
  const sealingKeyPair = await deriveSealingKeyPair(recipientKeyMaterial);
  const vector = async (name: string, given: GrantNotice): Promise<VectorCase> => {
    const sealed = await sealGrantNotice(given, sealingKeyPair.publicKey, { ephemeralKeyMaterial });
    const { tag } = await openGrantNotice({ sealed, sealingKeyPair, chainId, recipientKey });
    return {
      name,
      input: asJson({ notice: given, recipientKeyMaterial, ephemeralKeyMaterial }),
      output: asJson({
        plaintext: encodeGrantNotice(given),
        tag,
        sealingKey: sealingKeyPair.publicKey,
        sealed,
      }),
    };
  };
  return [
    await vector('grant notice', { ...notice, boxId: fill(0x33, 16) }),
    await vector('grant notice, no request before it', notice),
  ];
}

async function studySecretRequests(): Promise<VectorCase[]> {
  const { source, studyId } = await study();
  const { publicKey: sealingKey } = await deriveSealingKeyPair(recipientKeyMaterial);
  const make = async (name: string, note: Uint8Array | undefined) => {
    const request = { chainId, source, studyId, sealingKey, timeMs: nowMs, nonce: fill(0x34, 16) };
    const owner = await signerOf(0x12);
    const bytes = await createStudySecretRequest({ ...request, owner, ...(note === undefined ? {} : { note }) });
    const decoded = decodeStudySecretRequest(bytes);
    const vector: VectorCase = {
      name,
      input: asJson({ request: { ...request, note }, ownerSeed: seeds.owner }),
      output: asJson({ bytes, requestHash: decoded.requestHash }),
    };
    return { bytes, decoded, vector };
  };
  const plain = await make('study secret request', undefined);
  const noted = await make('study secret request, with a note', fill(0x35, 300));
  const disclosure = {
    ...(await disclosureOf()),
    era: 2,
    note: { writtenAtMs: nowMs - 1_000, sealed: fill(0x36, 70) },
  };
  const signer = await signerOf(0x11);
  const reply = await disclosureVector(
    'study secret reply',
    'radledger/study-secret-reply/1',
    plain.decoded.requestHash,
    disclosure,
    {
      sealed: await sealStudySecretReply({ request: plain.decoded, disclosure, signer }),
      open: (sealed, sealingKeyPair, signingKey) =>
        openStudySecretReply({ request: plain.bytes, sealed, sealingKeyPair, signingKey }),
    },
  );
  return [plain.vector, noted.vector, reply];
}

async function keyWithdrawal(): Promise<VectorCase> {
  const statement = await createKeyWithdrawal({ chainId, signer: await signerOf(0x14) });
  await openKeyWithdrawal(statement, { chainId });
  return { name: 'key withdrawal', input: asJson({ chainId, seed: seeds.recipient }), output: asJson(statement) };
}

async function mailbox(): Promise<VectorCase> {
  const pair = await deriveSealingKeyPair(recipientKeyMaterial);
  const made = {
    ...createMailbox({
      chainId,
      gatewayApi: 'https://images.example',
      source: await keyOf(0x11),
      sealingKey: pair.publicKey,
      expiresAtMs: nowMs + 900_000,
    }),
    mailboxId: fill(0x3d, 16),
  };
  const link = encodeMailboxLink(made, pageUrl);
  decodeMailboxLink(link);
  const recipientKey = await keyOf(0x14);
  const request = await createImageRequest(
    {
      chainId,
      recipientKey,
      sealingKey: pair.publicKey,
      gatewayApi: 'https://lakeside-ortho.example/radledger',
      boxId: fill(0x34, 16),
      displayName: '',
      reason: 'Second opinion',
      wantedUntilMs: nowMs + 30 * 86_400_000,
      expiresAtMs: nowMs + 86_400_000,
    },
    await signerOf(0x14),
  );
  await openMailboxRequest(await sealMailboxRequest(encodeImageRequestLink(request, pageUrl), made), made, pair);
  const aad = encodeCanonical([chainId, made.mailboxId]);
  const sealed = await sealTo(pair.publicKey, { info: 'radledger/mailbox/1', aad }, request, { ephemeralKeyMaterial });
  await openMailboxRequest(sealed, made, pair);
  return {
    name: 'mailbox',
    input: asJson({ mailbox: made, pageUrl, request, recipientKeyMaterial, ephemeralKeyMaterial }),
    output: asJson({ link, sealingKey: pair.publicKey, sealed }),
  };
}

async function ownerRequests(): Promise<VectorCase[]> {
  const { source, studyId } = await study();
  const pair = await deriveSealingKeyPair(recipientKeyMaterial);
  const signer = await signerOf(0x12);
  const prekey = await signerOf(0x13);
  const acceptance = await signAcceptance({ chainId, source, owner: prekey });
  const orders: readonly OwnerOrder[] = [
    { kind: 'look' },
    { kind: 'leave-keys', prekeys: [{ ownerKey: prekey.publicKey, acceptance }] },
    { kind: 'tell-privacy-office', text: 'Wer ist das? Ich kenne die Praxis nicht.' },
    { kind: 'open-mailbox', mailboxId: fill(0x3d, 16) },
    {
      kind: 'name-reader',
      key: prekey.publicKey,
      name: 'praxis.example',
      displayName: 'Praxis Dr. Rivera',
      origin: 'https',
    },
  ];
  const request = { chainId, source, studyId, sealingKey: pair.publicKey, timeMs: nowMs, nonce: fill(0x3e, 16) };
  const made = await Promise.all(
    orders.map(async (order) => {
      const bytes = await createOwnerRequest({ ...request, signer, order });
      const places =
        order.kind === 'name-reader'
          ? {
              kind: order.kind,
              text: order.name,
              reader: {
                key: order.key,
                origin: READER_ORIGINS.indexOf(order.origin),
                displayName: order.displayName,
              },
            }
          : order;
      const input = asJson({ request, order: { prekeys: [], text: '', ...places }, seed: seeds.owner });
      return { bytes, vector: { name: `owner request, ${order.kind}`, input, output: asJson(bytes) } };
    }),
  );
  const bytes = (made[0] as (typeof made)[0]).bytes;
  const decoded = decodeOwnerRequest(bytes);
  const reply = {
    link: 'active',
    keysLeft: 4,
    replacement: { requestedAtMs: nowMs, dueAtMs: nowMs + 259_200_000 },
    published: [{ studyId: fill(0x3f), key: prekey.publicKey }],
    issuedAtMs: nowMs,
  } as const;
  const opened = { request: bytes, sealingKeyPair: pair, signingKey: await keyOf(0x11) };
  const fresh = await sealOwnerReply({ request: decoded, reply, signer: await signerOf(0x11) });
  const { receipt } = await openOwnerReply({ ...opened, sealed: fresh });
  const aad = encodeCanonical([chainId, decoded.requestHash, [1, signer.publicKey]]);
  const sealed = await sealTo(pair.publicKey, { info: 'radledger/owner-reply/1', aad }, receipt, {
    ephemeralKeyMaterial,
  });
  await openOwnerReply({ ...opened, sealed });
  return [
    ...made.map(({ vector }) => vector),
    {
      name: 'owner reply',
      input: asJson({
        chainId,
        requestHash: decoded.requestHash,
        source,
        studyId,
        reply,
        ownerKey: signer.publicKey,
        signingSeed: seeds.source,
        recipientKeyMaterial,
        ephemeralKeyMaterial,
      }),
      output: asJson({ plaintext: receipt, sealingKey: pair.publicKey, sealed }),
    },
  ];
}

/** Sealed with a fresh key by the package, and once more with a fixed one for the vector: it opens both. */
async function transferReceipts(): Promise<VectorCase[]> {
  const { source, studyId } = await study();
  const recipientKey = await keyOf(0x14);
  const sides = [
    ['recipient', seeds.recipient, 0x14],
    ['source', seeds.source, 0x11],
  ] as const;
  return Promise.all(
    sides.map(async ([side, seed, byte]) => {
      const receipt: TransferReceipt = {
        chainId,
        side,
        source,
        recipientKey,
        studyId,
        content: fill(0x3b),
        requestDigest: fill(0x3c),
        bytes: 9_000_000_000,
        atMs: nowMs,
      };
      const bytes = await createTransferReceipt(receipt, await signerOf(byte));
      await verifyTransferReceipt(decodeTransferReceipt(bytes), { key: await keyOf(byte), about: receipt });
      return { name: `transfer receipt, by the ${side}`, input: asJson({ receipt, seed }), output: asJson(bytes) };
    }),
  );
}

async function erasureNotes(): Promise<VectorCase[]> {
  const { source, studyId } = await study();
  const about = { chainId, source, studyId, erasedAtMs: nowMs };
  const least: ErasureNote = {
    ...about,
    erased: ['study', 'claim'],
    stays: [{ what: 'ledger', untilMs: undefined }],
  };
  const untilMs = Date.UTC(2033, 0, 16);
  const whole: ErasureNote = {
    ...about,
    erased: [...ERASED_PARTS],
    stays: STAYING_PARTS.map((what) => ({ what, untilMs: what === 'disclosures' ? untilMs : undefined })),
  };
  const signer = await signerOf(0x11);
  const make = async (name: string, note: ErasureNote) => {
    const bytes = await createErasureNote(note, signer);
    await verifyErasureNote(bytes, { ...about, signingKey: source });
    return { bytes, vector: { name, input: asJson({ note, seed: seeds.source }), output: asJson(bytes) } };
  };
  const small = await make('erasure note, the least that one says', least);
  const large = await make('erasure note, all that one can say', whole);
  const pair = await deriveSealingKeyPair(recipientKeyMaterial);
  const asked = await createOwnerRequest({
    chainId,
    source,
    studyId,
    signer: await signerOf(0x12),
    sealingKey: pair.publicKey,
    timeMs: nowMs,
    nonce: fill(0x3d, 16),
    order: { kind: 'look' },
  });
  const request = decodeOwnerRequest(asked);
  const { requestHash, key: ownerKey } = request;
  const info = 'radledger/erasure-answer/1';
  const aad = encodeCanonical([chainId, requestHash, [1, ownerKey]]);
  const sealed = await sealTo(pair.publicKey, { info, aad }, large.bytes, { ephemeralKeyMaterial });
  await openErasureAnswer({ request, sealed, sealingKeyPair: pair });
  const answer = {
    name: 'erasure answer',
    input: asJson({
      note: large.bytes,
      chainId,
      requestHash,
      ownerKey,
      recipientKeyMaterial,
      ephemeralKeyMaterial,
    }),
    output: asJson({ sealingKey: pair.publicKey, sealed }),
  };
  return [small.vector, large.vector, answer];
}

async function accessLogs(): Promise<VectorCase[]> {
  const { source, studyId } = await study();
  const pair = await deriveSealingKeyPair(recipientKeyMaterial);
  const signer = await signerOf(0x12);
  const request = { chainId, source, studyId, sealingKey: pair.publicKey, timeMs: nowMs, nonce: fill(0x37, 16) };
  const bytes = await createAccessLogRequest({ ...request, signer });
  const before = fill(0x38, 10);
  const older = await createAccessLogRequest({ ...request, signer, before });
  const decoded = decodeAccessLogRequest(bytes);
  const reader = await keyOf(0x14);
  const entries = [
    {
      position: fill(0x3a, 10),
      atMs: nowMs - 1_000,
      reader,
      part: 'file-set',
      basis: 'grant',
      outcome: 'success',
      bytes: 9_000_000,
      readings: 1,
    },
    {
      position: fill(0x39, 10),
      atMs: nowMs - 2_000,
      reader: signer.publicKey,
      part: 'manifest',
      basis: 'owner',
      outcome: 'begun',
      bytes: 0,
      readings: 1,
    },
    {
      position: fill(0x38, 10),
      atMs: nowMs - 3_000,
      reader,
      part: 'metadata',
      basis: 'delegate',
      outcome: 'failure',
      bytes: 700,
      readings: 3,
    },
    {
      position: fill(0x37, 10),
      atMs: nowMs - 4_000,
      reader,
      part: 'instances',
      basis: 'emergency',
      outcome: 'success',
      bytes: 800,
      readings: 2,
    },
  ] as const;
  const log = { entries, isOlderLeft: true, issuedAtMs: nowMs };
  const signingKey = await keyOf(0x11);
  const opened = { request: bytes, sealingKeyPair: pair, signingKey };
  const fresh = await sealAccessLog({ request: decoded, log, signer: await signerOf(0x11) });
  const { receipt } = await openAccessLog({ ...opened, sealed: fresh });
  const aad = encodeCanonical([chainId, decoded.requestHash, [1, signer.publicKey]]);
  const sealed = await sealTo(pair.publicKey, { info: 'radledger/access-log-reply/1', aad }, receipt, {
    ephemeralKeyMaterial,
  });
  await openAccessLog({ ...opened, sealed });
  return [
    {
      name: 'access log request',
      input: asJson({ request: { ...request, before: undefined }, seed: seeds.owner }),
      output: asJson(bytes),
    },
    {
      name: 'access log request, older entries',
      input: asJson({ request: { ...request, before }, seed: seeds.owner }),
      output: asJson(older),
    },
    {
      name: 'access log',
      input: asJson({
        chainId,
        requestHash: decoded.requestHash,
        source,
        studyId,
        log,
        ownerKey: signer.publicKey,
        signingSeed: seeds.source,
        recipientKeyMaterial,
        ephemeralKeyMaterial,
      }),
      output: asJson({ plaintext: receipt, sealingKey: pair.publicKey, sealed }),
    },
  ];
}

async function roleAcceptances(): Promise<VectorCase[]> {
  const { source, studyId } = await study();
  const { publicKey: sealingKey } = await deriveSealingKeyPair(recipientKeyMaterial);
  return Promise.all(
    (['delegate', 'owner'] as const).map(async (role) => {
      const about = { chainId, source, studyId, role };
      const acceptance = await createRoleAcceptance({ ...about, signer: await signerOf(0x15), sealingKey });
      return {
        name: `role acceptance, ${role}`,
        input: asJson({ study: about, seed: seeds.other, sealingKey }),
        output: encodeRoleAcceptance(acceptance),
      };
    }),
  );
}

async function roleOffers(): Promise<VectorCase[]> {
  const { source, studyId } = await study();
  const told = { chainId, displayName: 'Maria', expiresAtMs: nowMs + 7 * 86_400_000 };
  const first = { source, studyId, gatewayApi: 'https://images.example' };
  const second = { source: await keyOf(0x12), studyId: fill(0x44), gatewayApi: undefined };
  const offers = { 'for one study': [first], 'for two': [first, second] };
  return (['delegate', 'owner'] as const).flatMap((role) =>
    Object.entries(offers).map(([name, studies]) => {
      const offer = { ...told, role, studies };
      const output = encodeRoleOfferLink(offer, pageUrl);
      readRoleOfferLink(output, { chainId, nowMs });
      return { name: `role offer, ${role} ${name}`, input: asJson({ offer, pageUrl }), output };
    }),
  );
}

async function roleAnswers(): Promise<VectorCase[]> {
  const { source, studyId } = await study();
  const told = { chainId, displayName: 'Anna', expiresAtMs: nowMs + 7 * 86_400_000 };
  const named = [
    { source, studyId },
    { source: await keyOf(0x12), studyId: fill(0x44) },
  ];
  const given = [0x15, 0x16];
  const signers = await Promise.all(given.map(signerOf));
  return Promise.all(
    (['delegate', 'owner'] as const).map(async (role) => {
      const signed = named.map((one, at) => ({ ...one, signer: signers[at] as (typeof signers)[number] }));
      const bytes = await createRoleAnswer({ ...told, role, studies: signed });
      const link = encodeRoleAnswerLink(bytes, pageUrl);
      await readRoleAnswerLink(link, { chainId, nowMs });
      return {
        name: `role answer, ${role}`,
        input: asJson({ answer: { ...told, role, studies: named }, seeds: given.map((byte) => fill(byte)), pageUrl }),
        output: asJson({ bytes, link }),
      };
    }),
  );
}

/** Sealed with a fresh key by the package, and once more with a fixed one for the vector: it opens both. */
async function delegations(): Promise<VectorCase[]> {
  const [told, sealingKeyPair, key] = [
    await study(),
    await deriveSealingKeyPair(recipientKeyMaterial),
    await keyOf(0x15),
  ];
  const { source, studyId } = told;
  const delegation: Delegation = { chainId, era: 3, ...told };
  const about = { chainId, source, studyId, key, sealingKeyPair };
  const text = await sealDelegation(delegation, { key, sealingKey: sealingKeyPair.publicKey });
  const context = { info: 'radledger/delegation/1', aad: encodeCanonical([chainId, source, studyId, [1, key]]) };
  const plaintext = await openSealed(sealingKeyPair, context, Buffer.from(text, 'base64url'));
  const sealed = Buffer.from(
    await sealTo(sealingKeyPair.publicKey, context, plaintext, { ephemeralKeyMaterial }),
  ).toString('base64url');
  await openDelegation({ ...about, text });
  await openDelegation({ ...about, text: sealed });
  return [
    {
      name: 'delegation',
      input: asJson({ delegation, delegateKey: key, recipientKeyMaterial, ephemeralKeyMaterial }),
      output: asJson({ plaintext, sealingKey: sealingKeyPair.publicKey, text: sealed }),
    },
  ];
}

async function wellKnowns(): Promise<VectorCase[]> {
  const [source, recipient] = [await keyOf(0x11), await keyOf(0x14)];
  const api = 'https://images.example:8443/gw';
  const full = { chainId, source, recipient, api, iti43: 'https://images.example:9443/xds/iti43', issuedAtMs: nowMs };
  const vector = async (name: string, document: Parameters<typeof createWellKnown>[0], seed: number) => ({
    name,
    input: asJson({ document, seed: fill(seed) }),
    output: wellKnownToJson(await createWellKnown(document, await signerOf(seed))),
  });
  return [
    await vector('well-known document', { ...full, privacyContact: 'privacy@images.example' }, 0x11),
    await vector('well-known document, recipient only', { chainId, recipient, api, issuedAtMs: nowMs }, 0x14),
  ];
}
