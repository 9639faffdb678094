/** Orders from a Modality Worklist: C-FIND as SCU of the hospital's worklist (PS3.4, annex K). */
import { createOrder, ImagingError, type Order, type OrderOrigin } from '@radledger/imaging';
import { answerInvalid } from './archive-errors.js';
import { type DimsePeer, requestAssociation } from './association.js';
import { accessionIn, ISSUER_KEYS, matchesOf } from './find.js';
import { type Answer, type Identifier, TAGS } from './identifier.js';
import { contextsOf, IMPLICIT_LITTLE_ENDIAN, WORKLIST_FIND } from './syntaxes.js';

export interface ModalityWorklistOptions extends Omit<DimsePeer, 'timeoutMs'> {
  /** Longest silence of the worklist, in ms; default 30 000. */
  readonly timeoutMs?: number;
  /** Longest whole answer, in ms; default 300 000. */
  readonly answerMsMax?: number;
  /** Asked for: what is scheduled from yesterday to so many days from now; default 7. */
  readonly daysAhead?: number;
  /** The clock, Unix ms; default the system's. Days are those of its time zone. */
  readonly now?: () => number;
}

/** Entries of one answer. */
const ENTRIES_MAX = 20_000;

const PATIENT_NAME = 0x00100010;
const PATIENT_ID = 0x00100020;
const PATIENT_BIRTH_DATE = 0x00100030;
const PROCEDURE_DESCRIPTION = 0x00321060;
const STEP_SEQUENCE = 0x00400100;
const MODALITY = 0x00080060;
const STEP_DATE = 0x00400002;
const STEP_TIME = 0x00400003;
const STEP_DESCRIPTION = 0x00400007;

/**
 * A worklist holds what is to be done: an order leaves it when it was done, so nothing is concluded from one that is no longer there.
 * @throws its look: {ImagingError} `ARCHIVE_UNAVAILABLE` | `ARCHIVE_REFUSED` | `ARCHIVE_ANSWER_INVALID`
 */
export function createModalityWorklist(options: ModalityWorklistOptions): OrderOrigin {
  const { timeoutMs = 30_000, answerMsMax = 300_000, daysAhead = 7, now = Date.now } = options;
  const contexts = contextsOf([{ abstractSyntax: WORKLIST_FIND, transferSyntax: IMPLICIT_LITTLE_ENDIAN }]);
  return {
    name: 'worklist',
    async look(take) {
      const association = await requestAssociation({ ...options, timeoutMs }, contexts);
      const timer = setTimeout(() => association.abort(), answerMsMax);
      try {
        const from = dayFrom(now(), -1);
        const query = queryFor(`${from}-${dayFrom(now(), daysAhead)}`);
        // All of it first: whoever takes an entry may need longer than a worklist waits.
        const orders: Order[] = [];
        let refused = 0;
        let code: string | undefined;
        for await (const match of matchesOf(association, WORKLIST_FIND, query)) {
          if (orders.length + refused === ENTRIES_MAX) throw answerInvalid('matches', 'expected a narrower worklist');
          try {
            orders.push(orderFrom(match));
          } catch (error) {
            if (!(error instanceof ImagingError) || error.code === 'ARCHIVE_ANSWER_INVALID') throw error;
            refused += 1;
            code ??= error.code;
          }
        }
        await association.release();
        for (const order of orders) await take({ order, isCancelled: false });
        return { refused, code };
      } finally {
        clearTimeout(timer);
        association.abort();
      }
    },
  };
}

function queryFor(days: string): Identifier {
  const step: Identifier = new Map([
    [MODALITY, ''],
    [STEP_DATE, days],
    [STEP_TIME, ''],
    [STEP_DESCRIPTION, ''],
  ]);
  return new Map<number, string | Identifier>([
    [TAGS.accessionNumber, ''],
    [TAGS.accessionIssuer, ISSUER_KEYS],
    [PATIENT_NAME, ''],
    [PATIENT_ID, ''],
    [PATIENT_BIRTH_DATE, ''],
    [TAGS.studyInstanceUid, ''],
    [PROCEDURE_DESCRIPTION, ''],
    [STEP_SEQUENCE, step],
  ]);
}

/** @throws {ImagingError} `ORDER_UNIDENTIFIED` | `INVALID_UID` | `ARCHIVE_ANSWER_INVALID` */
function orderFrom(entry: Answer): Order {
  const step = entry.item(STEP_SEQUENCE);
  const [accessionNumber, accessionIssuer] = accessionIn(entry);
  // Alphabetic, ideographic and phonetic (PS3.5, 6.2.1): the first that is there.
  const name =
    entry
      .text(PATIENT_NAME)
      .split('=')
      .find((group) => group !== '') ?? '';
  const [familyName = '', ...givenNames] = name.split('^').slice(0, 3);
  return createOrder({
    accessionNumber,
    accessionIssuer,
    studyInstanceUid: entry.text(TAGS.studyInstanceUid),
    familyName,
    givenNames,
    patientId: entry.text(PATIENT_ID),
    birthDate: entry.text(PATIENT_BIRTH_DATE),
    description: entry.text(PROCEDURE_DESCRIPTION) || (step?.text(STEP_DESCRIPTION) ?? ''),
    modality: step?.text(MODALITY) ?? '',
    scheduled: `${step?.text(STEP_DATE) ?? ''}${step?.text(STEP_TIME) ?? ''}`,
  });
}

/** `YYYYMMDD` so many days from a moment, in the time zone of this machine. */
function dayFrom(ms: number, days: number): string {
  const date = new Date(ms);
  date.setDate(date.getDate() + days);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
}
