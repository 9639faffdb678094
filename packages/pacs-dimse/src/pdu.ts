/** The units of the DICOM upper layer as bytes (PS3.8, section 9.3). */
import { answerInvalid } from './archive-errors.js';

export const APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1';
/** Names this implementation to the other side; of no meaning beyond its log. */
export const IMPLEMENTATION_CLASS_UID = '2.25.222684371146204872516371845562307711021';
const IMPLEMENTATION_VERSION = 'RADLEDGER';

const TYPES = {
  associateRequest: 1,
  associateAccept: 2,
  associateReject: 3,
  data: 4,
  releaseRequest: 5,
  releaseResponse: 6,
  abort: 7,
} as const;
export const DATA = TYPES.data;
/** With 128 contexts of 40 transfer syntaxes a request still stays below this. */
export const ASSOCIATE_BYTES_MAX = 512 * 1024;
/** Bytes of a P-DATA-TF around the fragment of its one value: length, context, control. */
export const VALUE_HEAD_BYTES = 6;

export interface ProposedContext {
  /** Odd, 1 to 255. */
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
}

export interface AnsweredContext {
  readonly id: number;
  /** 0 accepted, 3 abstract syntax not supported, 4 transfer syntaxes not supported. */
  readonly result: number;
  readonly transferSyntax: string;
}

/** SCP/SCU Role Selection (PS3.7, D.3.3.4). */
export interface Role {
  readonly sopClassUid: string;
  readonly scu: boolean;
  readonly scp: boolean;
}

interface Associate<Context> {
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly contexts: readonly Context[];
  readonly roles: readonly Role[];
  /** Largest P-DATA-TF the sender of this wants to receive; 0: any. */
  readonly pduBytesMax: number;
}

export type AssociateRequest = Associate<ProposedContext>;
export type AssociateAccept = Associate<AnsweredContext>;

/** A fragment of a command or of a data set. */
export interface PresentationValue {
  readonly contextId: number;
  readonly isCommand: boolean;
  readonly isLast: boolean;
  readonly fragment: Buffer;
}

export type Pdu =
  | ({ readonly type: 'associate-request' } & AssociateRequest)
  | ({ readonly type: 'associate-accept' } & AssociateAccept)
  | { readonly type: 'associate-reject'; readonly result: number; readonly source: number; readonly reason: number }
  | { readonly type: 'data'; readonly values: readonly PresentationValue[] }
  | { readonly type: 'release-request' }
  | { readonly type: 'release-response' }
  | { readonly type: 'abort'; readonly source: number; readonly reason: number };

const PRESENTATION_ITEM = { request: 0x20, accept: 0x21 } as const;

export function encodeAssociateRequest(request: AssociateRequest): Buffer {
  return pdu(
    TYPES.associateRequest,
    associateHead(request),
    ...request.contexts.map(({ id, abstractSyntax, transferSyntaxes }) =>
      item(
        PRESENTATION_ITEM.request,
        Buffer.from([id, 0, 0, 0]),
        item(0x30, ascii(abstractSyntax)),
        ...transferSyntaxes.map((uid) => item(0x40, ascii(uid))),
      ),
    ),
    userInformation(request),
  );
}

export function encodeAssociateAccept(accept: AssociateAccept): Buffer {
  return pdu(
    TYPES.associateAccept,
    associateHead(accept),
    ...accept.contexts.map(({ id, result, transferSyntax }) =>
      item(PRESENTATION_ITEM.accept, Buffer.from([id, 0, result, 0]), item(0x40, ascii(transferSyntax))),
    ),
    userInformation(accept),
  );
}

export function encodeAssociateReject(result: number, source: number, reason: number): Buffer {
  return pdu(TYPES.associateReject, Buffer.from([0, result, source, reason]));
}

/** What stands before the fragment of a P-DATA-TF with one value. */
export function encodeDataHead(value: Omit<PresentationValue, 'fragment'>, fragmentBytes: number): Buffer {
  const head = Buffer.alloc(12);
  head[0] = TYPES.data;
  head.writeUInt32BE(fragmentBytes + VALUE_HEAD_BYTES, 2);
  head.writeUInt32BE(fragmentBytes + 2, 6);
  head[10] = value.contextId;
  head[11] = (value.isCommand ? 1 : 0) | (value.isLast ? 2 : 0);
  return head;
}

export const encodeReleaseRequest = (): Buffer => pdu(TYPES.releaseRequest, Buffer.alloc(4));
export const encodeReleaseResponse = (): Buffer => pdu(TYPES.releaseResponse, Buffer.alloc(4));
/** Source 0: the user of the service; 2: the provider, for what breaks the protocol. */
export const encodeAbort = (source: 0 | 2): Buffer => pdu(TYPES.abort, Buffer.from([0, 0, source, 0]));

/** @throws {ImagingError} `ARCHIVE_ANSWER_INVALID` */
export function decodePdu(type: number, body: Buffer): Pdu {
  switch (type) {
    case TYPES.associateRequest:
      return { type: 'associate-request', ...decodeAssociate(body, PRESENTATION_ITEM.request, proposedContext) };
    case TYPES.associateAccept:
      return { type: 'associate-accept', ...decodeAssociate(body, PRESENTATION_ITEM.accept, answeredContext) };
    case TYPES.associateReject:
      return { type: 'associate-reject', result: at(body, 1), source: at(body, 2), reason: at(body, 3) };
    case TYPES.data:
      return { type: 'data', values: decodeValues(body) };
    case TYPES.releaseRequest:
      return { type: 'release-request' };
    case TYPES.releaseResponse:
      return { type: 'release-response' };
    case TYPES.abort:
      return { type: 'abort', source: at(body, 2), reason: at(body, 3) };
    default:
      throw answerInvalid('pdu-type', 'expected a unit of the DICOM upper layer');
  }
}

const ASSOCIATE_HEAD_BYTES = 68;

function associateHead({ calledAeTitle, callingAeTitle }: Associate<unknown>): Buffer {
  const head = Buffer.alloc(ASSOCIATE_HEAD_BYTES);
  head.writeUInt16BE(1, 0);
  head.write(calledAeTitle.padEnd(16), 4, 16, 'latin1');
  head.write(callingAeTitle.padEnd(16), 20, 16, 'latin1');
  return Buffer.concat([head, item(0x10, ascii(APPLICATION_CONTEXT))]);
}

function userInformation({ pduBytesMax, roles }: Associate<unknown>): Buffer {
  const maximum = Buffer.alloc(4);
  maximum.writeUInt32BE(pduBytesMax);
  return item(
    0x50,
    item(0x51, maximum),
    item(0x52, ascii(IMPLEMENTATION_CLASS_UID)),
    ...roles.map(({ sopClassUid, scu, scp }) =>
      item(0x54, Buffer.from([0, sopClassUid.length]), ascii(sopClassUid), Buffer.from([scu ? 1 : 0, scp ? 1 : 0])),
    ),
    item(0x55, ascii(IMPLEMENTATION_VERSION)),
  );
}

function decodeAssociate<Context>(
  body: Buffer,
  contextItem: number,
  contextOf: (body: Buffer) => Context,
): Associate<Context> {
  if (body.length < ASSOCIATE_HEAD_BYTES) throw malformedItem();
  const contexts: Context[] = [];
  const roles: Role[] = [];
  let pduBytesMax = 0;
  for (const { type, value } of itemsOf(body.subarray(ASSOCIATE_HEAD_BYTES))) {
    if (type === contextItem) contexts.push(contextOf(value));
    if (type !== 0x50) continue;
    for (const user of itemsOf(value)) {
      if (user.type === 0x51) pduBytesMax = user.value.length === 4 ? user.value.readUInt32BE() : fail();
      if (user.type === 0x54) roles.push(roleOf(user.value));
    }
  }
  if (contexts.length > 128) throw answerInvalid('contexts', 'expected at most 128 presentation contexts');
  const title = (offset: number): string => body.toString('latin1', offset, offset + 16).trim();
  return { calledAeTitle: title(4), callingAeTitle: title(20), contexts, roles, pduBytesMax };
}

function proposedContext(body: Buffer): ProposedContext {
  let abstractSyntax = '';
  const transferSyntaxes: string[] = [];
  for (const { type, value } of itemsOf(body.subarray(4))) {
    if (type === 0x30) abstractSyntax = uidOf(value);
    if (type === 0x40) transferSyntaxes.push(uidOf(value));
  }
  return { id: at(body, 0), abstractSyntax, transferSyntaxes };
}

function answeredContext(body: Buffer): AnsweredContext {
  const transferSyntax = itemsOf(body.subarray(4)).find(({ type }) => type === 0x40);
  const result = at(body, 2);
  // Of a refused context the transfer syntax is not significant, and may be empty.
  const isAccepted = result === 0 && transferSyntax !== undefined;
  return { id: at(body, 0), result, transferSyntax: isAccepted ? uidOf(transferSyntax.value) : '' };
}

function roleOf(body: Buffer): Role {
  if (body.length < 4) throw malformedItem();
  const uidBytes = body.readUInt16BE();
  if (body.length !== uidBytes + 4) throw malformedItem();
  return {
    sopClassUid: uidOf(body.subarray(2, 2 + uidBytes)),
    scu: body[2 + uidBytes] === 1,
    scp: body[3 + uidBytes] === 1,
  };
}

function decodeValues(body: Buffer): readonly PresentationValue[] {
  const values: PresentationValue[] = [];
  for (let position = 0; position < body.length; ) {
    if (body.length < position + VALUE_HEAD_BYTES) throw malformedItem();
    const length = body.readUInt32BE(position);
    const end = position + 4 + length;
    if (length < 2 || end > body.length) throw malformedItem();
    const control = at(body, position + 5);
    values.push({
      contextId: at(body, position + 4),
      isCommand: (control & 1) === 1,
      isLast: (control & 2) === 2,
      fragment: body.subarray(position + VALUE_HEAD_BYTES, end),
    });
    position = end;
  }
  return values;
}

function itemsOf(body: Buffer): readonly { readonly type: number; readonly value: Buffer }[] {
  const items: { type: number; value: Buffer }[] = [];
  for (let position = 0; position < body.length; ) {
    if (body.length < position + 4) throw malformedItem();
    const end = position + 4 + body.readUInt16BE(position + 2);
    if (end > body.length) throw malformedItem();
    items.push({ type: at(body, position), value: body.subarray(position + 4, end) });
    position = end;
  }
  return items;
}

function uidOf(value: Buffer): string {
  const uid = value.toString('latin1').replace(/[\0 ]+$/, '');
  if (!/^[0-9.]{1,64}$/.test(uid)) throw answerInvalid('pdu-uid', 'expected at most 64 digits and dots');
  return uid;
}

function pdu(type: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(6);
  head[0] = type;
  head.writeUInt32BE(body.length, 2);
  return Buffer.concat([head, body]);
}

function item(type: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(4);
  head[0] = type;
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function at(body: Buffer, position: number): number {
  return body[position] ?? fail();
}

function fail(): never {
  throw malformedItem();
}

function malformedItem() {
  return answerInvalid('pdu-items', 'expected items that end with their unit');
}
