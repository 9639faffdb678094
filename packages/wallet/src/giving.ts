/** Naming a delegate, ending that, and giving a study away, each as something that is written down first. Spec: docs/spec/wallet-keys.md, section 13. */
import type { StudyCell } from '@radledger/chain';
import type { RoleAnswer } from '@radledger/handover';
import { equalBytes } from '@radledger/primitives';
import { WalletError } from './errors.js';
import { checkEnd, endOfDay, ownedStudy } from './usable-study.js';
import type { LongOptions } from './views.js';
import type { WalletCore } from './wallet-core.js';
import type { StudyRecord, Todo } from './wallet-state.js';

export type RoleTodo = Extract<Todo['kind'], 'delegate' | 'end-delegate' | 'move'>;

export function isRoleTodo(kind: Todo['kind']): kind is RoleTodo {
  return kind === 'delegate' || kind === 'end-delegate' || kind === 'move';
}

/** What a role answer gives to each study of hers. @throws {WalletError} `ACCEPTANCE_MISMATCH` | `STUDY_UNKNOWN` | `NOT_OWNER` */
export function givenBy(
  core: WalletCore,
  answer: RoleAnswer,
  notAfterMs: number,
): readonly { readonly record: StudyRecord; readonly given: NonNullable<StudyRecord['given']> }[] {
  const { chainId, role, displayName: name } = answer;
  if (!equalBytes(chainId, core.chainId)) throw mismatch('chainId');
  const endMs = role === 'delegate' ? endOfDay(notAfterMs) : 0;
  return answer.studies.map(({ source, studyId, key, acceptance }) => {
    const record = core.record(studyId);
    if (!equalBytes(source, record.source)) throw mismatch('source');
    if (record.role !== 'owner') throw new WalletError({ code: 'NOT_OWNER' }, 'only the owner may do this');
    return { record, given: { role, key, acceptance, name, notAfterMs: endMs } };
  });
}

/**
 * Puts it on the ledger and waits until it is final; does nothing when the ledger says it already.
 * @param input.beforeSending - writes down that it may stand on the ledger from now on
 */
export async function sendRole(
  core: WalletCore,
  input: { kind: RoleTodo; record: StudyRecord; beforeSending: () => Promise<void> },
  options: LongOptions,
): Promise<void> {
  const { kind, record, beforeSending } = input;
  const { source, studyId, given } = record;
  const head = await core.freshHead(options.signal);
  if (isDone(kind, given, await core.ledger.study(source, studyId, options.signal))) return;
  await ownedStudy(core, studyId, options);
  if (kind === 'end-delegate') {
    await beforeSending();
    const payload = { source, studyId, delegate: undefined, notAfterMs: 0 };
    await core.transact('set-delegate', payload, record, head, options);
    return;
  }
  if (given === undefined) throw mismatch('role');
  const { key, acceptance, notAfterMs } = given;
  if (kind === 'delegate') checkEnd(core, notAfterMs, head);
  await beforeSending();
  if (kind === 'move') {
    await core.transact('move-owner', { source, studyId, newOwner: key, acceptance }, record, head, options);
  } else {
    const payload = { source, studyId, delegate: { key, acceptance }, notAfterMs };
    await core.transact('set-delegate', payload, record, head, options);
  }
}

function isDone(kind: RoleTodo, given: StudyRecord['given'], cell: StudyCell | undefined): boolean {
  const isGiven = (key: Uint8Array | undefined) =>
    key !== undefined && given !== undefined && equalBytes(key, given.key);
  switch (kind) {
    case 'end-delegate':
      return cell !== undefined && cell.delegate === undefined;
    case 'delegate':
      return isGiven(cell?.delegate?.key) && cell?.delegate?.notAfterMs === given?.notAfterMs;
    case 'move':
      return isGiven(cell?.owner);
  }
}

function mismatch(field: string): WalletError {
  return new WalletError({ code: 'ACCEPTANCE_MISMATCH', field }, `the acceptance is for another ${field}`);
}
