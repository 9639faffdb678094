/** What an owner orders of her sources, and what they tell her when her app is opened. Spec: docs/spec/links.md, sections 16 and 17. */
import { isRefusal } from '@radledger/client';
import {
  createMailbox,
  encodeMailboxLink,
  generateSealingKeyPair,
  MAILBOX_LIFETIME_MS,
  openMailboxRequest,
  type OwnerOrder,
  type OwnerReply,
  type SignedImageRequest,
} from '@radledger/handover';
import { equalBytes, toHex } from '@radledger/primitives';
import { signAcceptance } from '@radledger/transactions';
import { isNameless } from './noted-grants.js';
import { refreshSecrets } from './study-secrets.js';
import type { CallOptions } from './views.js';
import { isSameStudy, signalOf, type WalletCore } from './wallet-core.js';
import { erasureNoteOf, type StudyRecord } from './wallet-state.js';

/** Keys that are left with a source; well below what a restore passes over. */
const KEYS_LEFT_MAX = 10;
/** With fewer than these left, more are left. */
const KEYS_LEFT_MIN = 5;

/** How things stand at the source of one study. */
export type SourceStanding = Omit<OwnerReply, 'published'>;

export interface AskOptions extends CallOptions {
  /** Leaves keys also with sources that never had any, so that later studies come by themselves; default not. */
  readonly startLinks?: boolean;
}

/** An order that needs nothing but its words. */
export type PlainOrder = Exclude<OwnerOrder, { readonly kind: 'leave-keys' | 'open-mailbox' }>;

/** Her code for a clinic, and what comes of it. */
export interface OpenMailbox {
  readonly expiresAtMs: number;
  /** @param pageUrl - the page that opens codes, without a fragment */
  link(pageUrl: string): string;
  /** What a clinic left, if anything yet; not verified. @throws {ClientError} `REFUSED` with reason `MAILBOX_UNKNOWN` when its time is over; {HandoverError} */
  read(options?: CallOptions): Promise<SignedImageRequest | undefined>;
}

/** See `Wallet.order`. */
export async function order(
  core: WalletCore,
  studyId: Uint8Array,
  what: OwnerOrder,
  options: CallOptions = {},
): Promise<SourceStanding> {
  const record = core.record(studyId);
  const { published, ...standing } = await core.source.order(record, what, options);
  await takeIn(core, record, published, options);
  return standing;
}

/** See `Wallet.leaveKeys`. */
export async function leaveKeys(
  core: WalletCore,
  studyId: Uint8Array,
  options: CallOptions = {},
): Promise<SourceStanding> {
  const { keysLeft, ...standing } = await order(core, studyId, { kind: 'look' }, options);
  if (keysLeft >= KEYS_LEFT_MIN) return { keysLeft, ...standing };
  const { source, branch } = core.record(studyId);
  const prekeys = [];
  while (prekeys.length < KEYS_LEFT_MAX - keysLeft) {
    const owner = await core.keys.ownerSigner(branch, await core.takeIndex(branch, options.signal));
    const acceptance = await signAcceptance({ chainId: core.chainId, source, owner });
    prekeys.push({ ownerKey: owner.publicKey, acceptance });
  }
  return order(core, studyId, { kind: 'leave-keys', prekeys }, options);
}

/** See `Wallet.askSources`. */
export async function askSources(
  core: WalletCore,
  options: AskOptions = {},
): Promise<{ readonly standings: readonly SourceStanding[]; readonly unanswered: readonly Uint8Array[] }> {
  const standings: SourceStanding[] = [];
  const unanswered: Uint8Array[] = [];
  // Those that an answer brings come behind the others, and are asked for too.
  for (let at = 0, record = core.state.studies[0]; record !== undefined; at += 1, record = core.state.studies[at]) {
    const { studyId, role } = record;
    if (erasureNoteOf(record) !== undefined) continue;
    if (role === 'delegate') {
      // Who acts for somebody orders nothing; that it was erased concerns her too.
      if (isSeenRetired(core, record)) await takeErasureIfAny(core, record, options);
      continue;
    }
    try {
      const standing = await order(core, studyId, { kind: 'look' }, options);
      const isShort = standing.link === 'active' && standing.keysLeft < KEYS_LEFT_MIN;
      standings.push(isShort ? await leaveKeys(core, studyId, options) : standing);
      // What the source did not tell when she came back, it is asked again.
      if (isUntold(core, studyId)) await refreshSecrets(core, studyId, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(await isErasedNow(core, record, error, options))) unanswered.push(studyId);
    }
  }
  if (options.startLinks !== true) return { standings, unanswered };
  const started = await startLinks(core, { standings, unanswered }, options);
  return { standings: standings.map((standing) => started.find(isAbout(standing)) ?? standing), unanswered };
}

/**
 * Leaves keys with each source that never had any: for one study that she claimed herself, which the source knows the patient of. Where she
 * ended that once, or where not all of her studies are answered for, nothing is left.
 * @returns how things stand where keys were left
 */
async function startLinks(
  core: WalletCore,
  { standings, unanswered }: { standings: readonly SourceStanding[]; unanswered: readonly Uint8Array[] },
  options: CallOptions,
): Promise<readonly SourceStanding[]> {
  const settled = new Set([
    ...standings.filter(({ link }) => link !== 'none').map(({ source }) => toHex(source)),
    ...unanswered.map((studyId) => toHex(core.record(studyId).source)),
  ]);
  const started: SourceStanding[] = [];
  for (const { source, studyId } of standings) {
    if (settled.has(toHex(source)) || core.record(studyId).secrets?.era !== 0) continue;
    settled.add(toHex(source));
    try {
      started.push(await leaveKeys(core, studyId, options));
    } catch {
      // The source takes none, or not now: the next opening tries again.
      options.signal?.throwIfAborted();
    }
  }
  return started;
}

function isAbout({ source, studyId }: SourceStanding): (other: SourceStanding) => boolean {
  return (other) => isSameStudy(other, { source, studyId });
}

/** Whether a source that refused a request does not know the study because it erased it; then the study is gone here too. */
export async function isErasedNow(
  core: WalletCore,
  record: StudyRecord,
  refusal: unknown,
  options: CallOptions,
): Promise<boolean> {
  return isRefusal(refusal, 'STUDY_UNKNOWN') && takeErasureIfAny(core, record, options);
}

/** See `Wallet.takeErasures`. */
export async function takeErasures(
  core: WalletCore,
  studyIds: readonly Uint8Array[],
  options: CallOptions = {},
): Promise<boolean> {
  let isAny = false;
  for (const studyId of studyIds) {
    const record = core.record(studyId);
    if (erasureNoteOf(record) === undefined && (await takeErasureIfAny(core, record, options))) isAny = true;
  }
  return isAny;
}

async function takeErasureIfAny(core: WalletCore, record: StudyRecord, options: CallOptions): Promise<boolean> {
  const { takeErasure } = await import('./erasing.js');
  return takeErasure(core, record, options).catch(() => {
    options.signal?.throwIfAborted();
    return false;
  });
}

function isSeenRetired(core: WalletCore, record: StudyRecord): boolean {
  return core.state.seen?.studies.some((seen) => seen.status === 'retired' && isSameStudy(seen, record)) === true;
}

/** See `Wallet.openMailbox`. */
export async function openMailbox(
  core: WalletCore,
  studyId: Uint8Array,
  options: CallOptions = {},
): Promise<OpenMailbox> {
  const { source } = core.record(studyId);
  const sealing = await generateSealingKeyPair();
  const { client } = await core.source.gatewayOf(core.record(studyId), options.signal);
  const mailbox = createMailbox({
    chainId: core.chainId,
    gatewayApi: client.url,
    source,
    sealingKey: sealing.publicKey,
    expiresAtMs: core.now() + MAILBOX_LIFETIME_MS,
  });
  await order(core, studyId, { kind: 'open-mailbox', mailboxId: mailbox.mailboxId }, options);
  return {
    expiresAtMs: mailbox.expiresAtMs,
    link: (pageUrl) => encodeMailboxLink(mailbox, pageUrl),
    async read(call = {}) {
      const sealed = await client.readMailbox(mailbox.mailboxId, signalOf(call));
      return sealed === undefined ? undefined : openMailboxRequest(sealed, mailbox, sealing);
    },
  };
}

/** Whether the source may have more to tell: the salts, or for whom a grant is that only the ledger told of. */
function isUntold(core: WalletCore, studyId: Uint8Array): boolean {
  const { secrets, grants } = core.record(studyId);
  const nowMs = core.now();
  return secrets === undefined || grants.some((grant) => isNameless(grant) && grant.notAfterMs > nowMs);
}

/** Studies that the source published on keys of this wallet: it is believed for the number of the key only, the ledger says who owns what. */
async function takeIn(
  core: WalletCore,
  { source, branch, gatewayApi }: StudyRecord,
  published: OwnerReply['published'],
  options: CallOptions,
): Promise<void> {
  for (const { studyId, key } of published) {
    const find = ({ studies }: Pick<WalletCore['state'], 'studies'>) =>
      studies.find((other) => isSameStudy(other, { source, studyId }));
    const known = find(core.state);
    // Taken in by an earlier look that was cut short: what the source keeps is asked for again.
    if (known?.secrets !== undefined) continue;
    if (known === undefined) {
      const indices = Array.from({ length: core.nextIndex(branch) }, (_, index) => index);
      const keyIndex = indices.findLast((index) => equalBytes(core.keys.ownerKey(branch, index), key));
      const cell = await core.ledger.study(source, studyId, options.signal);
      // Not final yet, or not hers: the next look tells.
      if (keyIndex === undefined || cell === undefined || !equalBytes(cell.owner, key)) continue;
      const unknown = {
        secrets: undefined,
        receipt: undefined,
        grants: [],
        given: undefined,
        invitationId: undefined,
      };
      const record: StudyRecord = { source, studyId, role: 'owner', branch, keyIndex, gatewayApi, ...unknown };
      await core.update((state) => (find(state) === undefined ? { studies: [...state.studies, record] } : {}));
    }
    await refreshSecrets(core, studyId, options);
  }
}
