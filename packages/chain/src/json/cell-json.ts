/** How cells read in JSON: the shapes of the node API. Spec: docs/spec/state.md, section 9. */
import { toHex } from '@radledger/primitives';
import { RETIRE_REASON_NUMBERS, type RetireReason } from '@radledger/transactions';
import type { GrantCell, MisconductCell, OwnerCell, SourceCell, StudyCell } from '../cells.js';
import { JsonFields } from './json-fields.js';

/** Keys and ids are 64 lower-case hex digits, times Unix ms, `null` is absent. */
export interface SourceJson {
  readonly id: string;
  readonly endpoint: { readonly name: string; readonly baseUrl: string; readonly tlsPins: readonly string[] } | null;
  readonly signingKey: string;
  readonly nodeKey: string;
  readonly vrfKey: string;
  readonly endowment: number;
  readonly admittedHeight: number;
}

export interface StudyJson {
  readonly source: string;
  readonly studyId: string;
  readonly owner: string;
  readonly era: number;
  readonly content: string;
  readonly definedHeight: number;
  readonly contentHeight: number;
  readonly retired: { readonly reason: RetireReason; readonly height: number } | null;
  readonly delegate: { readonly key: string; readonly notAfterMs: number } | null;
}

export interface GrantJson {
  readonly source: string;
  readonly studyId: string;
  readonly tag: string;
  readonly era: number;
  readonly sequence: number;
  readonly revoked: boolean;
  readonly notAfterMs: number;
  readonly scope: number;
  readonly consentReceiptHash: string | null;
  readonly height: number;
}

export interface OwnerJson {
  readonly key: string;
  readonly source: string;
  readonly studyId: string;
  readonly role: 'owner' | 'delegate';
}

/** What JSON says of a source; counts and quotas are left to the cell's bytes. */
export type SourceFacts = Omit<SourceCell, 'studies' | 'studyQuota' | 'allowQuota' | 'rate'> & {
  readonly id: Uint8Array;
};
/** What JSON says of a study. */
export type StudyFacts = Omit<StudyCell, 'quota'> & { readonly source: Uint8Array; readonly studyId: Uint8Array };
/** What JSON says of a grant. */
export type GrantFacts = GrantCell & {
  readonly source: Uint8Array;
  readonly studyId: Uint8Array;
  readonly tag: Uint8Array;
};

export function sourceToJson(id: Uint8Array, cell: SourceCell): SourceJson {
  const { endpoint } = cell;
  return {
    id: toHex(id),
    endpoint: endpoint === undefined ? null : { ...endpoint, tlsPins: endpoint.tlsPins.map(toHex) },
    signingKey: toHex(cell.signingKey),
    nodeKey: toHex(cell.nodeKey),
    vrfKey: toHex(cell.vrfKey),
    endowment: cell.endowment,
    admittedHeight: cell.admittedHeight,
  };
}

/** @throws {ChainError} `MALFORMED` */
export function sourceFromJson(json: unknown): SourceFacts {
  const fields = new JsonFields('source', json);
  const endpoint = fields.objectOrNull('endpoint');
  return {
    id: fields.hex('id', 32),
    endpoint: endpoint && {
      name: endpoint.string('name'),
      baseUrl: endpoint.string('baseUrl'),
      tlsPins: endpoint.hexList('tlsPins', 3, 32),
    },
    signingKey: fields.hex('signingKey', 32),
    nodeKey: fields.hex('nodeKey', 32),
    vrfKey: fields.hex('vrfKey', 32),
    endowment: fields.integer('endowment'),
    admittedHeight: fields.integer('admittedHeight'),
  };
}

export function studyToJson(id: { source: Uint8Array; studyId: Uint8Array }, cell: StudyCell): StudyJson {
  const { retired, delegate } = cell;
  return {
    source: toHex(id.source),
    studyId: toHex(id.studyId),
    owner: toHex(cell.owner),
    era: cell.era,
    content: toHex(cell.content),
    definedHeight: cell.definedHeight,
    contentHeight: cell.contentHeight,
    retired: retired === undefined ? null : { reason: retired.reason, height: retired.height },
    delegate: delegate === undefined ? null : { key: toHex(delegate.key), notAfterMs: delegate.notAfterMs },
  };
}

/** @throws {ChainError} `MALFORMED` */
export function studyFromJson(json: unknown): StudyFacts {
  const fields = new JsonFields('study', json);
  const retired = fields.objectOrNull('retired');
  const delegate = fields.objectOrNull('delegate');
  return {
    source: fields.hex('source', 32),
    studyId: fields.hex('studyId', 32),
    owner: fields.hex('owner', 32),
    era: fields.integer('era'),
    content: fields.hex('content', 32),
    definedHeight: fields.integer('definedHeight'),
    contentHeight: fields.integer('contentHeight'),
    retired: retired && { reason: retired.word('reason', RETIRE_REASONS), height: retired.integer('height') },
    delegate: delegate && { key: delegate.hex('key', 32), notAfterMs: delegate.integer('notAfterMs') },
  };
}

export function grantToJson(
  id: { source: Uint8Array; studyId: Uint8Array; tag: Uint8Array },
  { consentReceiptHash, ...cell }: GrantCell,
): GrantJson {
  return {
    source: toHex(id.source),
    studyId: toHex(id.studyId),
    tag: toHex(id.tag),
    ...cell,
    consentReceiptHash: consentReceiptHash === undefined ? null : toHex(consentReceiptHash),
  };
}

/** @throws {ChainError} `MALFORMED` */
export function grantFromJson(json: unknown): GrantFacts {
  const fields = new JsonFields('grant', json);
  return {
    source: fields.hex('source', 32),
    studyId: fields.hex('studyId', 32),
    tag: fields.hex('tag', 32),
    era: fields.integer('era'),
    sequence: fields.integer('sequence'),
    revoked: fields.boolean('revoked'),
    notAfterMs: fields.integer('notAfterMs'),
    scope: fields.integer('scope'),
    consentReceiptHash: fields.hexOrNull('consentReceiptHash', 32),
    height: fields.integer('height'),
  };
}

/** What a source's node key was shown to have done in one epoch. */
export interface MisconductJson {
  readonly epoch: number;
  readonly nodeKey: string;
  readonly reports: readonly {
    readonly kind: number;
    readonly verdict: 'EQUIVOCATED' | 'INVALID';
    readonly view: number;
    readonly height: number;
  }[];
}

export function misconductToJson(epoch: number, { nodeKey, reports }: MisconductCell): MisconductJson {
  return { epoch, nodeKey: toHex(nodeKey), reports };
}

export function ownerToJson(key: Uint8Array, { source, studyId, role }: OwnerCell): OwnerJson {
  return { key: toHex(key), source: toHex(source), studyId: toHex(studyId), role };
}

/** @throws {ChainError} `MALFORMED` */
export function ownerFromJson(json: unknown): OwnerCell & { readonly key: Uint8Array } {
  const fields = new JsonFields('owner', json);
  return {
    key: fields.hex('key', 32),
    source: fields.hex('source', 32),
    studyId: fields.hex('studyId', 32),
    role: fields.word('role', ['owner', 'delegate']),
  };
}

const RETIRE_REASONS = Object.keys(RETIRE_REASON_NUMBERS) as readonly RetireReason[];
