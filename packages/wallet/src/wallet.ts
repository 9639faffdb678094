/** A patient's wallet: her keys, studies and grants. Spec: docs/spec/wallet-keys.md. */
import type { Invitation, Role, RoleAcceptance, RoleAnswer, RoleOffer, SignedImageRequest } from '@radledger/handover';
import { equalBytes } from '@radledger/primitives';
import { claim, unfinishedInvitations } from './claiming.js';
import { type Contact, contactOf, readContacts } from './contacts.js';
import { WalletError } from './errors.js';
import { allow, type AllowInput, deliverNotices, revoke } from './granting.js';
import { GrantSearch } from './grant-search.js';
import { deriveWalletKeys } from './keys.js';
import { noteReadingsSeen, readingsSeenUntil, type SeenReadings } from './news.js';
import { Outbox } from './outbox.js';
import {
  type AskOptions,
  askSources,
  leaveKeys,
  type OpenMailbox,
  openMailbox,
  order,
  type PlainOrder,
  type SourceStanding,
  takeErasures,
} from './ordering.js';
import { lastOverview, type Overview, readOverview } from './overview.js';
import type { StudyReader } from './reading.js';
import { originOf, type RequestOrigin } from './request-origin.js';
import { showGrants, showReadings, showStudies, showStudy } from './showing.js';
import { refreshSecrets } from './study-secrets.js';
import type {
  CallOptions,
  Finalized,
  GrantView,
  LongOptions,
  NewDevice,
  PendingView,
  ReadingView,
  StudyView,
} from './views.js';
import { WalletCore } from './wallet-core.js';
import type { WalletPorts } from './wallet-ports.js';
import { decodeWalletState, encodeWalletState, type WalletState } from './wallet-state.js';
import { entropyOf, generateEntropy, wordsOf } from './words.js';

/**
 * Makes a wallet with new words, and saves it.
 * @param input.words - those of another device or of a vault; default new ones
 * @param input.chainId - 32 bytes; given, no node is asked, and the wallet is made offline
 * @throws {WalletError} `WALLET_EXISTS` | `WORDS_INVALID`; {ClientError} of the node
 */
export async function createWallet(
  ports: WalletPorts,
  input: { words?: string; profile?: number; chainId?: Uint8Array } = {},
): Promise<Wallet> {
  if ((await ports.store.load()) !== undefined) {
    throw new WalletError({ code: 'WALLET_EXISTS' }, 'the store holds a wallet already');
  }
  const entropy = input.words === undefined ? generateEntropy() : entropyOf(input.words);
  const chainId = input.chainId ?? (await ports.node.status()).chainId;
  const state: WalletState = {
    format: 5,
    chainId,
    entropy,
    profile: input.profile ?? 0,
    branches: [],
    pendingClaims: [],
    acceptedRoles: [],
    studies: [],
    todos: [],
    seen: undefined,
    devices: [],
    news: { isOff: false, seen: [] },
  };
  await ports.store.save(encodeWalletState(state));
  return walletOf(ports, state);
}

/** Opens the wallet of a store; undefined when there is none. @throws {WalletError} `SNAPSHOT_MALFORMED` */
export async function openWallet(ports: WalletPorts): Promise<Wallet | undefined> {
  const snapshot = await ports.store.load();
  return snapshot === undefined ? undefined : walletOf(ports, decodeWalletState(snapshot));
}

async function walletOf(ports: WalletPorts, state: WalletState): Promise<Wallet> {
  return new Wallet(new WalletCore(ports, state, await deriveWalletKeys(state.entropy, state.profile)));
}

/** One profile of one seed on one ledger. Calls may overlap. */
export class Wallet {
  readonly #core: WalletCore;
  readonly #outbox: Outbox;
  readonly #search: GrantSearch;

  /** Use `createWallet` or `openWallet`. */
  constructor(core: WalletCore) {
    this.#core = core;
    this.#outbox = new Outbox(core);
    this.#search = new GrantSearch(core);
  }

  get chainId(): Uint8Array {
    return this.#core.chainId;
  }

  /** The twelve words. Whoever has them has everything. */
  words(): string {
    return wordsOf(this.#core.state.entropy);
  }

  /**
   * Claims a study and waits until the source has published it for this wallet's key. May be called again after any
   * failure: the same claim is sent again, no key is used twice.
   * @throws {WalletError} `WRONG_CHAIN` | `EXPIRED` | `SOURCE_UNKNOWN` | `NOT_PUBLISHED`; {ClientError} of the gateway;
   *   {WalletError} `ANSWER_INVALID`
   */
  claim(
    input: { invitation: Invitation; code: string; publishTimeoutMs?: number },
    options: LongOptions = {},
  ): Promise<StudyView> {
    return claim(this.#core, input, options);
  }

  /** The study that this device claimed with an invitation: whoever opens that once more needs no code. Asks nobody. */
  studyOfInvitation(invitation: Pick<Invitation, 'source' | 'invitationId'>): Uint8Array | undefined {
    return this.#core.state.studies.find(
      ({ source, invitationId }) =>
        invitationId !== undefined &&
        equalBytes(invitationId, invitation.invitationId) &&
        equalBytes(source, invitation.source),
    )?.studyId;
  }

  /** Invitations that a claim was made for and no source has answered yet, and that have not ended: `claim` goes on with them. Asks nobody. */
  unfinishedInvitations(): readonly Invitation[] {
    return unfinishedInvitations(this.#core);
  }

  /** The studies of this wallet with their status on the ledger. */
  studies(options: CallOptions = {}): Promise<readonly StudyView[]> {
    return showStudies(this.#core, options);
  }

  /** All studies with their sources' names and their grants, read together and kept for `lastOverview`. */
  overview(options: CallOptions = {}): Promise<Overview> {
    return readOverview({ core: this.#core, search: this.#search }, options);
  }

  /**
   * The last overview, with its time, and in it what she asked for since; asks nobody. A study claimed since has no status yet and is shown
   * as awaiting publication.
   * @returns undefined when none was ever read
   */
  lastOverview(): Overview | undefined {
    return lastOverview(this.#core);
  }

  /** Whom she asks about her images. @throws {ClientError} of the node; a gateway that does not answer is one without a contact */
  contacts(options: CallOptions = {}): Promise<readonly Contact[]> {
    return readContacts(this.#core, options);
  }

  /** Whom the hospital of an invitation says that patients ask. @throws {WalletError} `SOURCE_UNKNOWN` | `GATEWAY_UNKNOWN`; {ClientError} of the node */
  contactOf(
    invitation: Pick<Invitation, 'source' | 'gatewayApi'>,
    options: CallOptions = {},
  ): Promise<string | undefined> {
    return contactOf(this.#core, invitation, options);
  }

  /** @throws {WalletError} `STUDY_UNKNOWN` */
  study(studyId: Uint8Array, options: CallOptions = {}): Promise<StudyView> {
    return showStudy(this.#core, studyId, options);
  }

  /** The grants of a study with their status on the ledger. @throws {WalletError} `STUDY_UNKNOWN` */
  grants(studyId: Uint8Array, options: CallOptions = {}): Promise<readonly GrantView[]> {
    return showGrants(this.#core, studyId, options);
  }

  /**
   * Opens a study at its source, for her own eyes or her own copy. The manifest is checked against the ledger.
   * @throws {WalletError} `STUDY_UNKNOWN` | `STUDY_NOT_ACTIVE` | `SOURCE_UNKNOWN` | `GATEWAY_UNKNOWN`; {ClientError}, `MALFORMED_RESPONSE`
   *   also when the manifest is not what the ledger commits to
   */
  async openStudy(studyId: Uint8Array, options: CallOptions = {}): Promise<StudyReader> {
    const { openStudy } = await import('./reading.js');
    return openStudy(this.#core, studyId, options);
  }

  /**
   * Who read a study since it is this owner's, newest first, as the source tells and signs; at most 1,000.
   * @throws {WalletError} `STUDY_UNKNOWN` | `SOURCE_UNKNOWN` | `GATEWAY_UNKNOWN` | `ANSWER_INVALID`; {ClientError}
   */
  whoLooked(studyId: Uint8Array, options: CallOptions = {}): Promise<readonly ReadingView[]> {
    return showReadings(this.#core, studyId, options);
  }

  /** When the newest reading of a study was that she has seen, Unix ms by its source's clock; 0 for none. @throws {WalletError} `STUDY_UNKNOWN` */
  readingsSeenUntil(studyId: Uint8Array): number {
    return readingsSeenUntil(this.#core, this.#core.record(studyId));
  }

  /** Remembers which readings she has seen; an earlier time than is known changes nothing. @throws {WalletError} `STUDY_UNKNOWN` */
  noteReadingsSeen(seen: readonly SeenReadings[]): Promise<void> {
    return noteReadingsSeen(this.#core, seen);
  }

  /** Whether she wants to be told of readings that she has not seen; she does until she says otherwise. */
  get wantsNews(): boolean {
    return !this.#core.state.news.isOff;
  }

  wantNews(isWanted: boolean): Promise<void> {
    return this.#core.update(({ news }) => ({ news: { ...news, isOff: !isWanted } }));
  }

  /**
   * Lets the sender of an image request fetch one study until an end date, waits until that is final, and delivers the
   * sealed notice.
   * @param input.notAfterMs - in the future, at most ten years ahead
   * @param input.receipt - a consent receipt: its hash is bound into the Allow, itself is kept and left sealed at the source
   * @throws {WalletError} `END_DATE_REFUSED` | `STUDY_UNKNOWN` | `STUDY_NOT_ACTIVE` | `VIEW_STALE` | `NOT_OWNER`;
   *   {HandoverError} when the request does not hold; {ClientError} of the node. A notice that could not be delivered is
   *   not an error: see `noticeDelivered` and `deliverNotices`.
   */
  allow(
    input: AllowInput,
    options: LongOptions = {},
  ): Promise<Finalized & { readonly tag: Uint8Array; readonly noticeDelivered: boolean }> {
    return allow(this.#core, input, options);
  }

  /**
   * Who asks, as far as it can be proven: asks the address in the request, and the ledger.
   * @throws {HandoverError} when the request does not hold; {ClientError} when the ledger cannot be read
   */
  originOf(request: SignedImageRequest, options: CallOptions = {}): Promise<RequestOrigin> {
    return originOf(this.#core, request, options);
  }

  /**
   * Writes down that a grant shall end; asks nobody. `flush` sends it, before everything else. An Allow that was not sent yet is taken back.
   * @throws {WalletError} `STUDY_UNKNOWN` | `GRANT_UNKNOWN`
   */
  queueStop(input: { studyId: Uint8Array; tag: Uint8Array }): Promise<void> {
    return this.#outbox.stop(input);
  }

  /**
   * Writes down that the sender of an image request shall be allowed; asks nobody but a source that has not told the salts yet. `flush` sends it: the first of one sitting at once, each
   * further one at a random time within ten minutes, so that the ledger does not show them as one person's.
   * @param input.notAfterMs - the grant ends with this UTC day: see `endOfDay`, which a screen shows too
   * @param input.sendNow - all at once: the person does not want to wait, and was told what it shows
   * @returns the grant's tag
   * @throws {WalletError} `STUDY_UNKNOWN`, and as `refreshSecrets` while the salts are not known; {HandoverError} when the request does not hold
   */
  queueAllow(input: AllowInput & { readonly sendNow?: boolean }): Promise<Uint8Array> {
    return this.#outbox.allow(input);
  }

  /**
   * Holds nothing back any more: `flush` sends all that wait. For a person who does not want to wait, and was told what it shows: that what
   * arrives together is one person's.
   */
  sendNow(): Promise<void> {
    return this.#outbox.sendNow();
  }

  /**
   * What she asks of somebody: to act for her in some studies, or to take them over. Shown as a link or square; binds nobody.
   * @param input.displayName - what she calls herself there
   * @param input.studyIds - 1 to `ROLE_STUDIES_MAX`
   * @throws {WalletError} `STUDY_UNKNOWN` | `NOT_OWNER`
   */
  async offerRole(input: { role: Role; displayName: string; studyIds: readonly Uint8Array[] }): Promise<RoleOffer> {
    const { offerRole } = await import('./role-exchange.js');
    return offerRole(this.#core, input);
  }

  /**
   * Agrees to what somebody offers, with a fresh key for each study. Asked again it gives the same.
   * @param input.displayName - what this person calls herself
   * @returns the bytes of a role answer; `roleAnswerWords` has what both people compare
   * @throws {WalletError} `WRONG_CHAIN` | `EXPIRED` | `SOURCE_UNKNOWN`; {ClientError} of the node; {HandoverError} `TEXT_REFUSED`
   */
  async answerOffer(input: { offer: RoleOffer; displayName: string }, options: CallOptions = {}): Promise<Uint8Array> {
    const { answerOffer } = await import('./role-exchange.js');
    return answerOffer(this.#core, input, options);
  }

  /**
   * Takes in the studies whose ledger names a key of an answer by now. For an app that is opened, and while it is looked at: nobody is asked
   * when nothing was answered. @throws {ClientError} of the node
   */
  async takeInRoles(options: CallOptions = {}): Promise<void> {
    if (this.#core.state.acceptedRoles.length === 0) return;
    const { takeInRoles } = await import('./role-exchange.js');
    await takeInRoles(this.#core, options);
  }

  /**
   * Writes down that who answered shall be her delegate, or the next owner, of the studies in the answer; asks nobody. `flush` sends it, the
   * first study at once, each further one at a random time within ten minutes. A move ends all grants and the delegate.
   * @param input.answer - as `readRoleAnswerLink` gave it
   * @param input.notAfterMs - a delegation ends with this UTC day; not used for a move
   * @throws {WalletError} `STUDY_UNKNOWN` | `NOT_OWNER` | `ACCEPTANCE_MISMATCH`
   */
  queueRole(input: { answer: RoleAnswer; notAfterMs: number }): Promise<void> {
    return this.#outbox.give(input);
  }

  /**
   * Writes down that the delegate of a study shall be none any more; asks nobody. `flush` sends it before everything else. What she allowed
   * stays until it is stopped. @throws {WalletError} `STUDY_UNKNOWN`
   */
  queueEndDelegate(studyId: Uint8Array): Promise<void> {
    return this.#outbox.endDelegate(studyId);
  }

  /**
   * Reads the whole state for grants of these studies that this wallet does not know: those that a delegate made, another phone of hers, or
   * whoever has her words. Slow on a large ledger.
   * @returns whether there was one
   * @throws {ClientError} of the node
   */
  findGrants(options: CallOptions = {}): Promise<boolean> {
    return this.#search.everywhere(options);
  }

  /**
   * The same after an `overview` that showed an Allow which no known grant explains, and after the first one; else it reads nothing. On a
   * ledger of more than some 60,000 cells it finds nothing: that is left to `findGrants`.
   * @returns whether there was one: then a new `overview` shows it
   * @throws {ClientError} of the node
   */
  findGrantsWhenDue(options: CallOptions = {}): Promise<boolean> {
    return this.#search.whenDue(options);
  }

  /**
   * Writes down that every grant of this wallet shall end, and every delegation; asks nobody. `flush` sends them, before everything else.
   * Grants of another device are found by `lookForDevices` and `findGrants` first.
   */
  queueStopAll(): Promise<void> {
    return this.#outbox.stopAll();
  }

  /** What is written down and not done. */
  pending(): readonly PendingView[] {
    return this.#outbox.pending();
  }

  /** Forgets what was refused about a grant. @throws {WalletError} `STUDY_UNKNOWN` */
  dismiss(input: { studyId: Uint8Array; tag: Uint8Array }): Promise<void> {
    return this.#outbox.dismiss(input);
  }

  /**
   * Sends what she stopped, all together, and waits until it is final; other work that goes on meanwhile delays nothing of it. What fails
   * stays written down.
   */
  sendStops(options: LongOptions = {}): Promise<void> {
    return this.#outbox.sendStops(options);
  }

  /**
   * Does what is due: Stops first and all together, then Allows, then notices and notes. What fails is tried again after 10 s, then after
   * twice as long each time up to an hour. To be called when the app opens, when the network comes back, and at `nextAtMs`.
   * @returns how much is left, and when the next of it is due
   */
  flush(options: LongOptions = {}): Promise<{ readonly left: number; readonly nextAtMs?: number }> {
    return this.#outbox.flush(options);
  }

  /** Delivers the notices that their recipients' gateways have not taken yet. @returns how many are still left */
  deliverNotices(options: LongOptions = {}): Promise<number> {
    return deliverNotices(this.#core, options);
  }

  /**
   * Ends one grant. Counts from first sight at the source's gateway; the call returns when it is final.
   * @throws {WalletError} `STUDY_UNKNOWN` | `GRANT_UNKNOWN`; {ClientError} of the node
   */
  revoke(input: { studyId: Uint8Array; tag: Uint8Array }, options: LongOptions = {}): Promise<Finalized> {
    return revoke(this.#core, input, options);
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
    const { setDelegate } = await import('./roles.js');
    return setDelegate(this.#core, input, options);
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
    const { receiveDelegation } = await import('./roles.js');
    return receiveDelegation(this.#core, input, options);
  }

  /** Ends the delegation; grants that the delegate made stay until revoked. @throws {WalletError} `NOT_OWNER` | `VIEW_STALE` */
  async removeDelegate(studyId: Uint8Array, options: LongOptions = {}): Promise<Finalized> {
    const { removeDelegate } = await import('./roles.js');
    return removeDelegate(this.#core, studyId, options);
  }

  /**
   * Moves a study to a new key: this wallet's own next one when no acceptance is given, else another person's. All
   * grants and the delegate end.
   * @throws {WalletError} `ACCEPTANCE_MISMATCH` | `NOT_OWNER` | `STUDY_NOT_ACTIVE` | `VIEW_STALE`
   */
  async moveOwner(
    input: { studyId: Uint8Array; acceptance?: Omit<RoleAcceptance, 'sealingKey'> },
    options: LongOptions = {},
  ): Promise<Finalized> {
    const { moveOwner } = await import('./roles.js');
    return moveOwner(this.#core, input, options);
  }

  /** A fresh key's consent to become delegate or next owner of somebody's study; hand its text to that owner. */
  async acceptRole(
    input: { source: Uint8Array; studyId: Uint8Array; role: 'owner' | 'delegate' },
    options: CallOptions = {},
  ): Promise<RoleAcceptance> {
    const { acceptRole } = await import('./roles.js');
    return acceptRole(this.#core, input, options);
  }

  /**
   * Orders something of a study's source: to end it for being somebody else's, to stop or confirm that her access is replaced, to pause, resume
   * or end the standing link, to tell the privacy office something; or only looks.
   * @returns how things stand then
   * @throws {WalletError} `STUDY_UNKNOWN` | `SOURCE_UNKNOWN` | `GATEWAY_UNKNOWN`; {ClientError} `REFUSED` with reason `NO_STANDING_LINK`, `NO_REPLACEMENT`, ...
   */
  order(studyId: Uint8Array, what: PlainOrder, options: CallOptions = {}): Promise<SourceStanding> {
    return order(this.#core, studyId, what, options);
  }

  /**
   * Leaves keys with a study's source, so that later studies reach this wallet without an invitation: as many as make ten, when fewer than
   * five are left. @throws as `order`, and `TOO_MANY_UNPUBLISHED`
   */
  leaveKeys(studyId: Uint8Array, options: CallOptions = {}): Promise<SourceStanding> {
    return leaveKeys(this.#core, studyId, options);
  }

  /**
   * Asks the sources of all studies how things stand: for an app that is opened. Takes in studies that came on keys left there, leaves new keys
   * where few are left and a link is active, and asks again for what a source did not tell at a restore.
   * @returns also the studies whose source did not answer
   */
  askSources(
    options: AskOptions = {},
  ): Promise<{ readonly standings: readonly SourceStanding[]; readonly unanswered: readonly Uint8Array[] }> {
    return askSources(this.#core, options);
  }

  /**
   * Asks the sources of studies that the ledger shows as retired whether they erased them: a source does that a little later, and an app that
   * is open then would hear of it at its next opening only. Sources that do not answer are passed over.
   * @returns whether one did: then a new `overview` shows its note
   * @throws {WalletError} `STUDY_UNKNOWN`
   */
  takeErasures(studyIds: readonly Uint8Array[], options: CallOptions = {}): Promise<boolean> {
    return takeErasures(this.#core, studyIds, options);
  }

  /** Opens a mailbox at a study's source for 15 minutes: a clinic that is shown its link leaves an image request there. @throws as `order` */
  openMailbox(studyId: Uint8Array, options: CallOptions = {}): Promise<OpenMailbox> {
    return openMailbox(this.#core, studyId, options);
  }

  /**
   * Asks the source for the salts of the study's current era, its UID and label, and for the note left there.
   * @throws {WalletError} `GATEWAY_UNKNOWN` | `STUDY_UNKNOWN`; {ClientError}; {HandoverError}
   */
  async refreshSecrets(studyId: Uint8Array, options: CallOptions = {}): Promise<void> {
    await refreshSecrets(this.#core, studyId, options);
  }

  /** Other devices that her images were brought back on and that she has not been asked about yet, newest first. */
  newDevices(): readonly NewDevice[] {
    return this.#core.state.devices
      .filter(({ standing }) => standing === 'new')
      .map(({ atMs, by }): NewDevice => ({ atMs, by }));
  }

  /** Remembers that she was asked about them; other devices ask her too. */
  knowDevices(): Promise<void> {
    return this.#core.update(({ devices }) => ({
      devices: devices.map((device) =>
        device.standing === 'new' ? { ...device, standing: 'known' as const } : device,
      ),
    }));
  }

  /**
   * Reads the note of one study of each source for devices that her images were brought back on: for an app that is opened. Sources that do
   * not answer are passed over.
   */
  async lookForDevices(options: CallOptions = {}): Promise<void> {
    const { lookForDevices } = await import('./device-watch.js');
    if (await lookForDevices(this.#core, options)) await this.#outbox.leaveNotes();
  }

  /**
   * Finds this seed's studies on the ledger: walks every source of the directory, compares keys with downloaded buckets,
   * then asks each source for what it keeps. Also finds studies that a source published on a key agreed in advance, and
   * studies where this wallet became owner or delegate. Nothing that is known is lost by it.
   * @param input.findAllGrants - read the whole state for grants that no note remembers however large it is: see `findGrantsWhenDue`
   * @param input.broughtBackBy - this device had nothing of hers before: her other devices are told (`newDevices`), by the notes that `flush`
   *   leaves
   * @returns how many studies are known, and those whose source did not answer
   */
  async restore(
    input: { findAllGrants?: boolean; broughtBackBy?: NewDevice['by'] } = {},
    options: LongOptions = {},
  ): Promise<{ readonly studies: number; readonly unanswered: readonly Uint8Array[] }> {
    const { restore } = await import('./recovering.js');
    const found = await restore({ core: this.#core, search: this.#search }, input, options);
    if (input.broughtBackBy !== undefined) await this.#outbox.leaveNotes();
    return found;
  }
}
