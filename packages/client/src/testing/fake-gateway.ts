/** A source's gateway behind its patient-facing API, for tests: real hand-over messages and transactions; no archive, no sockets. */
import {
  ACCESS_LOG_ENTRIES_MAX,
  type AccessLogEntry,
  createInvitation,
  createWellKnown,
  type CheckedIdentity,
  decodeAccessLogRequest,
  decodeClaim,
  decodeStudySecretRequest,
  HandoverError,
  type Invitation,
  type OwnerNote,
  sealAccessLog,
  sealClaimReply,
  sealStudySecretReply,
  type StudyDisclosure,
  verifyAccessLogRequest,
  verifyClaim,
  verifyStudySecretRequest,
  wellKnownToJson,
} from '@radledger/handover';
import { equalBytes, randomBytes, type Signer, toHex } from '@radledger/primitives';
import { createTransaction, signKeyProof, studyIdOf, studySalts } from '@radledger/transactions';
import type { Fetch } from '../http.js';
import { createNodeClient } from '../node-client.js';
import { createFakeDesk, type FakeDesk } from './fake-desk.js';
import type { FakeNode } from './fake-node.js';

interface HeldStudy {
  readonly studyId: Uint8Array;
  readonly secret: Uint8Array;
  readonly studyInstanceUid: string;
  readonly label: string;
  readonly identity: CheckedIdentity | undefined;
  grantSalts: Uint8Array[];
  note?: OwnerNote;
}

interface HeldInvitation {
  readonly invitation: Invitation;
  readonly code: string;
  readonly study: HeldStudy;
  triesLeft: number;
  claimedBy?: Uint8Array;
}

/** The fake and its levers. */
export interface FakeGateway {
  readonly api: string;
  readonly source: Uint8Array;
  readonly fetch: Fetch;
  /** Sealed notices by hex of their box. */
  readonly boxes: ReadonlyMap<string, readonly Uint8Array[]>;
  /** While true, every request is a connection error. */
  isDown: boolean;
  /** While true, claims are answered and nothing is published. */
  isPublishingPaused: boolean;
  /** Readings that it tells owners of, newest first. */
  accesses: readonly AccessLogEntry[];
  /** Enters the source in the directory. */
  define(input: { name: string; baseUrl: string; node: Signer; vrf: Signer }): Promise<void>;
  /** @param input.identity - how it knows her; told to whoever reads format 2 */
  invite(input: { studyInstanceUid: string; label: string; identity?: CheckedIdentity; expiresAtMs?: number }): {
    invitation: Invitation;
    code: string;
  };
  /** Publishes what was claimed while publishing was paused. */
  publishClaimed(): Promise<void>;
  /** Takes a study off the ledger. */
  retire(studyId: Uint8Array): Promise<void>;
  /** Takes a study off the ledger, and answers from now on only that it was erased. */
  erase(studyId: Uint8Array): Promise<void>;
  /** Loses what owners left with it. */
  forgetNotes(): void;
  readonly desk: FakeDesk;
  /** Publishes a study on the oldest key that was left. */
  sendByLink(input: { studyInstanceUid: string; label: string; identity?: CheckedIdentity }): Promise<void>;
}

/** @param options.signer - the source's key, also its signing key */
export function createFakeGateway(options: {
  node: FakeNode;
  api: string;
  signer: Signer;
  privacyContact?: string;
}): FakeGateway {
  const { node, api, signer, privacyContact = '' } = options;
  const { chainId } = node;
  const source = signer.publicKey;
  const ledger = createNodeClient({ url: 'http://node.test', fetch: node.fetch });
  const invitations = new Map<string, HeldInvitation>();
  const studies = new Map<string, HeldStudy>();
  const boxes = new Map<string, Uint8Array[]>();
  let unpublished: { study: HeldStudy; owner: Uint8Array; acceptance: Uint8Array }[] = [];

  const submit = async (kind: 'define-source' | 'define-study' | 'retire-study', payload: never) => {
    const { bytes } = await createTransaction({ chainId, kind, signer, payload, expiryHeight: node.height + 100 });
    await ledger.submit(bytes);
  };
  const disclosureOf = (
    study: HeldStudy,
    { ownerKey, era, isFormat2 }: { ownerKey: Uint8Array; era: number; isFormat2: boolean },
  ): StudyDisclosure => {
    const { studySalt, contentSalt } = studySalts(study.secret);
    while (study.grantSalts.length <= era) study.grantSalts.push(randomBytes(32));
    return {
      source,
      studyId: study.studyId,
      ownerKey,
      era,
      studySalt,
      contentSalt,
      grantSalt: study.grantSalts[era] as Uint8Array,
      studyInstanceUid: study.studyInstanceUid,
      label: study.label,
      issuedAtMs: Date.now(),
      ...(study.note === undefined ? {} : { note: study.note }),
      ...(isFormat2 && study.identity !== undefined ? { identity: study.identity } : {}),
    };
  };

  const claim = async (bytes: Uint8Array, isFormat2: boolean): Promise<Response> => {
    const received = decodeClaim(bytes);
    const held = invitations.get(toHex(received.invitationId));
    if (held === undefined || held.triesLeft === 0) return refuse(404, 'INVITATION_UNKNOWN');
    try {
      await verifyClaim(received, held.invitation);
    } catch (error) {
      if (error instanceof HandoverError) return refuse(404, 'INVITATION_UNKNOWN');
      throw error;
    }
    if (received.code !== held.code) {
      held.triesLeft -= 1;
      return refuse(403, 'WRONG_CODE', { triesLeft: held.triesLeft });
    }
    if (held.claimedBy !== undefined && !equalBytes(held.claimedBy, received.ownerKey))
      return refuse(409, 'INVITATION_CLAIMED');
    if (held.claimedBy === undefined) {
      held.claimedBy = received.ownerKey;
      unpublished.push({ study: held.study, owner: received.ownerKey, acceptance: received.acceptance });
    }
    const disclosure = disclosureOf(held.study, { ownerKey: received.ownerKey, era: 0, isFormat2 });
    const sealed = await sealClaimReply({ claim: received, signer, disclosure });
    if (!fake.isPublishingPaused) await fake.publishClaimed();
    return octets(sealed);
  };

  const studySecret = async (bytes: Uint8Array, isFormat2: boolean): Promise<Response> => {
    const request = decodeStudySecretRequest(bytes);
    try {
      await verifyStudySecretRequest(request, { chainId, source, nowMs: Date.now() });
    } catch (error) {
      if (error instanceof HandoverError) return refuse(401, 'SIGNATURE_INVALID');
      throw error;
    }
    const held = studies.get(toHex(request.studyId));
    const { cell } = await ledger.study(source, request.studyId);
    const isOwners = cell !== undefined && equalBytes(cell.owner, request.ownerKey);
    const isDelegates = cell?.delegate !== undefined && equalBytes(cell.delegate.key, request.ownerKey);
    if (held === undefined || cell === undefined || !(isOwners || isDelegates)) return refuse(404, 'STUDY_UNKNOWN');
    if (isOwners && request.note !== undefined) held.note = { writtenAtMs: request.timeMs, sealed: request.note };
    const { note, ...told } = disclosureOf(held, { ownerKey: request.ownerKey, era: cell.era, isFormat2 });
    const disclosure = isOwners && note !== undefined ? { ...told, note } : told;
    return octets(await sealStudySecretReply({ request, signer, disclosure }));
  };

  const accessLog = async (bytes: Uint8Array): Promise<Response> => {
    const request = decodeAccessLogRequest(bytes);
    await verifyAccessLogRequest(request, { chainId, source, nowMs: Date.now() });
    const { cell } = await ledger.study(source, request.studyId);
    if (cell === undefined || !equalBytes(cell.owner, request.key)) return refuse(404, 'STUDY_UNKNOWN');
    const { before } = request;
    const left = fake.accesses.filter(({ position }) => before === undefined || toHex(position) < toHex(before));
    const entries = left.slice(0, ACCESS_LOG_ENTRIES_MAX);
    const log = { entries, isOlderLeft: left.length > entries.length, issuedAtMs: Date.now() };
    return octets(await sealAccessLog({ request, log, signer }));
  };

  const desk = createFakeDesk({ chainId, signer });
  const isOwner = async (studyId: Uint8Array, key: Uint8Array): Promise<boolean> => {
    const { cell } = await ledger.study(source, studyId);
    return cell !== undefined && equalBytes(cell.owner, key);
  };
  const mailbox = (id: string, init: RequestInit): Response => {
    if (!desk.mailboxes.has(id)) return refuse(404, 'MAILBOX_UNKNOWN');
    if (init.method === 'POST') desk.mailboxes.set(id, new Uint8Array(init.body as Uint8Array));
    const left = desk.mailboxes.get(id);
    return left === undefined ? new Response(null, { status: 204 }) : octets(left);
  };
  const hold = (input: Pick<HeldStudy, 'studyInstanceUid' | 'label'> & { identity?: CheckedIdentity | undefined }) => {
    const { studyInstanceUid, label, identity } = input;
    const secret = randomBytes(32);
    const { studySalt, grantSalt } = studySalts(secret);
    const studyId = studyIdOf({ source, studySalt, studyInstanceUid });
    const study: HeldStudy = { studyId, secret, studyInstanceUid, label, identity, grantSalts: [grantSalt] };
    studies.set(toHex(studyId), study);
    return study;
  };

  const fake: FakeGateway = {
    api,
    desk,
    source,
    boxes,
    accesses: [],
    isDown: false,
    isPublishingPaused: false,
    async define({ name, baseUrl, node: nodeSigner, vrf }) {
      const payload = {
        source,
        name,
        baseUrl,
        tlsPins: [randomBytes(32)],
        nodeKey: nodeSigner.publicKey,
        nodeKeyProof: await signKeyProof({ chainId, source, role: 'node', key: nodeSigner }),
        vrfKey: vrf.publicKey,
        vrfKeyProof: await signKeyProof({ chainId, source, role: 'vrf', key: vrf }),
        admission: undefined,
      };
      await submit('define-source', payload as never);
    },
    invite({ studyInstanceUid, label, identity, expiresAtMs = Date.now() + 86_400_000 }) {
      const study = hold({ studyInstanceUid, label, identity });
      const invitation = createInvitation({ chainId, gatewayApi: api, source, expiresAtMs });
      const code = '271828';
      invitations.set(toHex(invitation.invitationId), { invitation, code, study, triesLeft: 5 });
      return { invitation, code };
    },
    async sendByLink(input) {
      const [key, ...left] = desk.keys;
      if (key === undefined) throw new Error('no key was left');
      const study = hold(input);
      desk.keys = left;
      const { ownerKey: owner, acceptance } = key;
      unpublished.push({ study, owner, acceptance });
      await fake.publishClaimed();
      const { published } = desk.standing;
      desk.standing = { ...desk.standing, published: [{ studyId: study.studyId, key: owner }, ...published] };
    },
    async publishClaimed() {
      const claimed = unpublished;
      unpublished = [];
      for (const { study, owner, acceptance } of claimed) {
        const payload = { source, studyId: study.studyId, owner, acceptance, content: randomBytes(32) };
        await submit('define-study', payload as never);
      }
    },
    async erase(studyId) {
      await submit('retire-study', { source, studyId, reason: 'owner-request' } as never);
      studies.delete(toHex(studyId));
      desk.erased.set(toHex(studyId), {
        chainId,
        source,
        studyId,
        erasedAtMs: Date.now(),
        erased: ['study', 'claim', 'readings', 'messages'],
        stays: [{ what: 'ledger', untilMs: undefined }],
      });
    },
    forgetNotes() {
      for (const study of studies.values()) delete study.note;
    },
    retire: (studyId) => submit('retire-study', { source, studyId, reason: 'no-longer-held' } as never),
    async fetch(address, init) {
      if (fake.isDown) throw new TypeError('fetch failed');
      const { pathname: path, searchParams } = new URL(address);
      const isFormat2 = searchParams.get('disclosure') === '2';
      if (path.endsWith('/.well-known/radledger')) {
        return Response.json(wellKnownToJson(await createWellKnown({ chainId, source, api, privacyContact }, signer)));
      }
      const mailboxId = /^\/v1\/mailboxes\/([0-9a-f]{32})$/.exec(path)?.[1];
      if (mailboxId !== undefined) return mailbox(mailboxId, init);
      if (init.method !== 'POST') return refuse(404, 'NOT_FOUND');
      const body = new Uint8Array(init.body as Uint8Array);
      if (path === '/v1/claims') return claim(body, isFormat2);
      if (path === '/v1/study-secrets') return studySecret(body, isFormat2);
      if (path === '/v1/access-logs') return accessLog(body);
      if (path === '/v1/owner-requests') {
        const sealed = await desk.answer(body, isOwner);
        return sealed === undefined ? refuse(404, 'STUDY_UNKNOWN') : octets(sealed);
      }
      if (path === '/v1/erasure-notes') {
        const sealed = await desk.answerErased(body, isOwner);
        return sealed === undefined ? refuse(404, 'STUDY_UNKNOWN') : octets(sealed);
      }
      const box = /^\/v1\/boxes\/([0-9a-f]{32})$/.exec(path)?.[1];
      if (box === undefined) return refuse(404, 'NOT_FOUND');
      boxes.set(box, [...(boxes.get(box) ?? []), body]);
      return Response.json({}, { status: 202 });
    },
  };
  return fake;
}

function octets(bytes: Uint8Array): Response {
  return new Response(new Uint8Array(bytes), { status: 200, headers: { 'content-type': 'application/octet-stream' } });
}

function refuse(status: number, code: string, more: object = {}): Response {
  return Response.json({ error: { code, message: 'refused', ...more } }, { status });
}
