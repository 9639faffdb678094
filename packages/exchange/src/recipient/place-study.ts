/** Where a checked study goes: into the archive, under the patient that the recipient's own rule names, or before a person. */
import {
  ImagingError,
  type LocalPatient,
  type QuarantinedStudy,
  type StudyDescription,
  type StudySink,
} from '@radledger/imaging';
import { toHex } from '@radledger/primitives';
import type { Change } from '../exchange-store.js';
import type { Reconcile } from './matching.js';

/** Modifying system, in the Original Attributes Sequence. */
const SYSTEM = 'Radledger gateway';

export interface PlaceOptions {
  readonly sink: StudySink;
  readonly reconcile?: Reconcile;
}

export interface PlaceCall {
  readonly signal: AbortSignal;
  /** Whom the practice asked for. */
  readonly requested: LocalPatient | undefined;
  /** The time in every instance under a local patient, Unix ms: as the first notice of the study came. */
  readonly writtenAtMs: number;
  /** Sets a study aside for a person who says whose it is. @returns what is to be kept with its waiting */
  readonly setAside: (
    study: QuarantinedStudy,
    about: { readonly content: Uint8Array; readonly sent: StudyDescription; readonly code?: string },
  ) => Promise<readonly Change[]>;
}

/** Where the sink filed it, or what is to be kept of its waiting for a person. */
export type Placed = { readonly location: string } | { readonly waiting: readonly Change[] };

interface Origin {
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly content: Uint8Array;
}

/** @throws {ExchangeError} `QUARANTINE_FULL`; {ImagingError}; what the sink throws. The caller discards the study then */
export async function placeStudy(
  study: QuarantinedStudy,
  { source, studyId, content }: Origin,
  { sink, reconcile }: PlaceOptions,
  { signal, requested, writtenAtMs, setAside }: PlaceCall,
): Promise<Placed> {
  if (reconcile === undefined) return study.file(sink);
  const sent = await study.describe(signal);
  const patient = await reconcile(study, { source, studyId, sent, requested });
  if (patient === 'ask') return { waiting: await setAside(study, { content, sent }) };
  if (patient === undefined) return study.file(sink);
  let named: QuarantinedStudy;
  try {
    named = await underPatient(study, patient, { source, writtenAtMs }, signal);
  } catch (error) {
    if (!(error instanceof ImagingError) || error.code !== 'LOCAL_PATIENT_REFUSED') throw error;
    return { waiting: await setAside(study, { content, sent, code: error.code }) };
  }
  return named.file(sink);
}

/**
 * A study under a patient of the recipient's; the sender's stays inside.
 * @param about.writtenAtMs - the same for each retrieval of the study, so that each of them, and each try, writes the bytes that an archive
 *   may hold already
 * @throws {ImagingError} as `underPatient` of the study
 */
export function underPatient(
  study: QuarantinedStudy,
  patient: LocalPatient,
  about: { readonly source: Uint8Array; readonly writtenAtMs: number },
  signal: AbortSignal,
): Promise<QuarantinedStudy> {
  const change = { patient, system: SYSTEM, previousSource: toHex(about.source), atMs: about.writtenAtMs };
  return study.underPatient(change, signal);
}
