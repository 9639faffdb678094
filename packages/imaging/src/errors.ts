import { CodedError } from '@radledger/primitives';

export type ImagingErrorInfo =
  // one instance
  | { readonly code: 'NOT_PART10' }
  | { readonly code: 'MALFORMED_META' }
  | { readonly code: 'MALFORMED_DATA_SET' }
  | { readonly code: 'MISSING_ATTRIBUTE'; readonly tag: string }
  | { readonly code: 'INVALID_UID'; readonly tag: string }
  | { readonly code: 'HEADER_TOO_LARGE'; readonly bytesMax: number }
  | { readonly code: 'TRUNCATED_INSTANCE' }
  | { readonly code: 'INSTANCE_TOO_LARGE'; readonly bytesMax: number }
  | { readonly code: 'INFLATION_LIMIT'; readonly bytesMax: number }
  // a study in an archive
  | { readonly code: 'STUDY_NOT_FOUND' }
  | { readonly code: 'EMPTY_STUDY' }
  | { readonly code: 'MIXED_STUDIES' }
  | { readonly code: 'DUPLICATE_INSTANCE' }
  | { readonly code: 'UNREADABLE_INSTANCE'; readonly count: number; readonly firstCode: string }
  | { readonly code: 'TOO_MANY_INSTANCES'; readonly instancesMax: number }
  | { readonly code: 'INSTANCE_CHANGED'; readonly index: number }
  | { readonly code: 'FOLDER_UNUSABLE'; readonly systemCode: string }
  // an archive behind a network
  | { readonly code: 'ARCHIVE_UNAVAILABLE'; readonly reason: string }
  | { readonly code: 'ARCHIVE_REFUSED'; readonly status: number }
  | { readonly code: 'ARCHIVE_ANSWER_INVALID'; readonly rule: string }
  | { readonly code: 'FILING_INCOMPLETE'; readonly missing: number }
  | { readonly code: 'STUDY_CONFLICT'; readonly instances: number }
  // orders
  | { readonly code: 'ORDER_TOO_LARGE'; readonly bytesMax: number }
  | { readonly code: 'ORDER_MALFORMED'; readonly rule: string }
  | { readonly code: 'ORDER_UNSUPPORTED' }
  | { readonly code: 'ORDER_TEXT_UNREADABLE' }
  | { readonly code: 'ORDER_UNIDENTIFIED' }
  // a file-set plan
  | { readonly code: 'INVALID_PLAN'; readonly path: string }
  // a received file-set
  | { readonly code: 'ZIP_TOO_LARGE'; readonly bytesMax: number }
  | { readonly code: 'INVALID_ZIP' }
  | { readonly code: 'TOO_MANY_ENTRIES'; readonly entriesMax: number }
  | { readonly code: 'UNSAFE_ENTRY_NAME'; readonly index: number }
  | { readonly code: 'UNSUPPORTED_ENTRY'; readonly index: number }
  | { readonly code: 'COMPRESSION_RATIO'; readonly index: number; readonly ratioMax: number }
  | { readonly code: 'ENTRY_MISMATCH'; readonly index: number }
  | { readonly code: 'TRANSFER_SYNTAX_REFUSED'; readonly index: number }
  | { readonly code: 'SOP_CLASS_REFUSED'; readonly index: number }
  | { readonly code: 'INSPECTION_ABORTED'; readonly reason: 'time' | 'memory' | 'crash' }
  | { readonly code: 'LOCAL_PATIENT_REFUSED'; readonly field: string }
  | { readonly code: 'UNEXPECTED_STUDY' }
  | { readonly code: 'CONTENT_MISMATCH' }
  | { readonly code: 'QUARANTINE_CLOSED' }
  | { readonly code: 'QUARANTINE_CHANGED' }
  | { readonly code: 'TOO_MANY_VERSIONS'; readonly versionsMax: number };

/**
 * Thrown when a DICOM instance, a study, an order, a file-set plan or a received file-set breaks a rule of docs/spec/file-set.md.
 * Neither message nor info holds patient data: no UID, no file name, no attribute value. `index` counts from 0 in the
 * order of the snapshot, plan or ZIP directory that was being read.
 */
export class ImagingError extends CodedError<ImagingErrorInfo> {
  override readonly name = 'ImagingError';
}
