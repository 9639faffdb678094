/** Letting somebody act for her, and giving a study away. */
import { createRoleAcceptance, openDelegation, type RoleAcceptance, sealDelegation } from '@radledger/handover';
import { equalBytes } from '@radledger/primitives';
import { signMoveAcceptance } from '@radledger/transactions';
import { WalletError } from './errors.js';
import { branchOf } from './keys.js';
import { activeStudy, checkEnd, ownedStudy } from './usable-study.js';
import { refreshSecrets } from './study-secrets.js';
import type { CallOptions, Finalized, LongOptions, StudyView } from './views.js';
import { isSameStudy, type WalletCore } from './wallet-core.js';
import { secretsOf, type StudyRecord } from './wallet-state.js';

/** See `Wallet.setDelegate`. */
export async function setDelegate(
  core: WalletCore,
  input: { studyId: Uint8Array; acceptance: RoleAcceptance; notAfterMs: number },
  options: LongOptions = {},
): Promise<Finalized & { readonly delegation: string }> {
  const head = await core.freshHead(options.signal);
  checkEnd(core, input.notAfterMs, head);
  const { record } = await ownedStudy(core, input.studyId, options);
  checkAcceptance(core, input.acceptance, record, 'delegate');
  const { secrets } = await activeStudy(core, input.studyId, options);
  const { key, acceptance } = input.acceptance;
  const { source, studyId } = record;
  const delegation = await sealDelegation({ chainId: core.chainId, source, studyId, ...secrets }, input.acceptance);
  const payload = { source, studyId, delegate: { key, acceptance }, notAfterMs: input.notAfterMs };
  return { ...(await core.transact('set-delegate', payload, record, head, options)), delegation };
}

/** See `Wallet.receiveDelegation`. */
export async function receiveDelegation(
  core: WalletCore,
  input: { source: Uint8Array; studyId: Uint8Array; delegation: string },
  options: CallOptions = {},
): Promise<StudyView> {
  const { source, studyId } = input;
  const accepted = core.state.acceptedRoles.findLast((role) => role.role === 'delegate' && isSameStudy(role, input));
  if (accepted === undefined) throw new WalletError({ code: 'STUDY_UNKNOWN' }, 'this wallet did not accept that role');
  const { branch, keyIndex } = accepted;
  const key = core.keys.ownerKey(branch, keyIndex);
  const opened = await openDelegation({
    text: input.delegation,
    chainId: core.chainId,
    source,
    studyId,
    key,
    sealingKeyPair: await core.keys.sealingKeyPair(branch, keyIndex),
  });
  const cell = await core.ledger.study(source, studyId, options.signal);
  if (cell?.delegate === undefined || !equalBytes(cell.delegate.key, key)) {
    throw new WalletError({ code: 'NOT_OWNER' }, 'the ledger does not name this wallet as delegate');
  }
  const known = core.state.studies.find((other) => isSameStudy(other, input));
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
    given: undefined,
    invitationId: undefined,
  };
  await core.update(({ studies }) => ({ studies: [...studies.filter((other) => !isSameStudy(other, input)), record] }));
  return core.viewOf(record, cell);
}

/** See `Wallet.removeDelegate`. */
export async function removeDelegate(
  core: WalletCore,
  studyId: Uint8Array,
  options: LongOptions = {},
): Promise<Finalized> {
  const head = await core.freshHead(options.signal);
  const { record } = await ownedStudy(core, studyId, options);
  const payload = { source: record.source, studyId, delegate: undefined, notAfterMs: 0 };
  return core.transact('set-delegate', payload, record, head, options);
}

/** See `Wallet.moveOwner`. */
export async function moveOwner(
  core: WalletCore,
  input: { studyId: Uint8Array; acceptance?: Omit<RoleAcceptance, 'sealingKey'> },
  options: LongOptions = {},
): Promise<Finalized> {
  const head = await core.freshHead(options.signal);
  const { record } = await ownedStudy(core, input.studyId, options);
  const { source, studyId, branch } = record;
  if (input.acceptance !== undefined) {
    checkAcceptance(core, input.acceptance, record, 'owner');
    const { key, acceptance } = input.acceptance;
    return core.transact('move-owner', { source, studyId, newOwner: key, acceptance }, record, head, options);
  }
  const keyIndex = await core.takeIndex(branch, options.signal);
  const newOwner = await core.keys.ownerSigner(branch, keyIndex);
  const acceptance = await signMoveAcceptance({ chainId: core.chainId, source, studyId, newOwner });
  const payload = { source, studyId, newOwner: newOwner.publicKey, acceptance };
  const done = await core.transact('move-owner', payload, record, head, options);
  await core.updateStudy(record, (current) => ({
    ...current,
    secrets: undefined,
    receipt: undefined,
    keyIndex,
    grants: [],
  }));
  await refreshSecrets(core, studyId, options);
  return done;
}

/** See `Wallet.acceptRole`. */
export async function acceptRole(
  core: WalletCore,
  input: { source: Uint8Array; studyId: Uint8Array; role: 'owner' | 'delegate' },
  options: CallOptions = {},
): Promise<RoleAcceptance> {
  await core.ledger.source(input.source, options.signal);
  const branch = branchOf(input.source);
  const keyIndex = await core.takeIndex(branch, options.signal);
  const accepted = { ...input, branch, keyIndex, name: '', gatewayApi: undefined };
  await core.update(({ acceptedRoles }) => ({ acceptedRoles: [...acceptedRoles, accepted] }));
  const signer = await core.keys.ownerSigner(branch, keyIndex);
  const { publicKey: sealingKey } = await core.keys.sealingKeyPair(branch, keyIndex);
  return createRoleAcceptance({ chainId: core.chainId, ...input, signer, sealingKey });
}

function checkAcceptance(
  core: WalletCore,
  acceptance: Omit<RoleAcceptance, 'sealingKey'>,
  record: StudyRecord,
  role: 'owner' | 'delegate',
): void {
  const mismatch = (field: string) =>
    new WalletError({ code: 'ACCEPTANCE_MISMATCH', field }, `the acceptance is for another ${field}`);
  if (!equalBytes(acceptance.chainId, core.chainId)) throw mismatch('chainId');
  if (!equalBytes(acceptance.source, record.source)) throw mismatch('source');
  if (!equalBytes(acceptance.studyId, record.studyId)) throw mismatch('studyId');
  if (acceptance.role !== role) throw mismatch('role');
}
