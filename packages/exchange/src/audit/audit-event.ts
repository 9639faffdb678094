/** What an audit trail records of a retrieval. Spec: docs/spec/audit.md, section 1. */
import type { IdentityCheck } from '@radledger/handover';
import { sha256, toHex, utf8 } from '@radledger/primitives';

/** A document that was asked for. */
export interface AuditedDocument {
  /** 64 lower-case hex, with `.manifest` for a manifest; any other id as `sha256:` and the digest of what was asked. */
  readonly documentUniqueId: string;
  readonly repositoryUniqueId: string;
  /** The version that was sent: the study's content commitment, 64 lower-case hex. */
  readonly content?: string;
}

/**
 * One retrieval as one side saw it. Holds no name of a patient, no UID of the archive and no text that a sender chose, so that
 * it may leave the gateway. `begun` is on disk before the first byte of a document leaves.
 */
export interface AuditEvent {
  readonly side: 'source' | 'recipient';
  /**
   * `RAD-107`: WADO-RS, and what else DICOMweb answers about a study. `EMERGENCY`: no retrieval, but the source let `reader` read without the
   * patient's word from now on. `DESK`: no retrieval, but something that the desk did, or an entry for the privacy office; `code` says
   * what.
   */
  readonly transaction: 'ITI-43' | 'RAD-107' | 'EMERGENCY' | 'DESK';
  readonly phase: 'begun' | 'ended' | 'refused';
  /** `failure`: nobody has the document whole; always `success` while only begun. */
  readonly outcome: 'success' | 'failure';
  /** Names this retrieval, 32 lower-case hex; the same in `begun` and `ended`. */
  readonly id: string;
  /** SHA-256 of wsa:MessageID, or of the nonce of a signed HTTP request: what both sides know, 64 lower-case hex. */
  readonly requestDigest: string;
  /** Endpoint of the source. */
  readonly endpointUrl: string;
  /** The key that reads, on both sides; 64 lower-case hex. */
  readonly reader: string;
  /** IP address on the other side, where it is known. */
  readonly peerAddress?: string;
  /** 1 to 1000, all of one outcome; none with `refusals`. */
  readonly documents: readonly AuditedDocument[];
  /** Why it failed or was refused: an error code. */
  readonly code?: string;
  /** Further refusals of about a minute, which have no event of their own; reader and request digest are empty then. */
  readonly refusals?: number;
  /** Bytes of the documents that passed. */
  readonly bytes?: number;
  /** What allowed the reading. */
  readonly basis?: 'grant' | 'owner' | 'delegate' | 'emergency';
  /** `halted`: decided on an old view while the network stands still. */
  readonly standing?: 'fresh' | 'halted';
  /** How the source knew who the patient is, when it invited her or sent her a study. */
  readonly identityCheckedBy?: IdentityCheck;
}

/** An event with its place in the trail. */
export interface AuditEntry {
  /** 1 for the first event of the trail, then one more each. */
  readonly number: number;
  /** When it was written as the gateway's clock said, Unix ms; a clock that was set back shows. */
  readonly atMs: number;
  readonly event: AuditEvent;
}

/** What a transaction is called in audit messages. */
export const TRANSACTION_NAMES: Readonly<Record<AuditEvent['transaction'], string>> = {
  'ITI-43': 'Retrieve Document Set',
  'RAD-107': 'WADO-RS Retrieve',
  EMERGENCY: 'Emergency Override Started',
  DESK: 'Desk',
};

/**
 * Why a source gave what it gave, as codes of HL7 v3 ActReason: each basis but an emergency is a signature of the patient's side. What for
 * the reader wanted it is not known: nobody whom the source trusts says so.
 */
export const PURPOSES_OF_USE: Readonly<Record<NonNullable<AuditEvent['basis']>, PurposeOfUse>> = {
  grant: { code: 'PATRQT', display: 'patient requested' },
  owner: { code: 'PATRQT', display: 'patient requested' },
  delegate: { code: 'PATRQT', display: 'patient requested' },
  emergency: { code: 'BTG', display: 'break the glass' },
};
interface PurposeOfUse {
  readonly code: string;
  readonly display: string;
}

/** Whether an event leaves the gateway as a message: the end of a retrieval, one that was refused, or an emergency. */
export function makesMessage({ phase, refusals, transaction }: AuditEvent): boolean {
  return phase !== 'begun' && refusals === undefined && transaction !== 'DESK';
}

/** What stands in a trail for a text that another side chose: wsa:MessageID, or an id that no study of ours can have. */
export function digestOf(text: string): string {
  return toHex(sha256(utf8(text)));
}
