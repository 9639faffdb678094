/** One person's session: opens the vault, calls the wallet, and tells the screens what changed. Holds no rules of its own. */
import type { Invitation, SignedImageRequest } from '@radledger/handover';
import { CodedError, toHex } from '@radledger/primitives';
import type {
  Contact,
  CarriedProfile,
  HelperCards,
  NewDevice,
  OpenMailbox,
  Profile,
  ReadingView,
  RequestOrigin,
  SourceStanding,
  Wallet,
  WrapperKind,
} from '@radledger/wallet';
import type { StudyImages } from './images.js';
import { type Confirmation, firstConfirmation, notConfirmed } from './confirmation.js';
import type { OpenedLedger } from './ledger.js';
import { isLookAlike } from './look-alike.js';
import type { Origins } from './origins.js';
import type { Brought, BroughtWords, Profiles } from './profiles.js';
import { foldReadings, type Look } from './readings.js';
import { type Share, type Shelf, shelfOf, type Study } from './shelf.js';
import { type Trouble, troubleOf } from './trouble.js';

/** How often a hospital is asked about a study that went off the ledger whether it erased it: it does so a little later. */
const LOOKS_AT_GONE = 4;
const CLOCK_SKEW_MS_MAX = 5 * 60_000;
/** What opens her images to others is done without another question for this long after she confirmed that it is her. */
const CONFIRMED_FOR_MS = 5 * 60_000;
/** Hospitals are asked at least this often while the app is looked at: somebody may replace her access. One that did not answer sooner. */
const ASK_AGAIN_MS = { min: 60_000, max: 180_000 };

export interface SessionState {
  /** `new`: nothing rests on this device. */
  readonly phase: 'new' | 'locked' | 'open';
  /** What the device's holder is asked for. */
  readonly confirmsBy: 'passkey' | 'pin';
  /** Absent until it was read once. */
  readonly shelf?: Shelf | undefined;
  /** Those whose images this device has: the holder first, then those she acts for. None before it is open. */
  readonly profiles: readonly Pick<Profile, 'id' | 'name'>[];
  /** Whose images are shown; absent before it is open. */
  readonly profileId?: string;
  /** Ways back of whoever is shown, this device among them; the app nudges below two. */
  readonly wrappers: readonly WrapperKind[];
  /** Studies of anybody on this phone whose hospital was asked, by somebody at its desk, to replace her access. */
  readonly replacements: readonly Replacement[];
  /** How things stood at the hospital of each of her studies when it was asked last; none before that. */
  readonly standings: readonly SourceStanding[];
  /** Other phones that the images of whoever is shown were brought back on, and that she was not asked about. */
  readonly newDevices: readonly NewDevice[];
  /** Who looked since she looked last, while she wants to be told. */
  readonly news: readonly Look[];
  /** Whether she does. */
  readonly wantsNews: boolean;
  /** The newest reading failed: what is shown is as old as it says. */
  readonly isStale: boolean;
  /** Invitations of whoever is shown that were opened, and that no hospital has answered yet. */
  readonly unfinished: readonly Invitation[];
  /** What rested here was damaged and brought back: what was written down and not sent is lost, and she was not told yet. */
  readonly isMended: boolean;
}

/** Who asks for images, as she is told. */
export interface Origin {
  /** A name of the directory, or an address. */
  readonly who: string;
  /** What the request calls itself, proven by nothing; empty for nothing. */
  readonly displayName: string;
  /** `attested`: an authority vouched for the name; `listed`: nobody did; `address`: whoever runs it asks; `none`: anybody may. */
  readonly proof: 'attested' | 'listed' | 'address' | 'none';
  /** The same as the wallet keeps it and tells it to the hospital. */
  readonly proven: RequestOrigin;
}

/** A study on this device, and whose it is. */
export interface ClaimedStudy {
  readonly profileId: string;
  /** As on the shelf: 64 hex. */
  readonly studyId: string;
}

/** Somebody at a hospital's desk asked to replace her access to a study. */
export interface Replacement {
  readonly profileId: string;
  readonly studyId: Uint8Array;
  readonly dueAtMs: number;
  readonly label: string | undefined;
  readonly hospital: string | undefined;
}

/** What a session works with when more than the first screen is asked for. */
export interface Opening {
  readonly ledger: OpenedLedger;
  readonly profiles: Profiles;
}

export interface SessionPorts {
  /** What can open what rests on this device; asks nobody. */
  readonly wrappers: () => Promise<readonly WrapperKind[]>;
  /** Whom the app may ask; the session adds whom her requests lead to. */
  readonly origins: Origins;
  /** Loads the rest of the app and its settings; called again when it failed. */
  readonly prepare: () => Promise<Opening>;
  /** Asks the browser to keep what rests here for good; never fails. */
  readonly keepStored: () => Promise<void>;
  /** Measures from now on, in ms. */
  readonly startStopwatch: () => () => number;
}

/** Who looked, and of which studies nobody knows it, and why. */
export interface Looks {
  readonly looks: readonly Look[];
  readonly untold: readonly { readonly study: Study; readonly trouble: Trouble }[];
}

export class Session {
  readonly #ports: SessionPorts;
  readonly #listeners = new Set<() => void>();
  #preparing: Promise<Opening> | undefined;
  #prepared: Opening | undefined;
  /** When hospitals are asked again, of which one did not answer, and how long that is after they were asked. */
  #askAgainAtMs: number | undefined;
  #askAgainMs = ASK_AGAIN_MS.min;
  /** How often it was asked about each study that is gone, by its id. */
  readonly #looksAtGone = new Map<string, number>();
  /** How long ago the device's holder confirmed that it is her, in ms. */
  #sinceConfirmed: () => number = () => Infinity;
  #state: SessionState;

  private constructor(ports: SessionPorts, state: SessionState) {
    this.#ports = ports;
    this.#state = state;
  }

  static async start(ports: SessionPorts): Promise<Session> {
    // What rests here and cannot be read is no empty phone: it is opened by what brings it back.
    const found = await ports.wrappers().catch((error: unknown) => {
      if (error instanceof CodedError && error.code === 'VAULT_DAMAGED') return undefined;
      throw error;
    });
    const wrappers = found ?? [];
    const phase = found?.length === 0 ? 'new' : 'locked';
    const confirmsBy =
      wrappers.length === 0 ? await firstConfirmation() : wrappers.includes('passkey') ? 'passkey' : 'pin';
    return new Session(ports, {
      phase,
      wrappers,
      confirmsBy,
      profiles: [],
      replacements: [],
      standings: [],
      newDevices: [],
      news: [],
      wantsNews: true,
      isStale: false,
      isMended: false,
      unfinished: [],
    });
  }

  readonly getState = (): SessionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Loads what the first screen does without; whoever needs it waits for it. */
  prepare(): Promise<Opening> {
    this.#preparing ??= this.#ports.prepare().then(
      (opening) => {
        this.#prepared = opening;
        return opening;
      },
      (error: unknown) => {
        this.#preparing = undefined;
        throw error;
      },
    );
    return this.#preparing;
  }

  async chainId(): Promise<Uint8Array> {
    return (await this.prepare()).ledger.chainId;
  }

  /** The wallet of whoever is shown, or of another profile: for the session, and for what is loaded when it is used. */
  wallet(profileId = this.#state.profileId): Wallet {
    const wallet = this.#prepared?.profiles.wallet(profileId);
    if (wallet === undefined) throw new TypeError('the session is not open');
    return wallet;
  }

  /** The device turned out to have no check of its own that the vault can use. */
  usePin(): void {
    this.#change({ confirmsBy: 'pin' });
  }

  /** Asks the device's holder to confirm, and opens what rests here, or makes it at the first start. */
  async open(how: Confirmation, found?: Brought, input: { readonly replace?: boolean } = {}): Promise<void> {
    const { profiles } = await this.prepare();
    if (!profiles.isOpen) {
      this.#show(await profiles.open(how, found, input));
      this.#sinceConfirmed = this.#ports.startStopwatch();
    }
    const isMended = await profiles.mend((wallets) => this.#bringBack(wallets));
    if (isMended) this.#change({ isMended });
    if (this.#state.phase === 'open') return;
    this.#change({ phase: 'open' });
    void this.#arrive();
  }

  /** She was told that something was brought back. */
  knowMended(): void {
    this.#change({ isMended: false });
  }

  /** Whether the holder confirmed lately that it is her. */
  isConfirmed(): boolean {
    return this.#sinceConfirmed() <= CONFIRMED_FOR_MS;
  }

  /** Asks the holder of the open app to confirm that it is still her, unless she did lately. @throws as `OpenVault.confirm` */
  async confirm(how: Confirmation): Promise<void> {
    if (this.isConfirmed()) return;
    await this.#profiles.confirm(how);
    this.#sinceConfirmed = this.#ports.startStopwatch();
  }

  /**
   * Stands before everything that opens her images to somebody, on whatever screen it is asked for; never before a Stop.
   * @throws {WalletError} `PASSKEY_REFUSED` when she did not confirm lately
   */
  checkConfirmed(): void {
    if (!this.isConfirmed()) throw notConfirmed();
  }

  /** The study that this device claimed with an invitation, whosever it is; undefined when there is none, or nothing is open. */
  studyOf(invitation: Invitation): ClaimedStudy | undefined {
    const { profiles } = this.#state;
    for (const { id: profileId } of profiles) {
      const studyId = this.wallet(profileId).studyOfInvitation(invitation);
      if (studyId !== undefined) return { profileId, studyId: toHex(studyId) };
    }
    return undefined;
  }

  /** Shows the images of another person. */
  async switchTo(profileId: string): Promise<void> {
    const profile = this.#profiles.all().find(({ id }) => id === profileId);
    if (profile === undefined || profileId === this.#state.profileId) return;
    this.#show(profile);
    void this.#arrive();
    await this.refresh();
  }

  /** What hospitals have to say to whoever comes. */
  async #arrive(): Promise<void> {
    await this.askHospitals();
    await this.#findNews().catch(() => undefined);
  }

  /** Makes room for somebody whose images she looks after, and shows it; with words, brings their images back. */
  async addProfile(name: string, found?: BroughtWords): Promise<void> {
    const { profile, wallet } = await this.#profiles.add(name, found);
    this.#show(profile);
    await (found === undefined ? this.refresh() : this.#bringBack([wallet], found));
  }

  /**
   * Whether this device's clock is minutes away from that of the node that is asked: then times in links and answers mean nothing.
   * False when no node answers.
   */
  async isClockWrong(): Promise<boolean> {
    const theirs = await this.prepare()
      .then(({ ledger }) => ledger.timeOfNode())
      .catch(() => undefined);
    return theirs !== undefined && Math.abs(theirs - Date.now()) > CLOCK_SKEW_MS_MAX;
  }

  /** Who asks, as far as that is proven; nothing is while nobody can be asked. */
  async originOf(request: SignedImageRequest): Promise<Origin> {
    const { displayName } = request;
    const host = new URL(request.gatewayApi).host;
    this.#ports.origins.allow(request.gatewayApi);
    const proven = await this.wallet()
      .originOf(request)
      .catch(() => ({ kind: 'unproven', host }) as const);
    if (proven.kind === 'source') {
      const { ledger } = await this.prepare();
      const isConfirmed = ledger.isAttested && !isLookAlike(proven.name);
      return { who: proven.name, displayName, proof: isConfirmed ? 'attested' : 'listed', proven };
    }
    return { who: host, displayName, proof: proven.kind === 'https' ? 'address' : 'none', proven };
  }

  /** The name of a source as the directory has it; undefined when it has none. */
  async nameOf(source: Uint8Array): Promise<string | undefined> {
    const { ledger } = await this.prepare();
    const { sources } = await ledger.node.sources();
    return sources.find(({ id }) => toHex(id) === toHex(source))?.endpoint?.name;
  }

  /** Resolves when the hospital has answered; that the images are sealed shows on the shelf later. */
  async claim(invitation: Invitation, code: string): Promise<void> {
    const wallet = this.wallet();
    await new Promise<void>((resolve, reject) => {
      const onProgress = ({ step }: { step: string }): void => {
        if (step === 'claim-answered') resolve();
      };
      wallet
        .claim({ invitation, code }, { onProgress })
        .finally(() => this.refresh())
        .then(() => this.askHospitals())
        .catch(reject);
    });
    void this.#ports.keepStored();
    await this.refresh();
  }

  /**
   * Asks for another invitation than one that has ended: a hospital that has images of hers already is told, as she is known there.
   * @param text - what she says to it
   * @returns whether it was told; else whom she asks herself, where that is known
   */
  async askForLink(
    invitation: Invitation,
    text: string,
  ): Promise<{ readonly isTold: boolean; readonly contact?: string | undefined }> {
    const known = this.#shownWallet()
      ?.lastOverview()
      ?.studies.find(
        ({ source, role, status }) =>
          role === 'owner' && status === 'active' && toHex(source) === toHex(invitation.source),
      );
    const isTold =
      known !== undefined &&
      (await this.wallet()
        .order(known.studyId, { kind: 'tell-privacy-office', text })
        .then(
          () => true,
          () => false,
        ));
    if (isTold) return { isTold };
    return {
      isTold,
      contact: await this.wallet()
        .contactOf(invitation)
        .catch(() => undefined),
    };
  }

  /**
   * Lets the sender of a request see studies until a time. Written down first, so that nothing of it is lost; done when it resolves, or as
   * soon as the network is there.
   * @param input.receiptFor - what stood on her screen of one study
   */
  async allow(input: {
    readonly request: SignedImageRequest;
    readonly origin: Origin;
    readonly studies: readonly Study[];
    readonly notAfterMs: number;
    readonly receiptFor: (study: Study) => Uint8Array;
  }): Promise<void> {
    this.checkConfirmed();
    const wallet = this.wallet();
    const { request, studies, notAfterMs, receiptFor } = input;
    const origin = input.origin.proven;
    for (const study of studies) {
      await wallet.queueAllow({ studyId: study.studyId, request, origin, notAfterMs, receipt: receiptFor(study) });
    }
    await this.catchUp();
  }

  /** Holds back nothing that she allowed: it goes now, and all together. */
  async sendNow(): Promise<void> {
    await this.wallet().sendNow();
    await this.catchUp();
  }

  /** Ends shares: written down first, sent before everything else. */
  async stop(shares: readonly Share[]): Promise<void> {
    const wallet = this.wallet();
    for (const { study, tag } of shares) await wallet.queueStop({ studyId: study.studyId, tag });
    await Promise.all([this.refresh(), this.sendStops()]);
    await this.refresh();
    await this.catchUp();
  }

  /** She has seen that these will never be: they are shown no more. */
  async dismiss(shares: readonly Share[]): Promise<void> {
    const wallet = this.wallet();
    for (const { study, tag } of shares) await wallet.dismiss({ studyId: study.studyId, tag });
    await this.refresh();
  }

  /** Sends what anybody on this device stopped; waits for nothing else. */
  async sendStops(): Promise<void> {
    await Promise.all([...(this.#prepared?.profiles.wallets() ?? [])].map((wallet) => wallet.sendStops()));
  }

  /** Ends every share of whoever is shown that this phone knows, and whoever acts for her. */
  async stopEveryone(): Promise<void> {
    await this.wallet().queueStopAll();
    await this.refresh();
    await this.sendStops();
  }

  /** Ends what another phone allowed as well: reads the whole ledger for it, which may take a while. */
  async stopUnknown(): Promise<void> {
    const wallet = this.wallet();
    await wallet.findGrants();
    await wallet.queueStopAll();
    await this.catchUp();
  }

  /** She was asked about the other phones. */
  async knowDevices(): Promise<void> {
    await this.wallet().knowDevices();
    this.#change({ newDevices: [] });
  }

  /** Does what was asked for and is due, then reads the shelf anew. */
  async catchUp(): Promise<void> {
    await this.sendStops();
    for (const wallet of this.#prepared?.profiles.wallets() ?? []) {
      // What was written down while others were being done is due at once.
      for (let isDue = true; isDue; ) {
        const { nextAtMs } = await wallet.flush();
        isDue = nextAtMs !== undefined && nextAtMs <= Date.now();
      }
    }
    await this.refresh();
    await this.#findErasures();
    if (this.#askAgainAtMs !== undefined && this.#askAgainAtMs <= Date.now()) void this.#arrive();
  }

  /**
   * Who looked at each study, as its hospital tells; of `untold` it did not tell, or what it told did not hold. What she is shown now is no
   * news any more.
   */
  async looks(studies: readonly Study[]): Promise<Looks> {
    const wallet = this.wallet();
    const { readings, untold } = await readingsOf(wallet, studies);
    await wallet.noteReadingsSeen(
      readings.map(({ study: { studyId }, reading }) => ({ studyId, untilMs: reading.atMs })),
    );
    const news = this.#state.news.filter(({ study: { id } }) => !readings.some(({ study }) => study.id === id));
    if (wallet === this.#shownWallet()) this.#change({ news });
    return { looks: foldReadings(readings, this.#readers()), untold };
  }

  /** Whether she is told on the first screen who looked. */
  async wantNews(isWanted: boolean): Promise<void> {
    const wallet = this.wallet();
    this.#change({ wantsNews: isWanted, news: [] });
    await wallet.wantNews(isWanted).finally(() => this.#change({ wantsNews: this.wallet().wantsNews }));
    if (isWanted) await this.#findNews();
  }

  /** Looks who looked since she did; her own looking is no news. */
  async #findNews(): Promise<void> {
    const wallet = this.#shownWallet();
    if (wallet?.wantsNews !== true) return;
    const studies = (this.#state.shelf?.studies ?? []).filter(({ state }) => state === 'ready');
    const { readings } = await readingsOf(wallet, studies);
    if (wallet !== this.#shownWallet()) return;
    const unseen = readings.filter(({ study, reading }) => reading.atMs > wallet.readingsSeenUntil(study.studyId));
    this.#change({ news: foldReadings(unseen, this.#readers()).filter(({ who }) => who !== 'self') });
  }

  #readers(): Pick<Shelf, 'people' | 'chosen'> {
    const { people = [], chosen = [] } = this.#state.shelf ?? {};
    return { people, chosen };
  }

  /** Her own way to the pictures of a study. What fetches and checks them is loaded when it is used first. */
  async openImages({ studyId }: Study, signal: AbortSignal): Promise<StudyImages> {
    const reader = await this.wallet().openStudy(studyId, { signal });
    const { imagesOf } = await import('./images.js');
    return imagesOf(reader, signal);
  }

  /** From now on this PIN opens what rests here, and the one before does not. */
  async changePin(pin: string): Promise<void> {
    this.checkConfirmed();
    await this.#profiles.setPin(pin);
  }

  /** The twelve words, for the recovery sheet. */
  words(): string {
    this.checkConfirmed();
    return this.wallet().words();
  }

  async noteSheetMade(): Promise<void> {
    await this.#shown().noteSheetMade();
    this.#change({ wrappers: this.#shown().wrappers() });
  }

  /**
   * Three cards of sixteen words; any two bring back the images that are shown. The same ones until she asks for others.
   * @param input.areNew - she does: they do not fit the earlier ones
   */
  async helperCards(input: { readonly areNew?: boolean } = {}): Promise<HelperCards> {
    this.checkConfirmed();
    return input.areNew === true ? this.#shown().makeHelperCards() : this.#shown().helperCards();
  }

  async noteHelperCardsMade(): Promise<void> {
    await this.#shown().noteHelperCardsMade();
    this.#change({ wrappers: this.#shown().wrappers() });
  }

  /**
   * Brings everything back from paper, or from the passkey that is on this phone already; also on a phone that is locked and cannot be opened,
   * where nothing is lost that rests there.
   * @param input.replace - what rests on this phone goes
   * @throws {WalletError} `WORDS_OF_ANOTHER` when other images rest on this phone
   */
  async restore(found: Brought, how: Confirmation, input: { readonly replace?: boolean } = {}): Promise<void> {
    await this.open(how, found, input);
    await this.#bringBack([this.wallet()], found);
  }

  /** Everything that a new phone needs; for nobody but a phone whose words were compared. */
  carried(): readonly CarriedProfile[] {
    this.checkConfirmed();
    return this.#profiles.all().map(({ name, words }) => ({ name, words }));
  }

  /** Takes over what an old phone handed over: the holder first. What failed half-way goes on when it is called again. */
  async takeOver(
    [holder, ...others]: readonly CarriedProfile[],
    how: Confirmation,
    input: { readonly replace?: boolean } = {},
  ): Promise<void> {
    if (holder === undefined) throw new TypeError('an old phone hands over its holder');
    await this.open(how, holder, input);
    await this.#profiles.addCarried(others);
    this.#show(this.#profiles.all()[0] as Profile);
    await this.#bringBack(this.#profiles.wallets(), holder);
  }

  /** What a hospital does not tell now, it is asked for again while the app is open, and when it is opened. */
  async #bringBack(wallets: Iterable<Wallet>, found?: Brought): Promise<void> {
    void this.#ports.keepStored();
    const broughtBackBy = found === 'passkey' ? found : found && (found.from ?? 'phone');
    for (const wallet of wallets) {
      const { unanswered } = await wallet.restore(broughtBackBy === undefined ? {} : { broughtBackBy });
      if (unanswered.length > 0) this.#askAgain(false);
    }
    await this.catchUp(); // also tells her other phones
  }

  /** @param isAnswered - by all of them */
  #askAgain(isAnswered: boolean): void {
    this.#askAgainAtMs = Date.now() + (isAnswered ? ASK_AGAIN_MS.max : this.#askAgainMs);
    this.#askAgainMs = isAnswered ? ASK_AGAIN_MS.min : Math.min(ASK_AGAIN_MS.max, 2 * this.#askAgainMs);
  }

  /** Stops the replacing of her access, or says that it was she who asked: then it is done at once. */
  async answerReplacement({ profileId, studyId }: Replacement, answer: 'stop' | 'confirm'): Promise<void> {
    if (answer === 'confirm') this.checkConfirmed();
    const kind = answer === 'stop' ? 'stop-replacement' : 'confirm-replacement';
    await this.wallet(profileId).order(studyId, { kind });
    this.#change({ replacements: this.#state.replacements.filter((other) => other.studyId !== studyId) });
    await this.refresh();
  }

  /**
   * Takes in studies that came by themselves, lets more come, and hears whether somebody wants to replace her access: of whoever is shown, then
   * of everybody else on this phone. Asked again by `catchUp`.
   */
  async askHospitals(): Promise<void> {
    this.#askAgainAtMs = undefined;
    const shown = this.#shownWallet();
    let isUnanswered = false;
    for (const id of new Set([this.#state.profileId, ...this.#profiles.all().map((profile) => profile.id)])) {
      const wallet = this.#profiles.wallet(id);
      const asked = await wallet?.askSources({ startLinks: wallet === shown }).catch(() => undefined);
      isUnanswered ||= asked === undefined || asked.unanswered.length > 0;
      if (id === undefined || wallet === undefined || asked === undefined) continue;
      this.#noteReplacements(id, wallet, asked);
      if (wallet !== shown || wallet !== this.#shownWallet()) continue;
      this.#change({ standings: asked.standings });
      await wallet.lookForDevices().catch(() => undefined);
      await this.refresh();
    }
    this.#askAgain(!isUnanswered);
  }

  /** What a hospital said of replacing; what it did not say anything of now, stays. */
  #noteReplacements(
    profileId: string,
    wallet: Wallet,
    { standings, unanswered }: Awaited<ReturnType<Wallet['askSources']>>,
  ): void {
    const silent = new Set(unanswered.map(toHex));
    const stay = this.#state.replacements.filter(
      (other) => other.profileId !== profileId || silent.has(toHex(other.studyId)),
    );
    const studies = wallet.lastOverview()?.studies ?? [];
    const heard = standings.flatMap(({ studyId, replacement }): readonly Replacement[] => {
      if (replacement === undefined) return [];
      const study = studies.find((other) => toHex(other.studyId) === toHex(studyId));
      const { dueAtMs } = replacement;
      return [{ profileId, studyId, dueAtMs, label: study?.label, hospital: study?.sourceName }];
    });
    this.#change({ replacements: [...stay, ...heard] });
  }

  /** Whom the shown person asks: nobody while the app is locked, or nobody answers. */
  async contacts(): Promise<readonly Contact[]> {
    return (
      (await this.#shownWallet()
        ?.contacts()
        .catch(() => undefined)) ?? []
    );
  }

  /** Reads the shelf anew; without an answer it shows what was seen last, with its time. */
  async refresh(): Promise<void> {
    const wallet = this.#shownWallet();
    if (wallet === undefined) return;
    await wallet.takeInRoles().catch(() => undefined);
    const read = await wallet.overview().catch(() => undefined);
    if (wallet !== this.#shownWallet()) return;
    const overview = read ?? wallet.lastOverview();
    this.#profiles.allowKnown(overview);
    this.#change({
      isStale: read === undefined,
      newDevices: wallet.newDevices(),
      unfinished: wallet.unfinishedInvitations(),
      ...(overview && { shelf: shelfOf(overview, wallet.pending()) }),
    });
    if (read !== undefined) void this.#findShares(wallet);
  }

  /** Whether the hospital erased what went off the ledger, at the first looks that show it so. */
  async #findErasures(): Promise<void> {
    const wallet = this.#shownWallet();
    const looksAt = ({ id }: Study): number => this.#looksAtGone.get(id) ?? 0;
    const gone = (this.#state.shelf?.studies ?? []).filter(
      (study) => study.state === 'gone' && looksAt(study) < LOOKS_AT_GONE,
    );
    for (const study of gone) this.#looksAtGone.set(study.id, looksAt(study) + 1);
    if (wallet === undefined || gone.length === 0) return;
    const isAny = await wallet.takeErasures(gone.map(({ studyId }) => studyId)).catch(() => false);
    if (isAny) await this.refresh();
  }

  /** Looks for shares that were made elsewhere, and shows them: she may not have made them. */
  async #findShares(wallet: Wallet): Promise<void> {
    if (await wallet.findGrantsWhenDue().catch(() => false)) await this.refresh();
  }

  /** Her code for a clinic, good for 15 minutes. */
  openMailbox(study: Study): Promise<OpenMailbox> {
    return this.wallet().openMailbox(study.studyId);
  }

  /** What a clinic left in a mailbox, if anything yet. @throws {HandoverError} when it does not hold */
  async requestIn(mailbox: OpenMailbox, signal: AbortSignal): Promise<SignedImageRequest | undefined> {
    const request = await mailbox.read({ signal });
    if (request === undefined) return undefined;
    const { checkedRequest } = await import('./requests.js');
    return checkedRequest(request, { chainId: await this.chainId(), nowMs: Date.now() });
  }

  /** Tells a study's hospital that it is somebody else's; the hospital ends it at once. */
  async tellWrongPatient(study: Study): Promise<void> {
    await this.wallet().order(study.studyId, { kind: 'wrong-patient' });
    await this.refresh();
  }

  /** Sends the privacy office of a study's hospital one line. */
  async tellPrivacyOffice(study: Study, text: string): Promise<void> {
    await this.wallet().order(study.studyId, { kind: 'tell-privacy-office', text });
  }

  /** Of a session that is open, or is being opened. */
  get #profiles(): Profiles {
    if (this.#prepared === undefined) throw new TypeError('the session is not open');
    return this.#prepared.profiles;
  }

  #shownWallet(): Wallet | undefined {
    return this.#prepared?.profiles.wallet(this.#state.profileId);
  }

  #shown(): Profile {
    const profile = this.#profiles.all().find(({ id }) => id === this.#state.profileId);
    if (profile === undefined) throw new TypeError('the session is not open');
    return profile;
  }

  /** What was shown of somebody else goes at once. */
  #show(profile: Profile): void {
    const profiles = this.#profiles.all().map(({ id, name }) => ({ id, name }));
    const wrappers = profile.wrappers();
    this.#change({
      profiles,
      profileId: profile.id,
      wrappers,
      shelf: undefined,
      standings: [],
      newDevices: [],
      news: [],
      wantsNews: this.#profiles.wallet(profile.id)?.wantsNews ?? true,
      isStale: false,
      unfinished: [],
    });
  }

  #change(change: Partial<SessionState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** What the hospitals of these studies tell of who read them; of `untold` nothing that holds. */
async function readingsOf(
  wallet: Wallet,
  studies: readonly Study[],
): Promise<{
  readonly readings: readonly { readonly study: Study; readonly reading: ReadingView }[];
  readonly untold: Looks['untold'];
}> {
  const readings: { study: Study; reading: ReadingView }[] = [];
  const untold: Looks['untold'][number][] = [];
  for (const study of studies) {
    try {
      for (const reading of await wallet.whoLooked(study.studyId)) readings.push({ study, reading });
    } catch (error) {
      untold.push({ study, trouble: troubleOf(error, navigator.onLine) });
    }
  }
  return { readings, untold };
}
