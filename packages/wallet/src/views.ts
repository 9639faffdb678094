/** What a wallet shows: her own knowledge joined with what the ledger says now. */
import type { StudyCell } from '@radledger/chain';
import { type AccessLogEntry, type CheckedIdentity, identityIn } from '@radledger/handover';
import { equalBytes } from '@radledger/primitives';
import type { RestoreProgress } from './restoring.js';
import { type DeviceRecord, erasureNoteOf, type SeenView, type StudyRecord, type Todo } from './wallet-state.js';

/** Options of every call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** How far a study is, from the ledger. */
export type StudyStatus = SeenView['studies'][number]['status'];

/** A study as shown to its owner: what she knows of it, and what the ledger says. */
export interface StudyView {
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly role: 'owner' | 'delegate';
  readonly status: StudyStatus;
  readonly label?: string;
  /** The source erased it: its signed note, which `decodeErasureNote` of `@radledger/handover` reads. */
  readonly erasureNote?: Uint8Array;
  readonly studyInstanceUid?: string;
  readonly era?: number;
  /** How the source knew who she is: as it said, and signed; absent where it does not say, and of a study that is somebody else's. */
  readonly identity?: CheckedIdentity;
  readonly delegate?: { readonly key: Uint8Array; readonly notAfterMs: number };
}

/** Whether a grant opens its study now, from the ledger. */
export type GrantStatus = SeenView['studies'][number]['grants'][number]['status'];

export interface GrantView {
  readonly tag: Uint8Array;
  readonly status: GrantStatus;
  readonly notAfterMs: number;
  readonly recipientKey?: Uint8Array;
  readonly reason?: string;
  readonly gatewayApi?: string;
  readonly noticeDelivered: boolean;
  /** When she allowed it; absent for a grant that was only found on the ledger. */
  readonly allowedAtMs?: number;
  /** She stopped it, and that is not final yet. */
  readonly isStopping: boolean;
  /** She allowed it, and that is not final yet. */
  readonly isAllowing: boolean;
  readonly stoppedAtMs?: number;
  /** Who was let in, and how that was proven when she allowed it; `displayName` is what it called itself, proven by nothing. */
  readonly receiver?: {
    readonly origin: 'source' | 'https' | 'unproven';
    readonly name: string;
    readonly displayName: string;
  };
  /** What she agreed to: see `readConsentReceipt`. */
  readonly receipt?: Uint8Array;
}

/** What she asked for and is not done yet. */
export interface PendingView {
  readonly kind: Todo['kind'];
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  /** The grant; absent for what is about the whole study. */
  readonly tag?: Uint8Array;
  /** `waiting`: nothing was sent. `sent`: it may stand on the ledger already. `refused`: it will never be done; `refusal` has the code. */
  readonly state: 'waiting' | 'sent' | 'refused';
  readonly askedAtMs: number;
  readonly nextTryAtMs: number;
  /** Held back until then on purpose, so that the ledger does not show it together with others. */
  readonly isHeldBack: boolean;
  readonly refusal?: string;
}

/** One reading of a study, or what one reader read of its instances within ten minutes, as its source tells. */
export interface ReadingView {
  readonly atMs: number;
  /** The key that read. */
  readonly reader: Uint8Array;
  /** What the reader gave as its reason when it asked for the images; only of a grant that this wallet knows. */
  readonly reason?: string;
  /** When she allowed that; only of a grant that this wallet knows. */
  readonly allowedAtMs?: number;
  readonly part: AccessLogEntry['part'];
  readonly basis: AccessLogEntry['basis'];
  readonly outcome: AccessLogEntry['outcome'];
  readonly bytes: number;
  /** How many readings this stands for, from 1. */
  readonly readings: number;
}

/** Another device that her images were brought back on. */
export interface NewDevice {
  /** By that device's clock. */
  readonly atMs: number;
  /** What brought them back: the sheet, the helpers' cards, another phone of hers, or the passkey alone. */
  readonly by: DeviceRecord['by'];
}

/** A transaction that became final. */
export interface Finalized {
  readonly txId: Uint8Array;
  readonly height: number;
}

/** Steps of long work, for a progress line. */
export type WalletProgress =
  | { readonly step: 'claim-sent' }
  | { readonly step: 'claim-answered'; readonly studyId: Uint8Array }
  | { readonly step: 'submitted'; readonly txId: Uint8Array }
  | { readonly step: 'finalized'; readonly txId: Uint8Array; readonly height: number }
  | { readonly step: 'notice-delivered' }
  | RestoreProgress;

export interface LongOptions extends CallOptions {
  readonly onProgress?: (progress: WalletProgress) => void;
}

const ABOUT_A_GRANT: ReadonlySet<Todo['kind']> = new Set(['stop', 'allow', 'notice', 'name']);

export function pendingViewOf(todo: Todo): PendingView {
  const { kind, source, studyId, tag, askedAtMs, dueAtMs, attempts, isSent, isSpread, refusal } = todo;
  return {
    kind,
    source,
    studyId,
    ...(ABOUT_A_GRANT.has(kind) ? { tag } : {}),
    state: refusal !== '' ? 'refused' : isSent ? 'sent' : 'waiting',
    askedAtMs,
    nextTryAtMs: dueAtMs,
    isHeldBack: isSpread && attempts === 0 && dueAtMs > askedAtMs,
    ...(refusal === '' ? {} : { refusal }),
  };
}

/** What record and ledger together say of a study. */
export function studyViewOf(record: StudyRecord, cell: StudyCell | undefined, ownKey: Uint8Array): StudyView {
  const holder = record.role === 'owner' ? cell?.owner : cell?.delegate?.key;
  const status: StudyStatus =
    cell === undefined
      ? 'awaiting-publication'
      : holder === undefined || !equalBytes(holder, ownKey)
        ? 'moved-away'
        : cell.retired === undefined
          ? 'active'
          : 'retired';
  return {
    ...studyViewWith(record, status),
    ...(cell === undefined ? {} : { era: cell.era }),
    ...(cell?.delegate === undefined ? {} : { delegate: cell.delegate }),
  };
}

/** What the record alone says of a study whose status is known. */
export function studyViewWith(record: StudyRecord, status: StudyStatus): StudyView {
  const { source, studyId, role, secrets, receipt } = record;
  const erasureNote = erasureNoteOf(record);
  if (erasureNote !== undefined) return { source, studyId, role, status, erasureNote };
  const known = secrets === undefined ? {} : { label: secrets.label, studyInstanceUid: secrets.studyInstanceUid };
  const identity = role === 'owner' && receipt !== undefined ? identityIn(receipt) : undefined;
  return { source, studyId, role, status, ...known, ...(identity && { identity }) };
}
