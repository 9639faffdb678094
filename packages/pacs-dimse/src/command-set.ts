/** Commands and responses of DIMSE (PS3.7, annex E): group 0000 in implicit VR little endian. */
import { answerInvalid } from './archive-errors.js';

export const FIELD = {
  storeRequest: 0x0001,
  storeResponse: 0x8001,
  getRequest: 0x0010,
  getResponse: 0x8010,
  findRequest: 0x0020,
  findResponse: 0x8020,
  moveRequest: 0x0021,
  moveResponse: 0x8021,
  echoRequest: 0x0030,
  echoResponse: 0x8030,
  cancelRequest: 0x0fff,
} as const;

export const STATUS = {
  success: 0x0000,
  duplicateInstance: 0x0111,
  unrecognizedOperation: 0x0211,
  outOfResources: 0xa700,
  doesNotMatch: 0xa900,
  cannotUnderstand: 0xc000,
} as const;

/** Whether more responses to the same request follow. */
export function isPending(status: number): boolean {
  return status === 0xff00 || status === 0xff01;
}

/** Done, perhaps with a warning that changes nothing for the reader. */
export function isSuccess(status: number): boolean {
  return status === STATUS.success || (status & 0xf000) === 0xb000;
}

export interface Command {
  /** One of `FIELD`. */
  readonly field: number;
  readonly sopClassUid?: string;
  readonly messageId?: number;
  readonly respondsTo?: number;
  readonly moveDestination?: string;
  readonly priority?: number;
  /** Filled in by who sends. */
  readonly hasDataSet?: boolean;
  readonly status?: number;
  readonly sopInstanceUid?: string;
  readonly failed?: number;
}

const NO_DATA_SET = 0x0101;
/** Far more than all elements of PS3.7 take. */
export const COMMAND_BYTES_MAX = 16 * 1024;

const TEXTS = { sopClassUid: 0x0002, moveDestination: 0x0600, sopInstanceUid: 0x1000 } as const;
const NUMBERS = {
  field: 0x0100,
  messageId: 0x0110,
  respondsTo: 0x0120,
  priority: 0x0700,
  status: 0x0900,
  failed: 0x1022,
} as const;
const DATA_SET_TYPE = 0x0800;

export function encodeCommand(command: Command): Buffer {
  const elements: [number, Buffer][] = [[DATA_SET_TYPE, uint16(command.hasDataSet === true ? 0 : NO_DATA_SET)]];
  for (const [name, number] of Object.entries(NUMBERS) as [keyof typeof NUMBERS, number][]) {
    const value = command[name];
    if (value !== undefined) elements.push([number, uint16(value)]);
  }
  for (const [name, number] of Object.entries(TEXTS) as [keyof typeof TEXTS, number][]) {
    const value = command[name];
    if (value !== undefined) elements.push([number, text(value, name === 'moveDestination' ? ' ' : '\0')]);
  }
  elements.sort(([a], [b]) => a - b);
  const rest = Buffer.concat(elements.map(([number, value]) => element(number, value)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(rest.length);
  return Buffer.concat([element(0x0000, length), rest]);
}

/** @throws {ImagingError} `ARCHIVE_ANSWER_INVALID` */
export function decodeCommand(bytes: Buffer): Command {
  const values = new Map<number, Buffer>();
  for (let position = 0; position < bytes.length; ) {
    if (bytes.length < position + 8) throw malformed();
    // DCMTK puts the UIDs that failed behind the command, in group 0008: nobody needs them.
    if (bytes.readUInt16LE(position) !== 0) break;
    const number = bytes.readUInt16LE(position + 2);
    const end = position + 8 + bytes.readUInt32LE(position + 4);
    if (end > bytes.length || values.has(number)) throw malformed();
    values.set(number, bytes.subarray(position + 8, end));
    position = end;
  }
  const decoded: Record<string, unknown> = {};
  for (const [name, number] of Object.entries(NUMBERS)) {
    const value = values.get(number);
    if (value !== undefined && value.length > 0) decoded[name] = numberOf(value);
  }
  for (const [name, number] of Object.entries(TEXTS)) {
    const value = values.get(number);
    if (value !== undefined) decoded[name] = value.toString('latin1').replace(/[\0 ]+$/, '');
  }
  const type = values.get(DATA_SET_TYPE);
  if (decoded['field'] === undefined || type === undefined) throw malformed();
  return { ...decoded, hasDataSet: numberOf(type) !== NO_DATA_SET } as unknown as Command;
}

function numberOf(value: Buffer): number {
  if (value.length !== 2) throw malformed();
  return value.readUInt16LE();
}

function element(number: number, value: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(number, 2);
  head.writeUInt32LE(value.length, 4);
  return Buffer.concat([head, value]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function text(value: string, padding: string): Buffer {
  return Buffer.from(value.length % 2 === 0 ? value : value + padding, 'latin1');
}

function malformed() {
  return answerInvalid('command', 'expected a command set in implicit VR little endian');
}
