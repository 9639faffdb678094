/** A patient's wallet: her keys, studies and grants. Spec: docs/spec/wallet-keys.md. */
import type { StudyCell } from '@radledger/chain';
import { isLive } from '@radledger/chain';
import {
  createClaim,
  createRoleAcceptance,
  decodeClaim,
  decodeInvitation,
  encodeInvitation,
  generateSealingKeyPair,
  type Invitation,
  openClaimReply,
  openDelegation,
  type RoleAcceptance,
  type SignedImageRequest,
  sealDelegation,
  sealGrantNotice,
  verifyImageRequest,
} from '@radledger/handover';
import { equalBytes, toHex } from '@radledger/primitives';
import {
  createTransaction,
  isKind,
  openingOf,
  type PayloadOf,
  recipientTag,
  signMoveAcceptance,
  type TransactionKind,
} from '@radledger/transactions';
import { WalletError } from './errors.js';
import { branchOf, deriveWalletKeys, type WalletKeys } from './keys.js';
import { type Head, LedgerView } from './ledger-view.js';
import { GAP_LIMIT, RESTORED_SKIP, walkBranches } from './restoring.js';
import { SourceDialogue } from './source-dialogue.js';
import {
  type CallOptions,
  type Finalized,
  type GrantView,
  type LongOptions,
  type StudyView,
  type ReadingView,
  studyViewOf,
} from './views.js';
import type { WalletPorts } from './wallet-ports.js';
import {
  decodeWalletState,
  encodeWalletState,
  type GrantRecord,
  type Requester,
  type StudyRecord,
  type StudySecrets,
  type WalletState,
} from './wallet-state.js';
import { entropyOf, generateEntropy, wordsOf } from './words.js';

/** Longest grant: 3,653 days (ten years), in milliseconds; the default of the ledger's parameter `grantDurationMaxMs`. */
export const GRANT_MS_MAX = 3_653 * 24 * 3_600_000;
/** How far ahead of the newest finalized block a transaction may still enter one; the protocol's own limit is 512. */
const EXPIRY_BLOCKS = 256;
const VIEW_AGE_MS_MAX = 60_000;
const READINGS_MAX = 1_000;
const PUBLISH_TIMEOUT_MS = 10 * 60_000;

/** Makes a wallet with new words, and saves it. @throws {WalletError} `WALLET_EXISTS` */
export async function createWallet(
  ports: WalletPorts,
  input: { words?: string; profile?: number } = {},
): Promise<Wallet> {
  if ((await ports.store.load()) !== undefined) {
    throw new WalletError({ code: 'WALLET_EXISTS' }, 'the store holds a wallet already');
  }
  const entropy = input.words === undefined ? generateEntropy() : entropyOf(input.words);
  const { chainId } = await ports.node.status();
  const state: WalletState = {
    format: 1,
    chainId,
    entropy,
    profile: input.profile ?? 0,
    branches: [],
    pendingClaims: [],
    acceptedRoles: [],
    studies: [],
  };
  const wallet = new Wallet(ports, state, await deriveWalletKeys(entropy, state.profile));
  await ports.store.save(encodeWalletState(state));
  return wallet;
}

/** Opens the wallet of a store; undefined when there is none. @throws {WalletError} `SNAPSHOT_MALFORMED` */
export async function openWallet(ports: WalletPorts): Promise<Wallet | undefined> {
  const snapshot = await ports.store.load();
  if (snapshot === undefined) return undefined;
  const state = decodeWalletState(snapshot);
  return new Wallet(ports, state, await deriveWalletKeys(state.entropy, state.profile));
}

/** One profile of one seed on one ledger. Calls that write must not overlap. */
export class Wallet {
  readonly #ports: WalletPorts;
  readonly #keys: WalletKeys;
  readonly #ledger: LedgerView;
  readonly #source: SourceDialogue;
  #state: WalletState;

  /** Use `createWallet` or `openWallet`. */
  constructor(ports: WalletPorts, state: WalletState, keys: WalletKeys) {
    this.#ports = ports;
    this.#state = state;
    this.#keys = keys;
    this.#ledger = new LedgerView(ports.node, state.chainId);
    this.#source = new SourceDialogue(ports, this.#ledger, keys);
  }

  get chainId(): Uint8Array {
    return this.#state.chainId;
  }

  /** The twelve words. Whoever has them has everything. */
  words(): string {
    return wordsOf(this.#state.entropy);
  }

  /**
   * Claims a study and waits until the source has published it for this wallet's key. May be called again after any
   * failure: the same claim is sent again, no key is used twice.
   * @throws {WalletError} `WRONG_CHAIN` | `EXPIRED` | `SOURCE_UNKNOWN` | `NOT_PUBLISHED`; {ClientError} of the gateway;
   *   {HandoverError} when the reply does not hold
   */
  async claim(
    input: { invitation: Invitation; code: string; publishTimeoutMs?: number },
    options: LongOptions = {},
  ): Promise<StudyView> {
    const { invitation } = input;
    if (!equalBytes(invitation.chainId, this.chainId)) {
      throw new WalletError(
        { code: 'WRONG_CHAIN', expected: toHex(this.chainId), actual: toHex(invitation.chainId) },
        'the invitation is for another ledger',
      );
    }
    if (invitation.expiresAtMs <= this.#now()) {
      throw new WalletError(
        { code: 'EXPIRED', expiresAtMs: invitation.expiresAtMs },
        'the invitation has ended; ask for a new one',
      );
    }
    const source = await this.#ledger.source(invitation.source, options.signal);
    const pending = await this.#pendingClaim(invitation, input.code, options.signal);
    options.onProgress?.({ step: 'claim-sent' });
    const sealed = await this.#ports
      .gateway(invitation.gatewayApi, source)
      .claim(pending.claim, { ...signalOf(options) });
    const sealingKeyPair = { publicKey: pending.sealingPublicKey, privateKey: pending.sealingPrivateKey };
    const { disclosure, receipt } = await openClaimReply({
      claim: pending.claim,
      sealed,
      sealingKeyPair,
      signingKey: source.signingKey,
    });
    const record: StudyRecord = {
      source: invitation.source,
      studyId: disclosure.studyId,
      role: 'owner',
      branch: pending.branch,
      keyIndex: pending.keyIndex,
      secrets: secretsOf(disclosure),
      gatewayApi: invitation.gatewayApi,
      receipt,
      grants: [],
    };
    const invitationBytes = encodeInvitation(invitation);
    await this.#save({
      pendingClaims: this.#state.pendingClaims.filter((other) => !equalBytes(other.invitation, invitationBytes)),
      studies: [...this.#state.studies.filter((other) => !isSameStudy(other, record)), record],
    });
    options.onProgress?.({ step: 'claim-answered', studyId: record.studyId });
    await this.#waitUntilPublished(record, input.publishTimeoutMs ?? PUBLISH_TIMEOUT_MS, options);
    return this.study(record.studyId, options);
  }

  /** The studies of this wallet with their status on the ledger. */
  async studies(options: CallOptions = {}): Promise<readonly StudyView[]> {
    await this.#ledger.head(options.signal);
    const cells = await this.#ledger.studies(this.#state.studies, options.signal);
    return this.#state.studies.map((record, index) => this.#viewOf(record, cells[index]));
  }

  /** @throws {WalletError} `STUDY_UNKNOWN` */
  async study(studyId: Uint8Array, options: CallOptions = {}): Promise<StudyView> {
    const record = this.#record(studyId);
    return this.#viewOf(record, await this.#ledger.study(record.source, record.studyId, options.signal));
  }

  /** The grants of a study with their status on the ledger. @throws {WalletError} `STUDY_UNKNOWN` */
  async grants(studyId: Uint8Array, options: CallOptions = {}): Promise<readonly GrantView[]> {
    const record = this.#record(studyId);
    const { timestampMs } = await this.#ledger.head(options.signal);
    const study = await this.#ledger.study(record.source, record.studyId, options.signal);
    const tags = record.grants.map(({ tag }) => tag);
    const cells = await this.#ledger.grants(record.source, record.studyId, tags, options.signal);
    return record.grants.map((grant, index): GrantView => {
      const cell = cells[index];
      const live =
        study !== undefined &&
        cell !== undefined &&
        isLive({ study, grant: cell, finalizedTimestampMs: timestampMs, nowMs: this.#now() });
      const status = cell === undefined ? 'absent' : live ? 'live' : cell.revoked ? 'revoked' : 'ended';
      const { requester } = grant;
      return {
        tag: grant.tag,
        status,
        notAfterMs: cell?.notAfterMs ?? grant.notAfterMs,
        noticeDelivered: grant.noticeDelivered,
        ...(requester === undefined
          ? {}
          : { recipientKey: requester.recipientKey, reason: requester.reason, gatewayApi: requester.gatewayApi }),
      };
    });
  }

  /**
   * Who read a study since it is this owner's, newest first, as the source tells and signs; at most 1,000.
   * @throws {WalletError} `STUDY_UNKNOWN` | `SOURCE_UNKNOWN` | `GATEWAY_UNKNOWN`; {ClientError}; {HandoverError} when the answer does not hold
   */
  async whoLooked(studyId: Uint8Array, options: CallOptions = {}): Promise<readonly ReadingView[]> {
    const record = this.#record(studyId);
    const entries = await this.#source.accessLog(record, { entriesMax: READINGS_MAX, ...signalOf(options) });
    return entries.map(({ position: _, ...entry }) => {
      const asked = record.grants.find(
        ({ requester }) => requester && equalBytes(requester.recipientKey, entry.reader),
      );
      return { ...entry, ...(asked?.requester && { reason: asked.requester.reason }) };
    });
  }

  /**
   * Lets the sender of an image request fetch one study until an end date, waits until that is final, and delivers the
   * sealed notice.
   * @param input.notAfterMs - in the future, at most ten years ahead
   * @param input.consentReceiptHash - 32 bytes, salted: binds the text that was shown
   * @throws {WalletError} `END_DATE_REFUSED` | `STUDY_UNKNOWN` | `STUDY_NOT_ACTIVE` | `VIEW_STALE` | `NOT_OWNER`;
   *   {HandoverError} when the request does not hold; {ClientError} of the node. A notice that could not be delivered is
   *   not an error: see `noticeDelivered` and `deliverNotices`.
   */
  async allow(
    input: { studyId: Uint8Array; request: SignedImageRequest; notAfterMs: number; consentReceiptHash?: Uint8Array },
    options: LongOptions = {},
  ): Promise<Finalized & { readonly tag: Uint8Array; readonly noticeDelivered: boolean }> {
    const { request, notAfterMs } = input;
    await verifyImageRequest(request, { chainId: this.chainId, nowMs: this.#now() });
    const head = await this.#freshHead(options.signal);
    this.#checkEnd(notAfterMs, head);
    const active = await this.#activeStudy(input.studyId, options);
    if (active.record.role === 'delegate' && notAfterMs > (active.cell.delegate?.notAfterMs ?? 0)) {
      throw new WalletError(
        { code: 'END_DATE_REFUSED', rule: 'beyond-delegation' },
        'a delegate cannot allow beyond her own end date',
      );
    }
    const { secrets } = active;
    const { recipientKey } = request;
    const tag = recipientTag(openingOf(secrets.grantSalt, recipientKey), recipientKey);
    const sequence = await this.#nextSequence(active.record, tag, head, options.signal);
    const { source, studyId } = active.record;
    const requester: Requester = {
      recipientKey,
      sealingKey: request.sealingKey,
      gatewayApi: request.gatewayApi,
      boxId: request.boxId,
      reason: request.reason,
    };
    const grant: GrantRecord = {
      tag,
      requester,
      sequence,
      notAfterMs,
      recordedAtMs: this.#now(),
      noticeDelivered: false,
    };
    // Before it is sent: when the answer is lost, she must still see and be able to end what may stand on the ledger.
    await this.#recordGrant(studyId, grant);
    const done = await this.#transact(
      'allow-access',
      {
        source,
        studyId,
        tag,
        sequence,
        notAfterMs,
        scope: 0,
        consentReceiptHash: input.consentReceiptHash,
      },
      active.record,
      head,
      options,
    );
    const noticeDelivered = await this.#deliver(this.#record(studyId), grant, options);
    await this.#leaveNote(studyId, options);
    return { ...done, tag, noticeDelivered };
  }

  /** Delivers the notices that their recipients' gateways have not taken yet. @returns how many are still left */
  async deliverNotices(options: LongOptions = {}): Promise<number> {
    let left = 0;
    for (const record of this.#state.studies) {
      const waiting = record.grants.filter(
        (grant) => !grant.noticeDelivered && grant.requester !== undefined && grant.notAfterMs > this.#now(),
      );
      if (waiting.length === 0) continue;
      // A notice tells what the study is: nobody hears that whose grant has ended meanwhile.
      const views = await this.grants(record.studyId, signalOf(options));
      const live = views.filter(({ status }) => status === 'live').map(({ tag }) => toHex(tag));
      for (const grant of waiting) {
        if (live.includes(toHex(grant.tag)) && !(await this.#deliver(record, grant, options))) left += 1;
      }
    }
    return left;
  }

  /**
   * Ends one grant. Counts from first sight at the source's gateway; the call returns when it is final.
   * @throws {WalletError} `STUDY_UNKNOWN` | `GRANT_UNKNOWN`; {ClientError} of the node
   */
  async revoke(input: { studyId: Uint8Array; tag: Uint8Array }, options: LongOptions = {}): Promise<Finalized> {
    const record = this.#record(input.studyId);
    const known = record.grants.find(({ tag }) => equalBytes(tag, input.tag));
    const head = await this.#ledger.head(options.signal);
    const [cell] = await this.#ledger.grants(record.source, record.studyId, [input.tag], options.signal);
    if (known === undefined && cell === undefined) {
      throw new WalletError({ code: 'GRANT_UNKNOWN' }, 'this study has no such grant');
    }
    const last = Math.max(cell?.sequence ?? 0, known?.sequence ?? 0);
    const sequence = Math.max(last + 1, head.timestampMs);
    const { source, studyId } = record;
    const done = await this.#transact(
      'revoke-access',
      { source, studyId, tag: input.tag, sequence },
      record,
      head,
      options,
    );
    if (known !== undefined) await this.#recordGrant(studyId, { ...known, sequence });
    return done;
  }

  /**
   * Names a delegate, who may then allow and revoke for this study until an end date.
   * @param input.acceptance - from the delegate's own wallet
   * @returns also the text that the delegate's wallet needs (`receiveDelegation`), sealed to it
   * @throws {WalletError} `ACCEPTANCE_MISMATCH` | `NOT_OWNER` | `END_DATE_REFUSED` | `STUDY_NOT_ACTIVE` | `VIEW_STALE`
   */
  async setDelegate(
    input: { studyId: Uint8Array; acceptance: RoleAcceptance; notAfterMs: number },
    options: LongOptions = {},
  ): Promise<Finalized & { readonly delegation: string }> {
    const head = await this.#freshHead(options.signal);
    this.#checkEnd(input.notAfterMs, head);
    const { record } = await this.#ownedStudy(input.studyId, options);
    this.#checkAcceptance(input.acceptance, record, 'delegate');
    const { secrets } = await this.#activeStudy(input.studyId, options);
    const { key, acceptance } = input.acceptance;
    const { source, studyId } = record;
    const delegation = await sealDelegation({ chainId: this.chainId, source, studyId, ...secrets }, input.acceptance);
    const payload = { source, studyId, delegate: { key, acceptance }, notAfterMs: input.notAfterMs };
    return { ...(await this.#transact('set-delegate', payload, record, head, options)), delegation };
  }

  /**
   * Takes in what an owner sealed for this wallet when she made it her delegate.
   * @throws {WalletError} `STUDY_UNKNOWN` when the role was not accepted here | `NOT_OWNER` when the ledger does not name
   *   this wallet's key as delegate; {HandoverError} when the text does not hold
   */
  async receiveDelegation(
    input: { source: Uint8Array; studyId: Uint8Array; delegation: string },
    options: CallOptions = {},
  ): Promise<StudyView> {
    const { source, studyId } = input;
    const accepted = this.#state.acceptedRoles.findLast((role) => role.role === 'delegate' && isSameStudy(role, input));
    if (accepted === undefined)
      throw new WalletError({ code: 'STUDY_UNKNOWN' }, 'this wallet did not accept that role');
    const { branch, keyIndex } = accepted;
    const key = this.#keys.ownerKey(branch, keyIndex);
    const opened = await openDelegation({
      text: input.delegation,
      chainId: this.chainId,
      source,
      studyId,
      key,
      sealingKeyPair: await this.#keys.sealingKeyPair(branch, keyIndex),
    });
    const cell = await this.#ledger.study(source, studyId, options.signal);
    if (cell?.delegate === undefined || !equalBytes(cell.delegate.key, key)) {
      throw new WalletError({ code: 'NOT_OWNER' }, 'the ledger does not name this wallet as delegate');
    }
    const known = this.#state.studies.find((other) => isSameStudy(other, input));
    const record: StudyRecord = {
      source,
      studyId,
      role: 'delegate',
      branch,
      keyIndex,
      secrets: secretsOf(opened),
      gatewayApi: undefined,
      receipt: undefined,
      grants: known?.grants ?? [],
    };
    await this.#save({ studies: [...this.#state.studies.filter((other) => other !== known), record] });
    return this.#viewOf(record, cell);
  }

  /** Ends the delegation; grants that the delegate made stay until revoked. @throws {WalletError} `NOT_OWNER` | `VIEW_STALE` */
  async removeDelegate(studyId: Uint8Array, options: LongOptions = {}): Promise<Finalized> {
    const head = await this.#freshHead(options.signal);
    const { record } = await this.#ownedStudy(studyId, options);
    const payload = { source: record.source, studyId, delegate: undefined, notAfterMs: 0 };
    return this.#transact('set-delegate', payload, record, head, options);
  }

  /**
   * Moves a study to a new key: this wallet's own next one when no acceptance is given, else another person's. All
   * grants and the delegate end.
   * @throws {WalletError} `ACCEPTANCE_MISMATCH` | `NOT_OWNER` | `STUDY_NOT_ACTIVE` | `VIEW_STALE`
   */
  async moveOwner(
    input: { studyId: Uint8Array; acceptance?: RoleAcceptance },
    options: LongOptions = {},
  ): Promise<Finalized> {
    const head = await this.#freshHead(options.signal);
    const { record } = await this.#ownedStudy(input.studyId, options);
    const { source, studyId, branch } = record;
    if (input.acceptance !== undefined) {
      this.#checkAcceptance(input.acceptance, record, 'owner');
      const { key, acceptance } = input.acceptance;
      return this.#transact('move-owner', { source, studyId, newOwner: key, acceptance }, record, head, options);
    }
    const keyIndex = await this.#takeIndices(branch, 1, options.signal);
    const newOwner = await this.#keys.ownerSigner(branch, keyIndex);
    const acceptance = await signMoveAcceptance({ chainId: this.chainId, source, studyId, newOwner });
    const payload = { source, studyId, newOwner: newOwner.publicKey, acceptance };
    const done = await this.#transact('move-owner', payload, record, head, options);
    const { secrets: _, ...rest } = record;
    await this.#saveStudy({ ...rest, secrets: undefined, keyIndex, grants: [] });
    await this.refreshSecrets(studyId, options);
    return done;
  }

  /** A fresh key's consent to become delegate or next owner of somebody's study; hand its text to that owner. */
  async acceptRole(
    input: { source: Uint8Array; studyId: Uint8Array; role: 'owner' | 'delegate' },
    options: CallOptions = {},
  ): Promise<RoleAcceptance> {
    await this.#ledger.source(input.source, options.signal);
    const branch = branchOf(input.source);
    const keyIndex = await this.#takeIndices(branch, 1, options.signal);
    await this.#save({ acceptedRoles: [...this.#state.acceptedRoles, { ...input, branch, keyIndex }] });
    const signer = await this.#keys.ownerSigner(branch, keyIndex);
    const { publicKey: sealingKey } = await this.#keys.sealingKeyPair(branch, keyIndex);
    return createRoleAcceptance({ chainId: this.chainId, ...input, signer, sealingKey });
  }

  /**
   * Asks the source for the salts of the study's current era, its UID and label, and for the note left there.
   * @throws {WalletError} `GATEWAY_UNKNOWN` | `STUDY_UNKNOWN`; {ClientError}; {HandoverError}
   */
  async refreshSecrets(studyId: Uint8Array, options: CallOptions = {}): Promise<void> {
    const record = this.#record(studyId);
    const { disclosure, receipt, api } = await this.#source.ask(record, options);
    const noted = disclosure.note === undefined ? [] : await this.#source.openNote(record, disclosure.note.sealed);
    const known = this.#record(studyId).grants;
    const grants = [...known, ...noted.filter(({ tag }) => !known.some((grant) => equalBytes(grant.tag, tag)))];
    await this.#saveStudy({
      ...this.#record(studyId),
      secrets: secretsOf(disclosure),
      receipt,
      gatewayApi: api,
      grants,
    });
  }

  /**
   * Finds this seed's studies on the ledger: walks every source of the directory, compares keys with downloaded buckets,
   * then asks each source for what it keeps. Also finds studies that a source published on a key agreed in advance, and
   * studies where this wallet became owner or delegate. Nothing that is known is lost by it.
   * @param input.findAllGrants - also read the whole state for grants that no note remembers
   * @returns how many studies are known, and those whose source did not answer
   */
  async restore(
    input: { findAllGrants?: boolean } = {},
    options: LongOptions = {},
  ): Promise<{ readonly studies: number; readonly unanswered: readonly Uint8Array[] }> {
    const sources = await this.#ledger.directory(options.signal);
    const found = await walkBranches({
      ledger: this.#ledger,
      keys: this.#keys,
      branches: new Set(sources.map(({ id }) => branchOf(id))),
      nextIndexOf: (branch) => this.#nextIndex(branch),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      ...signalOf(options),
    });
    let { studies, branches } = this.#state;
    for (const { source, studyId, role, branch, keyIndex } of found) {
      const known = studies.find((record) => isSameStudy(record, { source, studyId }));
      const base = known ?? {
        source,
        studyId,
        secrets: undefined,
        gatewayApi: undefined,
        receipt: undefined,
        grants: [],
      };
      studies = [...studies.filter((record) => record !== known), { ...base, role, branch, keyIndex }];
      // Claims that were not published yet may have promised the keys behind the last match.
      const nextIndex = Math.max(
        this.#nextIndexIn(branches, branch),
        keyIndex + 1 + (known === undefined ? RESTORED_SKIP : 0),
      );
      branches = [...branches.filter((entry) => entry.branch !== branch), { branch, nextIndex }];
    }
    await this.#save({ studies, branches });
    const unanswered: Uint8Array[] = [];
    for (const record of this.#state.studies) {
      if (record.role === 'delegate') continue;
      try {
        await this.refreshSecrets(record.studyId, options);
      } catch {
        options.signal?.throwIfAborted();
        unanswered.push(record.studyId);
      }
      options.onProgress?.({
        step: 'source-asked',
        studyId: record.studyId,
        answered: !unanswered.includes(record.studyId),
      });
    }
    if (input.findAllGrants === true || unanswered.length > 0) await this.#findAllGrants(options);
    return { studies: this.#state.studies.length, unanswered };
  }

  async #findAllGrants(options: LongOptions): Promise<void> {
    const all = await this.#ledger.allGrants(this.#state.studies, options.signal);
    const studies = this.#state.studies.map((record): StudyRecord => {
      const found = all.get(`${toHex(record.source)}/${toHex(record.studyId)}`) ?? [];
      const unknown = found.filter(({ tag }) => !record.grants.some((grant) => equalBytes(grant.tag, tag)));
      const added = unknown.map(
        ({ tag, cell }): GrantRecord => ({
          tag,
          requester: undefined,
          sequence: cell.sequence,
          notAfterMs: cell.notAfterMs,
          recordedAtMs: 0,
          noticeDelivered: true,
        }),
      );
      return { ...record, grants: [...record.grants, ...added] };
    });
    await this.#save({ studies });
  }

  async #pendingClaim(
    invitation: Invitation,
    code: string,
    signal: AbortSignal | undefined,
  ): Promise<WalletState['pendingClaims'][number]> {
    const invitationBytes = encodeInvitation(invitation);
    const known = this.#state.pendingClaims.find((pending) => equalBytes(pending.invitation, invitationBytes));
    if (known !== undefined && decodeClaim(known.claim).code === code) return known;
    const branch = branchOf(decodeInvitation(invitationBytes).source);
    // A mistyped code asks for another claim, not for other keys.
    const keyIndex = known?.keyIndex ?? (await this.#takeIndices(branch, 1, signal));
    const owner = await this.#keys.ownerSigner(branch, keyIndex);
    const sealing = await generateSealingKeyPair();
    const pending = {
      invitation: invitationBytes,
      claim: await createClaim({ invitation, code, owner, prekeys: [], sealingKey: sealing.publicKey }),
      branch,
      keyIndex,
      sealingPublicKey: sealing.publicKey,
      sealingPrivateKey: sealing.privateKey,
    };
    await this.#save({ pendingClaims: [...this.#state.pendingClaims.filter((other) => other !== known), pending] });
    return pending;
  }

  async #waitUntilPublished(record: StudyRecord, timeoutMs: number, options: LongOptions): Promise<void> {
    const ownerKey = this.#keys.ownerKey(record.branch, record.keyIndex);
    const published = await this.#ledger.waitFor({
      isDone: async () => {
        const cell = await this.#ledger.study(record.source, record.studyId, options.signal);
        return cell !== undefined && equalBytes(cell.owner, ownerKey);
      },
      matches: (signed) =>
        isKind(signed, 'define-study') && equalBytes(signed.transaction.payload.studyId, record.studyId),
      timeoutMs,
      signal: options.signal,
    });
    if (published) return;
    throw new WalletError(
      { code: 'NOT_PUBLISHED', waitedMs: timeoutMs },
      'the study is claimed; the source has not published it yet',
    );
  }

  async #transact<K extends TransactionKind>(
    kind: K,
    payload: PayloadOf<K>,
    record: StudyRecord,
    head: Head,
    options: LongOptions,
  ): Promise<Finalized> {
    const signer = await this.#keys.ownerSigner(record.branch, record.keyIndex);
    const expiryHeight = kind === 'revoke-access' ? 0 : head.height + EXPIRY_BLOCKS;
    const { bytes, txId } = await createTransaction({ chainId: this.chainId, kind, signer, expiryHeight, payload });
    await this.#ports.node.submit(bytes, signalOf(options));
    options.onProgress?.({ step: 'submitted', txId });
    const { height } = await this.#ports.node.waitForFinalized(txId, {
      fromHeight: head.height + 1,
      ...(expiryHeight === 0 ? {} : { expiryHeight }),
      ...signalOf(options),
    });
    options.onProgress?.({ step: 'finalized', txId, height });
    return { txId, height };
  }

  async #nextSequence(record: StudyRecord, tag: Uint8Array, head: Head, signal?: AbortSignal): Promise<number> {
    const [cell] = await this.#ledger.grants(record.source, record.studyId, [tag], signal);
    const known = record.grants.find((grant) => equalBytes(grant.tag, tag))?.sequence ?? 0;
    return Math.max(Math.max(cell?.sequence ?? 0, known) + 1, head.timestampMs);
  }

  /** Seals the notice of a grant and posts it; false when the gateway did not take it. */
  async #deliver(record: StudyRecord, grant: GrantRecord, options: LongOptions): Promise<boolean> {
    const { secrets } = record;
    const { requester } = grant;
    if (secrets === undefined || requester?.boxId === undefined) return false;
    const { recipientKey, boxId } = requester;
    const sealed = await sealGrantNotice(
      {
        chainId: this.chainId,
        boxId,
        recipientKey,
        source: record.source,
        studyId: record.studyId,
        studySalt: secrets.studySalt,
        contentSalt: secrets.contentSalt,
        studyInstanceUid: secrets.studyInstanceUid,
        opening: openingOf(secrets.grantSalt, recipientKey),
        notAfterMs: grant.notAfterMs,
        label: secrets.label,
      },
      requester.sealingKey,
    );
    try {
      await this.#ports.gateway(requester.gatewayApi).leaveNotice(boxId, sealed, signalOf(options));
    } catch {
      // The grant stands on the ledger either way; `deliverNotices` tries again.
      options.signal?.throwIfAborted();
      return false;
    }
    await this.#recordGrant(record.studyId, { ...grant, noticeDelivered: true });
    options.onProgress?.({ step: 'notice-delivered' });
    return true;
  }

  /** Leaves the sealed list of grants at the source. Best effort: without it, stopping still works. */
  async #leaveNote(studyId: Uint8Array, options: CallOptions): Promise<void> {
    const record = this.#record(studyId);
    if (record.role !== 'owner') return;
    try {
      await this.#source.ask(record, { note: await this.#source.sealNote(record), ...options });
    } catch {
      options.signal?.throwIfAborted();
    }
  }

  /** A study that exists, is not retired, and whose salts of the current era are known. */
  async #activeStudy(
    studyId: Uint8Array,
    options: CallOptions,
  ): Promise<{ record: StudyRecord; cell: StudyCell; secrets: StudySecrets }> {
    const record = this.#record(studyId);
    const cell = await this.#ledger.study(record.source, record.studyId, options.signal);
    const { status } = this.#viewOf(record, cell);
    if (cell === undefined || status !== 'active') {
      throw new WalletError({ code: 'STUDY_NOT_ACTIVE', state: status }, 'the study cannot be shared now');
    }
    // A source answers owners only; a delegate waits for the owner's next delegation.
    if (record.secrets?.era !== cell.era && record.role === 'owner') await this.refreshSecrets(studyId, options);
    const current = this.#record(studyId);
    if (current.secrets === undefined)
      throw new WalletError({ code: 'NOT_OWNER' }, 'the salts of this study are not known');
    return { record: current, cell, secrets: current.secrets };
  }

  async #ownedStudy(studyId: Uint8Array, options: CallOptions): Promise<{ record: StudyRecord; cell: StudyCell }> {
    const record = this.#record(studyId);
    const cell = await this.#ledger.study(record.source, record.studyId, options.signal);
    const { status } = this.#viewOf(record, cell);
    if (cell === undefined || status !== 'active') {
      throw new WalletError({ code: 'STUDY_NOT_ACTIVE', state: status }, 'the study is not active');
    }
    if (record.role !== 'owner') throw new WalletError({ code: 'NOT_OWNER' }, 'only the owner may do this');
    return { record, cell };
  }

  #viewOf(record: StudyRecord, cell: StudyCell | undefined): StudyView {
    return studyViewOf(record, cell, this.#keys.ownerKey(record.branch, record.keyIndex));
  }

  #checkEnd(notAfterMs: number, head: Head): void {
    const nowMs = Math.max(this.#now(), head.timestampMs);
    if (!Number.isSafeInteger(notAfterMs) || notAfterMs <= nowMs) {
      throw new WalletError({ code: 'END_DATE_REFUSED', rule: 'past' }, 'the end date must lie ahead');
    }
    if (notAfterMs > head.timestampMs + GRANT_MS_MAX) {
      throw new WalletError({ code: 'END_DATE_REFUSED', rule: 'too-far' }, 'the end date must lie within ten years');
    }
  }

  #checkAcceptance(acceptance: RoleAcceptance, record: StudyRecord, role: 'owner' | 'delegate'): void {
    const mismatch = (field: string) =>
      new WalletError({ code: 'ACCEPTANCE_MISMATCH', field }, `the acceptance is for another ${field}`);
    if (!equalBytes(acceptance.chainId, this.chainId)) throw mismatch('chainId');
    if (!equalBytes(acceptance.source, record.source)) throw mismatch('source');
    if (!equalBytes(acceptance.studyId, record.studyId)) throw mismatch('studyId');
    if (acceptance.role !== role) throw mismatch('role');
  }

  async #freshHead(signal?: AbortSignal): Promise<Head> {
    const head = await this.#ledger.head(signal);
    if (head.viewAgeMs <= (this.#ports.viewAgeMsMax ?? VIEW_AGE_MS_MAX)) return head;
    throw new WalletError(
      { code: 'VIEW_STALE', viewAgeMs: head.viewAgeMs },
      'the node has heard nothing new for too long',
    );
  }

  #record(studyId: Uint8Array): StudyRecord {
    const record = this.#state.studies.find((candidate) => equalBytes(candidate.studyId, studyId));
    if (record !== undefined) return record;
    throw new WalletError({ code: 'STUDY_UNKNOWN' }, 'this wallet has no such study');
  }

  async #recordGrant(studyId: Uint8Array, grant: GrantRecord): Promise<void> {
    const record = this.#record(studyId);
    const others = record.grants.filter(({ tag }) => !equalBytes(tag, grant.tag));
    await this.#saveStudy({ ...record, grants: [...others, grant] });
  }

  #saveStudy(record: StudyRecord): Promise<void> {
    return this.#save({
      studies: this.#state.studies.map((other) => (isSameStudy(other, record) ? record : other)),
    });
  }

  #nextIndex(branch: number): number {
    return this.#nextIndexIn(this.#state.branches, branch);
  }

  #nextIndexIn(branches: WalletState['branches'], branch: number): number {
    return branches.find((entry) => entry.branch === branch)?.nextIndex ?? 0;
  }

  /**
   * Reserves `count` indices, durably, before any of their keys is shown to anybody. Indices whose keys stand on the ledger
   * already (another device with the same words used them) are passed over.
   * @returns the first
   */
  async #takeIndices(branch: number, count: number, signal?: AbortSignal): Promise<number> {
    let first = this.#nextIndex(branch);
    await this.#checkGap(branch, first + count, signal);
    for (;;) {
      const keys = Array.from({ length: count }, (_, offset) => this.#keys.ownerKey(branch, first + offset));
      const lastUsed = (await this.#ledger.owners(keys, signal)).findLastIndex((cell) => cell !== undefined);
      if (lastUsed === -1) break;
      first += lastUsed + 1;
    }
    const others = this.#state.branches.filter((entry) => entry.branch !== branch);
    await this.#save({ branches: [...others, { branch, nextIndex: first + count }] });
    return first;
  }

  /** Refuses an index that a restore from the words would not reach: too many keys before it lead to no study. */
  async #checkGap(branch: number, nextIndex: number, signal?: AbortSignal): Promise<void> {
    if (nextIndex < GAP_LIMIT) return;
    const keys = Array.from({ length: GAP_LIMIT - 1 }, (_, offset) =>
      this.#keys.ownerKey(branch, nextIndex - GAP_LIMIT + offset),
    );
    if ((await this.#ledger.owners(keys, signal)).some((cell) => cell !== undefined)) return;
    throw new WalletError(
      { code: 'TOO_MANY_UNPUBLISHED', limit: GAP_LIMIT - 1 },
      'too many invitations of this source were claimed and never published; ask it to publish or withdraw them',
    );
  }

  async #save(change: Partial<WalletState>): Promise<void> {
    const next = { ...this.#state, ...change };
    await this.#ports.store.save(encodeWalletState(next));
    this.#state = next;
  }

  #now(): number {
    return (this.#ports.now ?? Date.now)();
  }
}

function secretsOf(disclosure: StudySecrets): StudySecrets {
  const { era, studySalt, contentSalt, grantSalt, studyInstanceUid, label } = disclosure;
  return { era, studySalt, contentSalt, grantSalt, studyInstanceUid, label };
}

function isSameStudy(
  a: { source: Uint8Array; studyId: Uint8Array },
  b: { source: Uint8Array; studyId: Uint8Array },
): boolean {
  return equalBytes(a.studyId, b.studyId) && equalBytes(a.source, b.source);
}

function signalOf({ signal }: CallOptions): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
