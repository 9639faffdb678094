/** Two people agree on a role by two links, and each app learns from the ledger what came of it. Spec: docs/spec/wallet-keys.md, section 16. */
import { createRoleAnswer, type Role, type RoleOffer } from '@radledger/handover';
import { equalBytes, toHex } from '@radledger/primitives';
import { WalletError } from './errors.js';
import { branchOf } from './keys.js';
import { refreshSecrets } from './study-secrets.js';
import type { CallOptions } from './views.js';
import { isSameStudy, type WalletCore } from './wallet-core.js';
import type { StudyRecord, WalletState } from './wallet-state.js';
import { matchingWords } from './words.js';

const OFFER_MS = 7 * 24 * 3_600_000;

type AcceptedRole = WalletState['acceptedRoles'][number];

/** The four words of a role answer. */
export function roleAnswerWords(answerBytes: Uint8Array): string {
  return matchingWords('radledger/role-answer-match/1', answerBytes);
}

/** See `Wallet.offerRole`. */
export function offerRole(
  core: WalletCore,
  input: { role: Role; displayName: string; studyIds: readonly Uint8Array[] },
): RoleOffer {
  const { role, displayName } = input;
  const studies = input.studyIds.map((id) => {
    const { source, studyId, gatewayApi, role: own } = core.record(id);
    if (own !== 'owner') throw new WalletError({ code: 'NOT_OWNER' }, 'only the owner may do this');
    return { source, studyId, gatewayApi };
  });
  return { chainId: core.chainId, role, displayName, expiresAtMs: core.now() + OFFER_MS, studies };
}

/** See `Wallet.answerOffer`. */
export async function answerOffer(
  core: WalletCore,
  { offer, displayName }: { offer: RoleOffer; displayName: string },
  options: CallOptions = {},
): Promise<Uint8Array> {
  const { chainId, role, expiresAtMs } = offer;
  if (!equalBytes(chainId, core.chainId)) {
    const [expected, actual] = [toHex(core.chainId), toHex(chainId)];
    throw new WalletError({ code: 'WRONG_CHAIN', expected, actual }, 'the offer is for another ledger');
  }
  if (expiresAtMs <= core.now()) {
    throw new WalletError({ code: 'EXPIRED', expiresAtMs }, 'the offer has ended; ask for a new one');
  }
  const studies = [];
  for (const { source, studyId, gatewayApi } of offer.studies) {
    const { branch, keyIndex } = await acceptedFor(
      core,
      { source, studyId, role, gatewayApi, name: offer.displayName },
      options,
    );
    studies.push({ source, studyId, signer: await core.keys.ownerSigner(branch, keyIndex) });
  }
  return createRoleAnswer({ chainId, role, displayName, expiresAtMs, studies });
}

/** The key that was promised for this already, else a fresh one, stored as promised before anybody sees it. */
async function acceptedFor(
  core: WalletCore,
  wanted: Omit<AcceptedRole, 'branch' | 'keyIndex'>,
  options: CallOptions,
): Promise<AcceptedRole> {
  const isWanted = (accepted: AcceptedRole) => accepted.role === wanted.role && isSameStudy(accepted, wanted);
  const known = core.state.acceptedRoles.findLast(isWanted);
  if (known !== undefined) {
    const [cell] = await core.ledger.owners([core.keys.ownerKey(known.branch, known.keyIndex)], options.signal);
    // A delegation may be renewed with its key; the key of an owner is used once.
    if (cell === undefined || wanted.role === 'delegate') return known;
  }
  await core.ledger.source(wanted.source, options.signal);
  const branch = branchOf(wanted.source);
  const accepted = { ...wanted, branch, keyIndex: await core.takeIndex(branch, options.signal) };
  await core.update(({ acceptedRoles }) => ({
    acceptedRoles: [...acceptedRoles.filter((other) => !isWanted(other)), accepted],
  }));
  return accepted;
}

/** See `Wallet.takeInRoles`. */
export async function takeInRoles(core: WalletCore, options: CallOptions = {}): Promise<void> {
  const open = core.state.acceptedRoles.filter((accepted) => {
    const known = recordOf(core.state, accepted);
    return known?.secrets === undefined || !isOfKey(known, accepted);
  });
  if (open.length === 0) return;
  const cells = await core.ledger.studies(open, options.signal);
  for (const [at, accepted] of open.entries()) {
    const cell = cells[at];
    const holder = accepted.role === 'owner' ? cell?.owner : cell?.delegate?.key;
    const ownKey = core.keys.ownerKey(accepted.branch, accepted.keyIndex);
    if (holder === undefined || !equalBytes(holder, ownKey)) continue;
    await core.update((state) => withTaken(state, accepted));
    try {
      await refreshSecrets(core, accepted.studyId, options);
    } catch {
      options.signal?.throwIfAborted(); // the source is asked again at the next look
    }
  }
}

function withTaken(state: WalletState, accepted: AcceptedRole): Partial<WalletState> {
  const known = recordOf(state, accepted);
  if (known !== undefined && isOfKey(known, accepted)) return {};
  const { source, studyId, role, branch, keyIndex, gatewayApi } = accepted;
  const unknown = {
    secrets: undefined,
    receipt: undefined,
    grants: known?.grants ?? [],
    given: undefined,
    invitationId: undefined,
  };
  const record: StudyRecord = { source, studyId, role, branch, keyIndex, gatewayApi, ...unknown };
  return { studies: [...state.studies.filter((other) => other !== known), record] };
}

function recordOf(state: WalletState, accepted: AcceptedRole): StudyRecord | undefined {
  return state.studies.find((record) => isSameStudy(record, accepted));
}

function isOfKey(record: StudyRecord, { branch, keyIndex }: AcceptedRole): boolean {
  return record.branch === branch && record.keyIndex === keyIndex;
}
