/** A study that its source erased: its note is kept, and everything else of it goes here too. Spec: docs/spec/links.md, section 20. */
import { decodeOwnerRequest, generateSealingKeyPair, openErasureAnswer, verifyErasureNote } from '@radledger/handover';
import type { CallOptions } from './views.js';
import { isSameStudy, signalOf, type WalletCore } from './wallet-core.js';
import type { StudyRecord } from './wallet-state.js';

/**
 * Asks the source of a study that it does not know any more whether it erased it, and takes its word when the ledger shows the study as
 * retired: a source that only says so takes nothing of hers.
 * @returns whether it did
 * @throws {WalletError} `SOURCE_UNKNOWN` | `GATEWAY_UNKNOWN`; {ClientError}; {HandoverError} when the note does not hold
 */
export async function takeErasure(core: WalletCore, record: StudyRecord, options: CallOptions): Promise<boolean> {
  const cell = await core.ledger.study(record.source, record.studyId, options.signal);
  if (cell?.retired === undefined) return false;
  const note = await askForNote(core, record, options);
  await core.update(({ studies, todos, acceptedRoles, seen, news }) => ({
    studies: studies.map((other) => (isSameStudy(other, record) ? erased(other, note) : other)),
    todos: todos.filter((todo) => !isSameStudy(todo, record)),
    acceptedRoles: acceptedRoles.filter((role) => !isSameStudy(role, record)),
    news: { ...news, seen: news.seen.filter((one) => !isSameStudy(one, record)) },
    seen: seen && {
      ...seen,
      studies: seen.studies.map((other) =>
        isSameStudy(other, record) ? { ...other, status: 'retired', grants: [], delegate: undefined } : other,
      ),
    },
  }));
  return true;
}

/** The bytes of the note, which hold. */
async function askForNote(core: WalletCore, record: StudyRecord, options: CallOptions): Promise<Uint8Array> {
  const { source, studyId } = record;
  const { source: told, client } = await core.source.gatewayOf(record, options.signal);
  const sealingKeyPair = await generateSealingKeyPair();
  const request = await core.source.ownerRequest(record, { kind: 'look' }, sealingKeyPair.publicKey);
  const sealed = await client.erasureNote(request, signalOf(options));
  const note = await openErasureAnswer({ request: decodeOwnerRequest(request), sealed, sealingKeyPair });
  await verifyErasureNote(note, { chainId: core.chainId, source, studyId, signingKey: told.signingKey });
  return note;
}

/** The key's place stays: it is not used again. */
function erased(record: StudyRecord, note: Uint8Array): StudyRecord {
  return {
    ...record,
    secrets: undefined,
    gatewayApi: undefined,
    receipt: note,
    grants: [],
    given: undefined,
    invitationId: undefined,
  };
}
