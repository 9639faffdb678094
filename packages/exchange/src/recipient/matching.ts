/** Whose study it is in the recipient's own archive: matched by rule, or asked of a person. */
import type { LocalPatient, QuarantinedStudy, SentPatient, StudyDescription } from '@radledger/imaging';

/**
 * Who the patient of a checked study is in the recipient's own archive. `'ask'` lets the study wait for a person; undefined
 * files it under the patient that the source names. The source's patient stays in the Original Attributes Sequence.
 * @param study - what was sent, in quarantine
 * @param about.sent - whose it is and what it holds, as its instances say
 * @param about.requested - whom the practice asked for, when its request says so
 */
export type Reconcile = (
  study: QuarantinedStudy,
  about: {
    readonly source: Uint8Array;
    readonly studyId: Uint8Array;
    readonly sent: StudyDescription;
    readonly requested: LocalPatient | undefined;
  },
) => Promise<LocalPatient | 'ask' | undefined>;

/** A person says of every study whose it is. */
export const matchByHand: Reconcile = () => Promise.resolve('ask');

/** Files under the patient that was asked for when nothing differs; a person says of every other study whose it is. */
export const matchRequested: Reconcile = (_study, { sent, requested }) => {
  const [patient, ...others] = sent.patients;
  const isSame =
    patient !== undefined &&
    others.length === 0 &&
    requested !== undefined &&
    differencesOf(patient, requested).length === 0;
  return Promise.resolve(isSame ? requested : 'ask');
};

/** What differs between the patient that came and the one it may be, for a person to weigh. */
export type PatientDifference = 'name' | 'birthDate' | 'sex';

/** Names are compared without case and blanks; what either side does not say differs, but for the sex. */
export function differencesOf(sent: SentPatient, local: LocalPatient): readonly PatientDifference[] {
  const differences: PatientDifference[] = [];
  if (nameOf(sent.name) === '' || nameOf(sent.name) !== nameOf(local.name)) differences.push('name');
  if (sent.birthDate === '' || sent.birthDate !== local.birthDate) differences.push('birthDate');
  if (sent.sex !== '' && local.sex !== undefined && sent.sex !== local.sex) differences.push('sex');
  return differences;
}

function nameOf(name: string): string {
  const parts = name.normalize('NFKC').toLowerCase().split('^');
  return parts
    .map((part) => part.trim().replaceAll(/\s+/g, ' '))
    .join('^')
    .replace(/\^+$/, '');
}
