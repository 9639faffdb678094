/**
 * From a claim to a published study, and on to its amendments and its end: one durable state machine a study, resumable
 * after a stop at any point. Spec: docs/spec/exchange-records.md, section 4.
 */
import {
  encodeFileSetPlan,
  ImagingError,
  manifestOf,
  type PacsConnector,
  planFileSet,
  type StudySnapshot,
} from '@radledger/imaging';
import { equalBytes, toHex } from '@radledger/primitives';
import {
  contentOf,
  createTransaction,
  decodeTransaction,
  type RetireReason,
  type SignedTransaction,
  studySalts,
} from '@radledger/transactions';
import { ExchangeError } from '../errors.js';
import { type Change, type ExchangeStore, put, remove } from '../exchange-store.js';
import type { KeyedLock } from '../keyed-lock.js';
import type { LedgerPort } from '../ledger-port.js';
import { currentStudy, erasureOf } from './invitations.js';
import type { Erasures } from './erasures.js';
import type { SourceIdentity } from './source-identity.js';
import type { WrongPatients } from './wrong-patients.js';
import { planRecords, type StudyRecord, studyRecords, workRecords } from './source-records.js';

/** How far ahead of the newest finalized block a transaction may still enter one; the protocol's own limit is 512. */
export const EXPIRY_BLOCKS = 256;

export interface PublisherOptions {
  readonly store: ExchangeStore;
  readonly lock: KeyedLock;
  readonly ledger: LedgerPort;
  readonly identity: SourceIdentity;
  readonly connector: PacsConnector;
  readonly onFailure: (error: unknown) => void;
  /** Told of every durable change of a study. */
  readonly onChange?: (study: StudyRecord) => void;
  /** Keeps what the archive says of the patient, in one batch with the plan that `save` commits. */
  readonly onPlanned: <T>(
    study: StudyRecord,
    snapshot: StudySnapshot,
    save: (changes: readonly Change[], publishAtMs?: number) => Promise<T>,
  ) => Promise<T>;
  /** Studies that end as soon as they can, and are not published if they need not be. */
  readonly wrongPatients: WrongPatients;
  /** Studies that are retired, and erased once that is final. */
  readonly erasures: Pick<Erasures, 'has' | 'erase'>;
  readonly now: () => number;
}

export interface Publisher {
  /** Does what can be done now for one study; returns when it must wait for the ledger, or is settled. */
  advance(studyId: Uint8Array): Promise<void>;
  /** `advance` for every study with something left to do. */
  advanceAll(): Promise<void>;
  /** @throws {ExchangeError} `NOT_PUBLISHED` | `UNCHANGED`; {ImagingError} */
  amend(studyInstanceUid: string): Promise<{ readonly txId: Uint8Array; readonly content: Uint8Array }>;
  /**
   * Serving ends before this resolves.
   * @param more - committed in the same batch
   * @throws {ExchangeError} `NOT_PUBLISHED`
   */
  retire(
    studyInstanceUid: string,
    reason: RetireReason,
    more?: readonly Change[],
  ): Promise<{ readonly txId: Uint8Array }>;
  /** Takes a failed study up again where it failed, and holds one that waits back no longer. @throws {ExchangeError} `STUDY_NOT_FOUND` */
  retry(studyInstanceUid: string): Promise<void>;
}

export function createPublisher(options: PublisherOptions): Publisher {
  const { store, lock, ledger, identity, connector, wrongPatients, erasures } = options;
  const { chainId, source } = identity;

  const save = async (study: StudyRecord, more: readonly Change[] = []): Promise<StudyRecord> => {
    const id = toHex(study.studyId);
    const isGoingOn = study.state === 'claimed' || study.state === 'planned' || study.pending !== undefined;
    const open = isGoingOn || erasures.has(study.studyId);
    const work = open ? put(workRecords, id, 0) : remove(workRecords, id);
    await store.commit([put(studyRecords, id, study), work, ...more]);
    options.onChange?.(study);
    return study;
  };

  const sign = async (kind: 'define-study' | 'amend-study' | 'retire-study', payload: never) => {
    const { height } = await ledger.head();
    return createTransaction({ chainId, kind, signer: identity.signer, expiryHeight: height + EXPIRY_BLOCKS, payload });
  };

  /** One step; `undefined` when nothing more can be done before the ledger moves. */
  const step = async (study: StudyRecord): Promise<StudyRecord | undefined> => {
    const isWrong = wrongPatients.has(study.studyId);
    const isErased = erasures.has(study.studyId);
    if ((isWrong || isErased) && study.state === 'published' && study.pending?.kind !== 'retire-study') {
      return save((await retiring(study, isWrong ? 'wrong-patient' : 'owner-request')).study);
    }
    if (isErased && study.state !== 'published' && study.pending === undefined) {
      await erasures.erase(study);
      return undefined;
    }
    if (isWrong && isUnpublished(study) && study.pending === undefined) return erase(study);
    if (study.pending !== undefined) return settle(study, study.pending);
    if (study.state === 'claimed') return plan(study);
    if (study.state === 'planned') return define(study);
    return undefined;
  };

  const erase = async (study: StudyRecord): Promise<undefined> => {
    const changes = [...(await erasureOf(store, study)), remove(workRecords, toHex(study.studyId))];
    await store.commit([...changes, wrongPatients.forget(study.studyId)]);
  };

  let isArchiveAway = false;
  const plan = async (study: StudyRecord): Promise<StudyRecord | undefined> => {
    // One archive: a study that it kept waiting speaks for the others until the next round.
    if (isArchiveAway) return undefined;
    try {
      return await makePlan(study, (content, changes, publishAtMs) =>
        save({ ...study, state: 'planned', content, failure: undefined, publishAtMs }, changes),
      );
    } catch (error) {
      if (!(error instanceof ImagingError)) throw error;
      options.onFailure(error);
      if (error.code !== 'ARCHIVE_UNAVAILABLE') return save({ ...study, state: 'failed', failure: error.code });
      isArchiveAway = true;
      // Tried again by itself; the operator sees why it waits.
      if (study.failure !== error.code) await save({ ...study, failure: error.code });
      return undefined;
    }
  };

  /** @param keep - commits the plan with what it changes of the study */
  const makePlan = async <T>(
    study: StudyRecord,
    keep: (content: Uint8Array, changes: readonly Change[], publishAtMs?: number) => Promise<T>,
  ): Promise<T> => {
    const { studyInstanceUid, secret, studyId } = study;
    const snapshot = await connector.openStudy(studyInstanceUid);
    try {
      const fileSet = await planFileSet(snapshot);
      const content = contentOf({ contentSalt: studySalts(secret).contentSalt, manifest: manifestOf(fileSet) });
      const planned = put(planRecords, planId(studyId, content), encodeFileSetPlan(fileSet));
      return await options.onPlanned(study, snapshot, (changes, publishAtMs) =>
        keep(content, [planned, ...changes], publishAtMs),
      );
    } finally {
      await snapshot.close();
    }
  };

  const define = async (study: StudyRecord): Promise<StudyRecord | undefined> => {
    const { claim, content, studyId } = study;
    if (claim === undefined || content === undefined || isHeldBack(study)) return undefined;
    // Until the directory has this source every Define Study would be refused.
    if ((await ledger.source(source)) === undefined) return undefined;
    const payload = { source, studyId, owner: claim.ownerKey, acceptance: claim.acceptance, content };
    const signed = await sign('define-study', payload as never);
    // On disk before it is sent: after a restart the same transaction goes out again, never a second one.
    return save({ ...study, pending: { kind: 'define-study', transaction: signed.bytes, content } });
  };

  const isHeldBack = ({ publishAtMs = 0 }: StudyRecord): boolean => publishAtMs > options.now();

  const settle = async (
    study: StudyRecord,
    pending: NonNullable<StudyRecord['pending']>,
  ): Promise<StudyRecord | undefined> => {
    const signed = decodeTransaction(pending.transaction, chainId);
    // The head is read first: when it is past the expiry, the cell read after it shows whatever the ledger will ever say.
    const { height } = await ledger.head();
    const cell = await ledger.study(source, study.studyId);
    const settled = { ...study, pending: undefined, failure: undefined };
    if (pending.kind === 'define-study' && cell !== undefined) {
      return save({ ...settled, state: 'published', height: (await finalizedHeightOf(signed)) ?? height });
    }
    if (
      pending.kind === 'amend-study' &&
      cell !== undefined &&
      equalBytes(cell.content, pending.content ?? cell.owner)
    ) {
      return save({ ...settled, content: cell.content }, await outdatedPlans(study, cell.content));
    }
    if (pending.kind === 'retire-study' && cell !== undefined && cell.retired !== undefined) {
      return save({ ...settled, state: 'retired' });
    }
    if (height >= signed.transaction.expiryHeight) return renew(study, pending);
    return pursue(study, pending, signed);
  };

  const retiring = async (study: StudyRecord, reason: RetireReason) => {
    const { bytes, txId } = await sign('retire-study', { source, studyId: study.studyId, reason } as never);
    const pending = { kind: 'retire-study' as const, transaction: bytes, content: undefined };
    return { study: { ...study, pending }, txId };
  };

  const finalizedHeightOf = async ({ txId }: SignedTransaction): Promise<number | undefined> => {
    const outcome = await ledger.outcome(txId);
    return outcome.status === 'finalized' ? outcome.height : undefined;
  };

  /** The ledger can no longer take the transaction and has not: it is signed anew. */
  const renew = async (study: StudyRecord, pending: NonNullable<StudyRecord['pending']>): Promise<StudyRecord> => {
    if (pending.kind === 'define-study') return save({ ...study, pending: undefined });
    const { transaction } = decodeTransaction(pending.transaction, chainId);
    const signed = await sign(pending.kind, transaction.payload as never);
    return save({ ...study, pending: { ...pending, transaction: signed.bytes } });
  };

  const pursue = async (
    study: StudyRecord,
    pending: NonNullable<StudyRecord['pending']>,
    signed: SignedTransaction,
  ): Promise<StudyRecord | undefined> => {
    const outcome = await ledger.outcome(signed.txId);
    if (outcome.status === 'refused') {
      const state = pending.kind === 'define-study' ? 'failed' : study.state;
      return save({ ...study, state, pending: undefined, failure: outcome.code });
    }
    if (outcome.status === 'unknown') {
      try {
        await ledger.submit(signed.bytes);
      } catch (error) {
        options.onFailure(error);
        const reason = error instanceof ExchangeError ? (error.info.reason ?? error.code) : 'NODE_UNREACHABLE';
        // Refused now is not refused for ever (quotas refill, clocks agree): the operator sees why it waits.
        if (study.failure !== reason) await save({ ...study, failure: reason });
      }
    }
    return undefined;
  };

  const outdatedPlans = async ({ studyId }: StudyRecord, content: Uint8Array): Promise<readonly Change[]> => {
    const plans = await store.list(planRecords, `${toHex(studyId)}.`);
    return plans.filter(({ id }) => id !== planId(studyId, content)).map(({ id }) => remove(planRecords, id));
  };

  const advance = (studyId: Uint8Array): Promise<void> =>
    lock(`study/${toHex(studyId)}`, async () => {
      let study = await store.get(studyRecords, toHex(studyId));
      while (study !== undefined) study = await step(study);
    });

  const published = async (studyInstanceUid: string): Promise<StudyRecord> => {
    const study = await currentStudy(store, studyInstanceUid);
    if (study === undefined || study.state !== 'published') {
      throw new ExchangeError({ code: 'NOT_PUBLISHED' }, 'expected a published study');
    }
    return study;
  };

  return {
    advance,
    async advanceAll() {
      isArchiveAway = false;
      for (const { id } of await store.list(workRecords)) {
        const study = await store.get(studyRecords, id);
        if (study !== undefined) await advance(study.studyId).catch(options.onFailure);
      }
    },
    async amend(studyInstanceUid) {
      const { studyId } = await published(studyInstanceUid);
      const amended = await lock(`study/${toHex(studyId)}`, async () => {
        const study = await published(studyInstanceUid);
        return makePlan(study, async (content, changes) => {
          const old = study.pending?.content ?? study.content;
          if (study.pending?.kind === 'retire-study') {
            throw new ExchangeError({ code: 'NOT_PUBLISHED' }, 'the study is being retired');
          }
          if (old !== undefined && equalBytes(content, old)) {
            throw new ExchangeError({ code: 'UNCHANGED' }, 'the archive holds what is published');
          }
          const signed = await sign('amend-study', { source, studyId, content } as never);
          await save({ ...study, pending: { kind: 'amend-study', transaction: signed.bytes, content } }, changes);
          return { txId: signed.txId, content };
        });
      });
      await advance(studyId).catch(options.onFailure);
      return amended;
    },
    async retire(studyInstanceUid, reason, more = []) {
      const { studyId } = await published(studyInstanceUid);
      const retired = await lock(`study/${toHex(studyId)}`, async () => {
        const { study, txId } = await retiring(await published(studyInstanceUid), reason);
        await save(study, more);
        return { txId };
      });
      await advance(studyId).catch(options.onFailure);
      return retired;
    },
    async retry(studyInstanceUid) {
      const again = (study: StudyRecord | undefined): StudyRecord => {
        if (study?.state === 'failed') return { ...study, state: 'claimed', failure: undefined };
        if (study?.state === 'planned' && isHeldBack(study)) return { ...study, publishAtMs: undefined };
        throw new ExchangeError({ code: 'STUDY_NOT_FOUND' }, 'expected a study that failed, or is held back');
      };
      const { studyId } = again(await currentStudy(store, studyInstanceUid));
      await lock(`study/${toHex(studyId)}`, async () => save(again(await store.get(studyRecords, toHex(studyId)))));
      await advance(studyId).catch(options.onFailure);
    },
  };
}

/** Whether the ledger has never seen the study, as far as is known. */
function isUnpublished({ state }: StudyRecord): boolean {
  return state !== 'published' && state !== 'retired';
}

/** Id of a plan record. */
export function planId(studyId: Uint8Array, content: Uint8Array): string {
  return `${toHex(studyId)}.${toHex(content)}`;
}
