/** From an invitation to a study that is hers on the ledger. */
import { isRefusal } from '@radledger/client';
import {
  createClaim,
  decodeClaim,
  decodeInvitation,
  encodeInvitation,
  generateSealingKeyPair,
  type Invitation,
  openClaimReply,
} from '@radledger/handover';
import { equalBytes, toHex } from '@radledger/primitives';
import { isKind } from '@radledger/transactions';
import { believed } from './answer.js';
import { WalletError } from './errors.js';
import { branchOf } from './keys.js';
import { showStudy } from './showing.js';
import type { LongOptions, StudyView } from './views.js';
import { isSameStudy, signalOf, type WalletCore } from './wallet-core.js';
import { secretsOf, type StudyRecord, type WalletState } from './wallet-state.js';

const PUBLISH_TIMEOUT_MS = 10 * 60_000;
/** Refusals after which no claim of an invitation is taken any more. */
const CLOSED = ['INVITATION_UNKNOWN', 'INVITATION_EXPIRED', 'INVITATION_CLAIMED'];

/** See `Wallet.claim`. */
export async function claim(
  core: WalletCore,
  input: { invitation: Invitation; code: string; publishTimeoutMs?: number },
  options: LongOptions = {},
): Promise<StudyView> {
  const { invitation } = input;
  if (!equalBytes(invitation.chainId, core.chainId)) {
    throw new WalletError(
      { code: 'WRONG_CHAIN', expected: toHex(core.chainId), actual: toHex(invitation.chainId) },
      'the invitation is for another ledger',
    );
  }
  if (invitation.expiresAtMs <= core.now()) {
    throw new WalletError(
      { code: 'EXPIRED', expiresAtMs: invitation.expiresAtMs },
      'the invitation has ended; ask for a new one',
    );
  }
  const source = await core.ledger.source(invitation.source, options.signal);
  const pending = await pendingClaim(core, invitation, input.code, options.signal);
  options.onProgress?.({ step: 'claim-sent' });
  const sealed = await core.ports
    .gateway(invitation.gatewayApi, source)
    .claim(pending.claim, { ...signalOf(options) })
    .catch(async (error: unknown) => {
      if (CLOSED.some((reason) => isRefusal(error, reason))) await forget(core, invitation);
      throw error;
    });
  const sealingKeyPair = { publicKey: pending.sealingPublicKey, privateKey: pending.sealingPrivateKey };
  const { disclosure, receipt } = await believed(
    openClaimReply({ claim: pending.claim, sealed, sealingKeyPair, signingKey: source.signingKey }),
  );
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
    given: undefined,
    invitationId: invitation.invitationId,
  };
  const invitationBytes = encodeInvitation(invitation);
  await core.update(({ pendingClaims, studies }) => ({
    pendingClaims: pendingClaims.filter((other) => !equalBytes(other.invitation, invitationBytes)),
    studies: [...studies.filter((other) => !isSameStudy(other, record)), record],
  }));
  options.onProgress?.({ step: 'claim-answered', studyId: record.studyId });
  await waitUntilPublished(core, record, input.publishTimeoutMs ?? PUBLISH_TIMEOUT_MS, options);
  return showStudy(core, record.studyId, options);
}

/** See `Wallet.unfinishedInvitations`. */
export function unfinishedInvitations(core: WalletCore): readonly Invitation[] {
  return core.state.pendingClaims
    .map(({ invitation }) => decodeInvitation(invitation))
    .filter(({ expiresAtMs }) => expiresAtMs > core.now());
}

/** Its key's place stays: it is not used again. */
function forget(core: WalletCore, invitation: Invitation): Promise<void> {
  const invitationBytes = encodeInvitation(invitation);
  return core.update(({ pendingClaims }) => ({
    pendingClaims: pendingClaims.filter((other) => !equalBytes(other.invitation, invitationBytes)),
  }));
}

async function pendingClaim(
  core: WalletCore,
  invitation: Invitation,
  code: string,
  signal: AbortSignal | undefined,
): Promise<WalletState['pendingClaims'][number]> {
  const invitationBytes = encodeInvitation(invitation);
  const known = core.state.pendingClaims.find((pending) => equalBytes(pending.invitation, invitationBytes));
  if (known !== undefined && decodeClaim(known.claim).code === code) return known;
  const branch = branchOf(decodeInvitation(invitationBytes).source);
  // A mistyped code asks for another claim, not for other keys.
  const keyIndex = known?.keyIndex ?? (await core.takeIndex(branch, signal));
  const owner = await core.keys.ownerSigner(branch, keyIndex);
  const sealing = await generateSealingKeyPair();
  const pending = {
    invitation: invitationBytes,
    claim: await createClaim({ invitation, code, owner, prekeys: [], sealingKey: sealing.publicKey }),
    branch,
    keyIndex,
    sealingPublicKey: sealing.publicKey,
    sealingPrivateKey: sealing.privateKey,
  };
  await core.update(({ pendingClaims }) => ({
    pendingClaims: [...pendingClaims.filter((other) => !equalBytes(other.invitation, invitationBytes)), pending],
  }));
  return pending;
}

async function waitUntilPublished(
  core: WalletCore,
  record: StudyRecord,
  timeoutMs: number,
  options: LongOptions,
): Promise<void> {
  const ownerKey = core.keys.ownerKey(record.branch, record.keyIndex);
  const published = await core.ledger.waitFor({
    isDone: async () => {
      const cell = await core.ledger.study(record.source, record.studyId, options.signal);
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
