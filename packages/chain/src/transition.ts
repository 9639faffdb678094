/** What each kind of transaction demands of the state and does to it. Spec: docs/spec/transactions.md, section 9. */
import { equalBytes } from '@radledger/primitives';
import { isWorkStampValid, type PayloadOf, type SignedTransaction } from '@radledger/transactions';
import { admitAttested, attest } from './attestation-rules.js';
import { CELL_CODECS } from './cell-codecs.js';
import { cellKey } from './cell-names.js';
import type { EpochCell, GrantCell, SourceCell, StudyCell } from './cells.js';
import { epochOfHeight } from './epochs.js';
import type { Judgement } from './evidence.js';
import type { RecentBlocks } from './execution-input.js';
import { reportMisconduct } from './misconduct-rules.js';
import type { Parameters, Policies } from './parameters.js';
import {
  fullStudyQuota,
  newSourceQuotas,
  spendDefineStudy,
  spendRotateKey,
  spendSourceAllow,
  spendStudyQuota,
} from './quotas.js';
import { isRefusal, type Refusal, refuse } from './refusal.js';
import type { TouchedCells } from './touched-cells.js';
import { type CellRef, cellRef, type WorkingCells } from './working-cells.js';

/** The block that a transaction is judged in. */
export interface TransitionContext {
  readonly chainId: Uint8Array;
  readonly height: number;
  readonly timestampMs: number;
  readonly parameters: Parameters;
  readonly policies: Policies;
  readonly recent: RecentBlocks;
  /** What the consensus module makes of evidence, given the voters of its epoch. */
  readonly judgeEvidence: (evidence: Uint8Array, epoch: EpochCell) => Judgement | undefined;
}

/**
 * Applies one transaction to loaded cells, or refuses it and leaves them as they are. Synchronous: no clock, randomness or
 * I/O. Signatures and stateless rules were checked before.
 */
export function applyTransaction(
  signed: SignedTransaction,
  touched: TouchedCells,
  cells: WorkingCells,
  context: TransitionContext,
): Refusal | undefined {
  const { transaction, txId } = signed;
  const { height, parameters } = context;
  if (transaction.kind !== 'revoke-access') {
    if (transaction.expiryHeight < height) return refuse('EXPIRED', 'expected an expiry height not below the block');
    if (transaction.expiryHeight > height + parameters.expiryHeightsMax) {
      return refuse('EXPIRY_TOO_FAR', `expected an expiry height at most ${parameters.expiryHeightsMax} ahead`);
    }
  }
  if (context.recent.isRecentTransaction(txId))
    return refuse('REPLAYED', 'expected a transaction that no recent block holds');
  const run = new Transition(touched, cells, context, transaction.signer);
  switch (transaction.kind) {
    case 'define-source':
      return run.defineSource(transaction.payload);
    case 'move-source':
      return run.moveSource(transaction.payload);
    case 'rotate-key':
      return run.rotateKey(transaction.payload);
    case 'define-study':
      return run.defineStudy(transaction.payload);
    case 'amend-study':
      return run.amendStudy(transaction.payload);
    case 'retire-study':
      return run.retireStudy(transaction.payload);
    case 'allow-access':
      return run.allowAccess(transaction.payload);
    case 'revoke-access':
      return run.revokeAccess(transaction.payload);
    case 'set-delegate':
      return run.setDelegate(transaction.payload);
    case 'move-owner':
      return run.moveOwner(transaction.payload);
    case 'report-misconduct':
      return reportMisconduct({ touched, cells, ...context }, transaction.payload);
    case 'attest':
      return attest({ touched, cells, height, parameters }, transaction.payload);
    case 'resume':
      return run.resume();
  }
}

/** The stake cell that a Retire Study decrements: known only once the study is read. */
export function stakeCellOfStudy(source: Uint8Array, study: StudyCell, epochHeights: number): CellRef {
  return cellRef(cellKey.stake(source, epochOfHeight(study.definedHeight, epochHeights)));
}

/** Each method reads and judges first and writes last, so that a refusal leaves nothing behind. */
class Transition {
  constructor(
    private readonly touched: TouchedCells,
    private readonly cells: WorkingCells,
    private readonly context: TransitionContext,
    private readonly signer: Uint8Array,
  ) {}

  defineSource(payload: PayloadOf<'define-source'>): Refusal | undefined {
    const { height, parameters } = this.context;
    const { source, nodeKey, vrfKey, name, baseUrl, tlsPins, admission } = payload;
    const endpoint = { name, baseUrl, tlsPins };
    const existing = this.sourceCell();
    if (existing !== undefined) {
      if (existing.endpoint !== undefined) return refuse('SOURCE_EXISTS', 'expected a source that is not defined yet');
      if (!this.isSigner(existing.signingKey)) return refuse('NOT_SOURCE_KEY', NOT_SOURCE_KEY);
      if (!equalBytes(existing.nodeKey, nodeKey) || !equalBytes(existing.vrfKey, vrfKey)) {
        return refuse('GENESIS_KEYS_DIFFER', 'expected the node and VRF keys of the genesis source');
      }
      if (admission !== undefined)
        return refuse('ADMISSION_NOT_ALLOWED', 'expected no admission: genesis admitted the source');
      this.cells.set(this.touched.source, CELL_CODECS.source, { ...existing, endpoint });
      return undefined;
    }
    if (!this.isSigner(source)) return refuse('NOT_SOURCE_KEY', 'expected the source id as signer of its definition');
    const keyRefs = this.touched.keys ?? [];
    if (keyRefs.some((ref) => this.cells.get(ref, CELL_CODECS.key) !== undefined))
      return refuse('KEY_TAKEN', KEY_TAKEN);
    // Last of the rules: it spends of the authority.
    const refused = this.judgeAdmission(payload);
    if (refused !== undefined) return refused;
    this.cells.set(this.touched.source, CELL_CODECS.source, {
      endpoint,
      signingKey: source,
      nodeKey,
      vrfKey,
      endowment: 0,
      admittedHeight: height,
      studies: 0,
      ...newSourceQuotas(height, parameters),
    });
    const roles = ['signing', 'node', 'vrf'] as const;
    keyRefs.forEach((ref, index) => {
      this.cells.set(ref, CELL_CODECS.key, { source, role: roles[index] ?? 'vrf', tombstoned: false });
    });
    return undefined;
  }

  private judgeAdmission({ source, admission }: PayloadOf<'define-source'>): Refusal | undefined {
    const { policies, parameters, chainId, recent } = this.context;
    if (policies.admission === 'attested') {
      if (admission?.kind === 'work') return refuse('ADMISSION_NOT_ALLOWED', 'expected an attestation, no work stamp');
      return admitAttested({ touched: this.touched, cells: this.cells, ...this.context }, admission);
    }
    if (admission?.kind === 'attestation') return refuse('ADMISSION_NOT_ALLOWED', 'expected a work stamp or nothing');
    if (admission === undefined) {
      if (parameters.workBits === 0) return undefined;
      return refuse('ADMISSION_REQUIRED', `expected a work stamp of ${parameters.workBits} bits`);
    }
    const recentId = recent.blockIdAt(admission.height);
    if (recentId === undefined || !equalBytes(recentId, admission.blockId)) {
      return refuse('ADMISSION_STALE', 'expected a work stamp over a recent block of this chain');
    }
    if (!isWorkStampValid({ chainId, source, workBits: parameters.workBits, ...admission })) {
      return refuse('ADMISSION_WORK', `expected a work stamp of ${parameters.workBits} bits`);
    }
    return undefined;
  }

  moveSource({ name, baseUrl, tlsPins }: PayloadOf<'move-source'>): Refusal | undefined {
    const source = this.definedSource();
    if (isRefusal(source)) return source;
    this.cells.set(this.touched.source, CELL_CODECS.source, { ...source, endpoint: { name, baseUrl, tlsPins } });
    return undefined;
  }

  rotateKey({ source: id, role, newKey }: PayloadOf<'rotate-key'>): Refusal | undefined {
    const { height, parameters } = this.context;
    const source = this.definedSource();
    if (isRefusal(source)) return source;
    const keyRef = this.touched.keys?.[0] as CellRef;
    if (this.cells.get(keyRef, CELL_CODECS.key) !== undefined) return refuse('KEY_TAKEN', KEY_TAKEN);
    const spent = spendRotateKey(source, height, parameters);
    if (spent === undefined) return refuse('SOURCE_STUDY_QUOTA', SOURCE_STUDY_QUOTA);
    const field = { signing: 'signingKey', node: 'nodeKey', vrf: 'vrfKey' } as const;
    this.cells.set(this.touched.source, CELL_CODECS.source, { ...spent, [field[role]]: newKey });
    this.cells.set(keyRef, CELL_CODECS.key, { source: id, role, tombstoned: false });
    return undefined;
  }

  /** Of any source that may lead, whether or not it has an endpoint. */
  resume(): Refusal | undefined {
    const source = this.sourceCell();
    if (source === undefined) return refuse('SOURCE_UNKNOWN', SOURCE_UNKNOWN);
    if (!this.isSigner(source.signingKey)) return refuse('NOT_SOURCE_KEY', NOT_SOURCE_KEY);
    const dutyRef = this.touched.duty as CellRef;
    const duty = this.cells.get(dutyRef, CELL_CODECS.duty);
    if (duty?.dormant !== true) return refuse('NOT_DORMANT', 'expected a source that is dormant');
    this.cells.set(dutyRef, CELL_CODECS.duty, { ...duty, dormant: false, silentEpochs: 0 });
    return undefined;
  }

  defineStudy({ source: id, studyId, owner, content }: PayloadOf<'define-study'>): Refusal | undefined {
    const { height, parameters } = this.context;
    const source = this.definedSource();
    if (isRefusal(source)) return source;
    if (this.studyCell() !== undefined) return refuse('STUDY_EXISTS', 'expected a study that is not defined yet');
    const ownerRef = this.touched.owner as CellRef;
    if (this.cells.get(ownerRef, CELL_CODECS.owner) !== undefined) return refuse('OWNER_KEY_TAKEN', OWNER_KEY_TAKEN);
    const spent = spendDefineStudy(source, height, parameters);
    if (spent === undefined) return refuse('SOURCE_STUDY_QUOTA', SOURCE_STUDY_QUOTA);
    const stakeRef = this.touched.stake as CellRef;
    const counted = this.cells.get(stakeRef, CELL_CODECS.stake)?.count ?? 0;
    this.cells.set(this.touched.source, CELL_CODECS.source, { ...spent, studies: spent.studies + 1 });
    this.cells.set(this.touched.study as CellRef, CELL_CODECS.study, {
      owner,
      era: 0,
      content,
      definedHeight: height,
      contentHeight: height,
      retired: undefined,
      delegate: undefined,
      quota: fullStudyQuota(height, parameters),
    });
    this.cells.set(ownerRef, CELL_CODECS.owner, { source: id, studyId, role: 'owner' });
    this.cells.set(stakeRef, CELL_CODECS.stake, { count: counted + 1 });
    return undefined;
  }

  amendStudy({ content }: PayloadOf<'amend-study'>): Refusal | undefined {
    const source = this.definedSource();
    if (isRefusal(source)) return source;
    const study = this.activeStudy();
    if (isRefusal(study)) return study;
    this.setStudy({ ...study, content, contentHeight: this.context.height });
    return undefined;
  }

  retireStudy({ source: id, reason }: PayloadOf<'retire-study'>): Refusal | undefined {
    const { height, parameters } = this.context;
    const source = this.definedSource();
    if (isRefusal(source)) return source;
    const study = this.activeStudy();
    if (isRefusal(study)) return study;
    this.setStudy({ ...study, retired: { reason, height } });
    const { epochHeights, stakeWindowEpochs } = parameters;
    if (epochOfHeight(study.definedHeight, epochHeights) + stakeWindowEpochs > epochOfHeight(height, epochHeights)) {
      const stakeRef = stakeCellOfStudy(id, study, epochHeights);
      const count = this.cells.get(stakeRef, CELL_CODECS.stake)?.count ?? 0;
      this.cells.set(stakeRef, CELL_CODECS.stake, count <= 1 ? undefined : { count: count - 1 });
      this.cells.set(this.touched.source, CELL_CODECS.source, { ...source, studies: source.studies - 1 });
    }
    return undefined;
  }

  allowAccess(payload: PayloadOf<'allow-access'>): Refusal | undefined {
    const { height, timestampMs, parameters } = this.context;
    const { sequence, notAfterMs, scope, consentReceiptHash } = payload;
    const study = this.activeStudy();
    if (isRefusal(study)) return study;
    const refused = this.judgeAuthority(study, notAfterMs) ?? this.judgeSequence(sequence);
    if (refused !== undefined) return refused;
    if (notAfterMs <= timestampMs) return refuse('NOT_AFTER_PAST', NOT_AFTER_PAST);
    if (notAfterMs > timestampMs + parameters.grantDurationMaxMs) return refuse('NOT_AFTER_TOO_FAR', NOT_AFTER_TOO_FAR);
    const unpaid = this.spendAllow(study);
    if (unpaid !== undefined) return unpaid;
    this.setGrant({ era: study.era, sequence, revoked: false, notAfterMs, scope, consentReceiptHash, height });
    return undefined;
  }

  revokeAccess({ sequence }: PayloadOf<'revoke-access'>): Refusal | undefined {
    const study = this.studyCell();
    if (study === undefined) return refuse('STUDY_UNKNOWN', STUDY_UNKNOWN);
    const refused = this.judgeAuthority(study, 0) ?? this.judgeSequence(sequence);
    if (refused !== undefined) return refused;
    const grant = this.cells.get(this.touched.grant as CellRef, CELL_CODECS.grant);
    // A grant that exists is revoked for nothing; a tombstone, or a revocation of what is revoked already, takes a token,
    // so each free revocation was paid by its Allow.
    if (grant === undefined || grant.revoked) {
      // Of the study alone: what other patients of the source do never stands in the way of a revocation.
      const spent = this.spendStudy(study);
      if (isRefusal(spent)) return spent;
      this.setStudy(spent);
    }
    this.setGrant({
      era: study.era,
      sequence,
      revoked: true,
      notAfterMs: 0,
      scope: 0,
      consentReceiptHash: undefined,
      height: this.context.height,
    });
    return undefined;
  }

  setDelegate({ source: id, studyId, delegate, notAfterMs }: PayloadOf<'set-delegate'>): Refusal | undefined {
    const { timestampMs, parameters } = this.context;
    const study = this.activeStudy();
    if (isRefusal(study)) return study;
    if (!this.isSigner(study.owner)) return refuse('NOT_OWNER', NOT_OWNER);
    if (delegate === undefined) {
      this.setStudy({ ...study, delegate: undefined });
      return undefined;
    }
    if (notAfterMs <= timestampMs) return refuse('NOT_AFTER_PAST', NOT_AFTER_PAST);
    if (notAfterMs > timestampMs + parameters.grantDurationMaxMs) return refuse('NOT_AFTER_TOO_FAR', NOT_AFTER_TOO_FAR);
    const ownerRef = this.touched.owner as CellRef;
    const taken = this.cells.get(ownerRef, CELL_CODECS.owner);
    const isSameRole = taken?.role === 'delegate' && equalBytes(taken.source, id) && equalBytes(taken.studyId, studyId);
    if (taken !== undefined && !isSameRole) return refuse('OWNER_KEY_TAKEN', OWNER_KEY_TAKEN);
    const spent = this.spendStudy(study);
    if (isRefusal(spent)) return spent;
    this.setStudy({ ...spent, delegate: { key: delegate.key, notAfterMs } });
    if (taken === undefined) this.cells.set(ownerRef, CELL_CODECS.owner, { source: id, studyId, role: 'delegate' });
    return undefined;
  }

  moveOwner({ source: id, studyId, newOwner }: PayloadOf<'move-owner'>): Refusal | undefined {
    const study = this.activeStudy();
    if (isRefusal(study)) return study;
    if (!this.isSigner(study.owner)) return refuse('NOT_OWNER', NOT_OWNER);
    const ownerRef = this.touched.owner as CellRef;
    if (this.cells.get(ownerRef, CELL_CODECS.owner) !== undefined) return refuse('OWNER_KEY_TAKEN', OWNER_KEY_TAKEN);
    const spent = this.spendStudy(study);
    if (isRefusal(spent)) return spent;
    this.setStudy({ ...spent, owner: newOwner, era: study.era + 1, delegate: undefined });
    this.cells.set(ownerRef, CELL_CODECS.owner, { source: id, studyId, role: 'owner' });
    return undefined;
  }

  /** The owner, or the delegate before its own end and not for a grant that outlives it. */
  private judgeAuthority(study: StudyCell, grantNotAfterMs: number): Refusal | undefined {
    if (this.isSigner(study.owner)) return undefined;
    const { delegate } = study;
    if (delegate === undefined || !this.isSigner(delegate.key)) {
      return refuse('NOT_OWNER_OR_DELEGATE', 'expected the owner or the delegate of the study as signer');
    }
    if (delegate.notAfterMs <= this.context.timestampMs) {
      return refuse('DELEGATE_EXPIRED', 'expected a delegate whose end date lies ahead of the block');
    }
    if (grantNotAfterMs > delegate.notAfterMs) {
      return refuse('BEYOND_DELEGATE', "expected an end date not after the delegate's own");
    }
    return undefined;
  }

  private judgeSequence(sequence: number): Refusal | undefined {
    const { timestampMs, parameters } = this.context;
    const grant = this.cells.get(this.touched.grant as CellRef, CELL_CODECS.grant);
    if (grant !== undefined && sequence <= grant.sequence) {
      return refuse('SEQUENCE_NOT_HIGHER', 'expected a sequence above that of the newest record for this recipient');
    }
    if (sequence > timestampMs + parameters.sequenceAheadMaxMs) {
      return refuse('SEQUENCE_TOO_FAR_AHEAD', 'expected a sequence at most an hour ahead of the block');
    }
    return undefined;
  }

  /** The study with one token of its bucket less; writes nothing. */
  private spendStudy(study: StudyCell): Refusal | StudyCell {
    const { height, parameters } = this.context;
    const spender = this.isSigner(study.owner) ? 'owner' : 'delegate';
    const quota = spendStudyQuota(study.quota, spender, height, parameters);
    return quota === undefined ? refuse('STUDY_QUOTA', STUDY_QUOTA) : { ...study, quota };
  }

  /** One token of the study's bucket and one of its source's; writes both cells. */
  private spendAllow(study: StudyCell): Refusal | undefined {
    const { height, parameters } = this.context;
    const source = this.sourceCell();
    if (source === undefined) return refuse('SOURCE_UNKNOWN', SOURCE_UNKNOWN);
    const spentStudy = this.spendStudy(study);
    if (isRefusal(spentStudy)) return spentStudy;
    const spentSource = spendSourceAllow(source, height, parameters);
    if (spentSource === undefined)
      return refuse('SOURCE_ALLOW_QUOTA', 'expected a source whose studies are within their quota');
    this.setStudy(spentStudy);
    this.cells.set(this.touched.source, CELL_CODECS.source, spentSource);
    return undefined;
  }

  /** The source, defined and with this signer as its signing key. */
  private definedSource(): Refusal | SourceCell {
    const source = this.sourceCell();
    if (source === undefined) return refuse('SOURCE_UNKNOWN', SOURCE_UNKNOWN);
    if (!this.isSigner(source.signingKey)) return refuse('NOT_SOURCE_KEY', NOT_SOURCE_KEY);
    if (source.endpoint === undefined) return refuse('SOURCE_NOT_DEFINED', 'expected a source with a Define Source');
    return source;
  }

  private activeStudy(): Refusal | StudyCell {
    const study = this.studyCell();
    if (study === undefined) return refuse('STUDY_UNKNOWN', STUDY_UNKNOWN);
    if (study.retired !== undefined) return refuse('STUDY_RETIRED', 'expected a study that is not retired');
    return study;
  }

  private sourceCell(): SourceCell | undefined {
    return this.cells.get(this.touched.source, CELL_CODECS.source);
  }

  private studyCell(): StudyCell | undefined {
    return this.cells.get(this.touched.study as CellRef, CELL_CODECS.study);
  }

  private setStudy(study: StudyCell): void {
    this.cells.set(this.touched.study as CellRef, CELL_CODECS.study, study);
  }

  private setGrant(grant: GrantCell): void {
    this.cells.set(this.touched.grant as CellRef, CELL_CODECS.grant, grant);
  }

  private isSigner(key: Uint8Array): boolean {
    return equalBytes(key, this.signer);
  }
}

const SOURCE_STUDY_QUOTA = 'expected a source within its Define Study quota';
const NOT_SOURCE_KEY = "expected the source's current signing key as signer";
const KEY_TAKEN = 'expected keys that no source has or had';
const OWNER_KEY_TAKEN = 'expected a key that no study has or had';
const NOT_OWNER = 'expected the owner of the study as signer';
const NOT_AFTER_PAST = 'expected an end date ahead of the block';
const NOT_AFTER_TOO_FAR = 'expected an end date at most ten years ahead';
const STUDY_UNKNOWN = 'expected a study that is defined';
const STUDY_QUOTA = 'expected a study within its quota';
const SOURCE_UNKNOWN = 'expected a source that is on the ledger';
