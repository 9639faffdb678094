/** The orders in an HL7 message: ORM^O01, OMG^O19 and OMI^O23, as IHE RAD TF-2, sections 4.4 and 4.2, fills them. */
import { ImagingError } from '../errors.js';
import { createOrder, type OrderNotice } from '../order.js';
import { type Hl7Segment, malformed, readHl7Message } from './hl7-message.js';

const TYPES = new Set(['ORM^O01', 'OMG^O19', 'OMI^O23']);
/** Order control codes (table 0119) by which an order ends. */
const ENDED = new Set(['CA', 'CR', 'DC', 'DR', 'OC', 'OD']);
/** Order statuses (table 0038) of one that ended without being done. */
const ENDED_STATUS = new Set(['CA', 'DC']);
const ORDERS_MAX = 100;

/** The segments of one order, by name; the first of each. */
type Group = ReadonlyMap<string, Hl7Segment>;

/**
 * @param characterSet - for a message that names none (HL7 table 0211)
 * @returns 1 to 100 notices
 * @throws {ImagingError} `ORDER_TOO_LARGE` | `ORDER_MALFORMED` | `ORDER_TEXT_UNREADABLE` | `ORDER_UNSUPPORTED` |
 *   `ORDER_UNIDENTIFIED` | `INVALID_UID`
 */
export function readHl7Orders(bytes: Uint8Array, characterSet: string): readonly OrderNotice[] {
  const segments = readHl7Message(bytes, characterSet);
  const [header] = segments;
  if (header === undefined) throw malformed('header');
  if (!TYPES.has(`${header.text(9)}^${header.text(9, 2)}`)) {
    throw new ImagingError({ code: 'ORDER_UNSUPPORTED' }, 'expected ORM^O01, OMG^O19 or OMI^O23');
  }
  const patient = segments.find(({ name }) => name === 'PID');
  if (patient === undefined) throw malformed('PID');
  const groups = groupsOf(segments);
  if (groups.length === 0 || groups.length > ORDERS_MAX) throw malformed('ORC');
  // One for the whole message, behind its orders.
  const study = segments.find(({ name }) => name === 'ZDS');
  return groups.map((group) => noticeOf(group, patient, study));
}

/** Each ORC begins an order; an OBR of its own belongs to the ORC before it. */
function groupsOf(segments: readonly Hl7Segment[]): readonly Group[] {
  const groups: Map<string, Hl7Segment>[] = [];
  for (const segment of segments) {
    const { name } = segment;
    const current = groups.at(-1);
    if (name === 'ORC') groups.push(new Map([[name, segment]]));
    else if (current === undefined) continue;
    else if (name === 'OBR' && current.has('OBR')) {
      groups.push(new Map([...current].filter(([before]) => before === 'ORC').concat([[name, segment]])));
    } else if (!current.has(name)) current.set(name, segment);
  }
  return groups;
}

function noticeOf(group: Group, patient: Hl7Segment, study: Hl7Segment | undefined): OrderNotice {
  const first = (...places: readonly (readonly [segment: string, field: number, component?: number])[]): string => {
    for (const [segment, field, component] of places) {
      const text = group.get(segment)?.text(field, component) ?? '';
      if (text !== '') return text;
    }
    return '';
  };
  // The accession number: of IPC, else the placer field that IHE puts it in, else the filler's own number.
  const numbers = [['IPC', 1] as const, ['OBR', 18] as const, ['OBR', 3] as const, ['ORC', 3] as const];
  const [segment, field] = numbers.find((place) => first(place) !== '') ?? ['IPC', 1];
  const order = createOrder({
    accessionNumber: first([segment, field]),
    accessionIssuer: first([segment, field, 3], [segment, field, 2]),
    studyInstanceUid: first(['IPC', 3]) || (study?.text(1) ?? ''),
    familyName: patient.text(5),
    givenNames: [patient.text(5, 2), patient.text(5, 3)],
    patientId: patient.text(3),
    birthDate: patient.text(7),
    description: first(['OBR', 4, 2], ['OBR', 4, 5], ['OBR', 4]),
    modality: first(['IPC', 5], ['OBR', 24]),
    scheduled: first(['TQ1', 7], ['OBR', 36], ['OBR', 27, 4], ['ORC', 7, 4]),
  });
  return { order, isCancelled: ENDED.has(first(['ORC', 1])) || ENDED_STATUS.has(first(['ORC', 5])) };
}
