import { readHl7Orders } from '@radledger/imaging/orders';
import type { Target } from '../fuzz.js';

const MESSAGES = [
  [
    'MSH|^~\\&|RIS|HOSPITAL|GATEWAY|HOSPITAL|20261128101500||ORM^O01|1|P|2.3.1',
    'PID|||7731^^^HOSPITAL||Doe^Jane^Q||19610407|F',
    'ORC|NW|P1|F1^RIS^1.2.3^ISO||SC||1^once^^20261129103000^^S',
    'OBR|1|P1|F1^RIS^1.2.3^ISO|MRKNEE^MRI of the knee||||||||||||||A-17||||||MR',
    'ZDS|1.2.840.113619.2.1^^Application^DICOM',
  ],
  [
    'MSH|^~\\&|RIS||||20261128||OMI^O23^OMI_O23|2|P|2.5.1||||||8859/1',
    'PID|||7732||M\\XFC\\ller \\T\\ Sons^Hans',
    'ORC|CA|P2|F2',
    'TQ1|1||||||20261201',
    'OBR|1|P2|F2|^^^CT^CT, head',
    'IPC|A-18^RIS^1.2.40.9^ISO|RP1|1.2.3.4|SPS1|CT',
  ],
  [
    'MSH|^~\\&|RIS||||||OMG^O19|3|P|2.5||||||~ISO IR87',
    'PID|||7733||\x1b$B;3ED\x1b(B^Tarou',
    'ORC|NW',
    'OBR|1||F3|X^X-ray\\.br\\of the chest',
  ],
];

/** One HL7 message of orders, as a file holds it. */
export const hl7Orders: Target = {
  name: 'hl7-orders',
  words: [
    'MSH|^~\\&',
    '\r',
    '\n',
    '|',
    '^',
    '~',
    '\\',
    '&',
    '\\X',
    'ORC|',
    'OBR|',
    'IPC|',
    'ZDS|',
    'UNICODE UTF-8',
    '""',
  ],
  corpus: async () => MESSAGES.map((lines) => Buffer.from(lines.join('\r'), 'latin1')),
  read: async (input) => readHl7Orders(input, 'UNICODE UTF-8'),
};
