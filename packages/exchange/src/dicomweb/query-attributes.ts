/** What a search answers on each level (PS3.18, section 10.6.3.3): of the attributes that it names, those that the archive has. */
import type { DicomJson } from '@radledger/imaging';
import { bySeries, type NamedEntry } from './named-entries.js';
import type { NamedMetadata } from './stored-metadata.js';

// Specific Character Set, dates and times, accession number, referring physician, time zone, patient, study id, description.
const STUDY = ['00080005', '00080020', '00080030', '00080050', '00080090', '00080201', '00081030'];
const PATIENT = ['00100010', '00100020', '00100030', '00100040', '00200010', '0020000D'];
// Modality, time zone, description, series, number, performed procedure step and request.
const SERIES = ['00080005', '00080060', '00080201', '0008103E', '0020000D', '0020000E', '00200011'];
const SERIES_STEP = ['00400244', '00400245', '00400275'];
// Class, instance, time zone, number, rows, columns, bits, frames.
const INSTANCE = ['00080005', '00080016', '00080018', '00080201', '0020000D', '0020000E', '00200013'];
const IMAGE = ['00280008', '00280010', '00280011', '00280100'];

/** @param firsts - the first instance of each series */
export function studyAttributes(
  firsts: readonly NamedMetadata[],
  named: readonly NamedEntry[],
  url: string,
): DicomJson {
  const modalities = firsts.map(({ json }) => json['00080060']?.Value?.[0]).filter((one) => one !== undefined);
  return {
    ...pick(firsts[0]?.json ?? {}, [...STUDY, ...PATIENT]),
    '00080056': { vr: 'CS', Value: ['ONLINE'] },
    '00080061': { vr: 'CS', Value: [...new Set(modalities)] },
    '00081190': { vr: 'UR', Value: [url] },
    '00201206': { vr: 'IS', Value: [bySeries(named).length] },
    '00201208': { vr: 'IS', Value: [named.length] },
  };
}

export function seriesAttributes({ json }: NamedMetadata, instances: number, url: string): DicomJson {
  return {
    ...pick(json, [...SERIES, ...SERIES_STEP]),
    '00081190': { vr: 'UR', Value: [url] },
    '00201209': { vr: 'IS', Value: [instances] },
  };
}

export function instanceAttributes({ json, entry }: NamedMetadata, url: string): DicomJson {
  return {
    ...pick(json, [...INSTANCE, ...IMAGE]),
    '00080056': { vr: 'CS', Value: ['ONLINE'] },
    '00081190': { vr: 'UR', Value: [url] },
    '00083002': { vr: 'UI', Value: [entry.transferSyntaxUid] },
  };
}

function pick(json: DicomJson, tags: readonly string[]): DicomJson {
  return Object.fromEntries(
    tags.flatMap((tag) => {
      const element = json[tag];
      return element === undefined ? [] : [[tag, element]];
    }),
  );
}
