/** What a gateway's worklist needs to know of examinations that were ordered. */
import { accessionOf, type Accession } from './accession.js';
import { ImagingError } from './errors.js';
import { isUid } from './uid.js';

/** An examination that was ordered, as the hospital's own systems tell it. Patient data: never in a log. */
export interface Order {
  /** At least one of `accession` and `studyInstanceUid` is there. */
  readonly accession: Accession | undefined;
  readonly studyInstanceUid: string | undefined;
  readonly patient: {
    /** As people write it: `Doe, Jane Q`. One plain line of at most 256 bytes, like all text here. */
    readonly name: string;
    readonly id: string;
    /** `1961-04-07`; undefined when it is not known to the day. */
    readonly birthDate: string | undefined;
  };
  readonly description: string;
  /** As DICOM writes it: `MR`, `CT`. */
  readonly modality: string | undefined;
  /** In the hospital's own time: `2026-11-29T10:30` or `2026-11-29`. */
  readonly scheduledAt: string | undefined;
}

/** What an origin says of an order. */
export interface OrderNotice {
  readonly order: Order;
  /** It will not take place. */
  readonly isCancelled: boolean;
}

/** What came of one look at an origin. */
export interface OrderLook {
  /** Orders that could not be read and were passed over. */
  readonly refused: number;
  /** Why the first of them was. */
  readonly code: string | undefined;
}

/**
 * Swap-in point: where orders come from. Every implementation must
 * - give an order again, at the next look, until `take` has resolved for it;
 * - bound what it reads in size, number and time;
 * - pass over what it cannot read, and count it;
 * - keep patient data out of errors.
 * It may give the same order again and again.
 */
export interface OrderOrigin {
  /** One word, for the status. */
  readonly name: string;
  /**
   * Looks once for orders.
   * @throws {ImagingError} why it could not look; what was taken before counts. Also whatever `take` throws
   */
  look(take: (notice: OrderNotice) => Promise<void>): Promise<OrderLook>;
}

/** An order in the words of DICOM or HL7; what is not known is empty. */
export interface OrderWords {
  readonly accessionNumber: string;
  readonly accessionIssuer: string;
  readonly studyInstanceUid: string;
  readonly familyName: string;
  readonly givenNames: readonly string[];
  readonly patientId: string;
  /** `YYYYMMDD`, perhaps more. */
  readonly birthDate: string;
  readonly description: string;
  readonly modality: string;
  /** `YYYYMMDD` or `YYYYMMDDHHMM`, perhaps more. */
  readonly scheduled: string;
}

const TEXT_BYTES_MAX = 256;

/** @throws {ImagingError} `INVALID_UID` | `ORDER_UNIDENTIFIED` when it names neither a study nor an accession number */
export function createOrder(words: OrderWords): Order {
  const studyInstanceUid = words.studyInstanceUid.trim();
  if (studyInstanceUid !== '' && !isUid(studyInstanceUid)) {
    throw new ImagingError({ code: 'INVALID_UID', tag: '0020,000d' }, 'expected at most 64 digits and dots');
  }
  const accession = accessionOf(plain(words.accessionNumber), plain(words.accessionIssuer));
  if (accession === undefined && studyInstanceUid === '') {
    throw new ImagingError({ code: 'ORDER_UNIDENTIFIED' }, 'expected an accession number or a Study Instance UID');
  }
  const given = words.givenNames.map(plain).filter((name) => name !== '');
  const name = [plain(words.familyName), given.join(' ')].filter((part) => part !== '').join(', ');
  return {
    accession,
    studyInstanceUid: studyInstanceUid === '' ? undefined : studyInstanceUid,
    patient: { name: plain(name), id: plain(words.patientId), birthDate: dayOf(words.birthDate) },
    description: plain(words.description),
    modality: /^[A-Z0-9]{2,16}$/.test(words.modality) ? words.modality : undefined,
    scheduledAt: momentOf(words.scheduled),
  };
}

/** One line without control characters and marks of direction, cut to its bound between characters. */
function plain(text: string): string {
  const line = text
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\s]+/gu, ' ')
    .trim();
  let bytes = 0;
  let end = 0;
  for (const character of line) {
    bytes += Buffer.byteLength(character);
    if (bytes > TEXT_BYTES_MAX) break;
    end += character.length;
  }
  return line.slice(0, end);
}

function dayOf(text: string): string | undefined {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)/.exec(text) ?? [];
  const written = `${year}-${month}-${day}`;
  // Neither a month 13 nor a 30th of February.
  const ms = Date.parse(`${written}T00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(written) ? written : undefined;
}

function momentOf(text: string): string | undefined {
  const day = dayOf(text);
  const [, hour, minute] = /^\d{8}([01]\d|2[0-3])([0-5]\d)/.exec(text) ?? [];
  return day === undefined || hour === undefined ? day : `${day}T${hour}:${minute}`;
}
