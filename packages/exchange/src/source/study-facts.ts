/** What the archive says of a study's patient: who shall get the next one. Spec: docs/spec/exchange-records.md, section 6. */
import { HandoverError, validatePlainText } from '@radledger/handover';
import { type DicomJson, ImagingError, readMetadata, type StudySnapshot } from '@radledger/imaging';
import { textOf } from '../dicomweb/stored-metadata.js';

export interface StudyFacts {
  /** Issuer, id and birth date of the patient as one text; undefined when the archive names no id. */
  readonly patient: string | undefined;
  /** Day of the study, `YYYYMMDD`; undefined when the archive does not say. */
  readonly studyDate: string | undefined;
  /** What the patient could be shown: modality, description, day; one plain line of at most 128 bytes. */
  readonly label: string;
}

const TAGS = {
  studyDate: '00080020',
  modality: '00080060',
  description: '00081030',
  patientId: '00100020',
  issuer: '00100021',
  birthDate: '00100030',
} as const;

/** Reads the head of one instance. A study that tells nothing has no patient. */
export async function readStudyFacts(snapshot: StudySnapshot): Promise<StudyFacts> {
  const first = snapshot.instances[0];
  if (first === undefined) return factsOf({});
  try {
    return factsOf(await readMetadata(first.open()));
  } catch (error) {
    if (!(error instanceof ImagingError) || error.code === 'ARCHIVE_UNAVAILABLE') throw error;
    return factsOf({});
  }
}

/** Pure; texts of an archive are hostile like any other. */
export function factsOf(json: DicomJson): StudyFacts {
  const read = (name: keyof typeof TAGS): string => textOf(json, TAGS[name])?.trim() ?? '';
  const id = read('patientId');
  const studyDate = /^\d{8}$/.test(read('studyDate')) ? read('studyDate') : undefined;
  const day = studyDate?.replace(/^(....)(..)(..)$/, '$1-$2-$3');
  const what = [read('modality'), read('description')].filter((part) => part !== '').join(' ');
  return {
    patient: id === '' ? undefined : JSON.stringify([read('issuer'), id, read('birthDate')]),
    studyDate,
    label: plain([what, day].filter((part) => part !== undefined && part !== '').join(', ')) ?? plain(day) ?? 'Images',
  };
}

function plain(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return validatePlainText(text.normalize('NFC'), { field: 'label', bytesMax: 128 });
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error;
    return undefined;
  }
}
