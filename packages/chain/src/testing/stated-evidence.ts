/** Evidence that says what it proves, and rests on one signature that it brings along: for tests of what follows from it. */
import {
  bytes,
  decodeWith,
  encodeCanonical,
  encodeWith,
  PrimitivesError,
  type SignatureClaim,
  struct,
  uint,
} from '@radledger/primitives';
import type { EvidenceRules, Judgement } from '../evidence.js';

const VERDICTS = ['EQUIVOCATED', 'INVALID', 'LATE'] as const;
const id = bytes({ length: 32 });
const schema = struct({
  kind: uint(255),
  epoch: uint(),
  view: uint(),
  verdict: uint(2),
  source: id,
  nodeKey: id,
  signature: bytes({ length: 64 }),
});

export interface Statement extends Omit<Judgement, 'offenders'> {
  readonly source: Uint8Array;
  readonly nodeKey: Uint8Array;
}

/** What the node key signs about itself. */
export function statementMessage({ kind, epoch, view }: Pick<Statement, 'kind' | 'epoch' | 'view'>): Uint8Array {
  return encodeCanonical(['radledger/test-evidence/1', kind, epoch, view]);
}

export function encodeStatement(statement: Statement, signature: Uint8Array = new Uint8Array(64)): Uint8Array {
  return encodeWith(schema, { ...statement, verdict: VERDICTS.indexOf(statement.verdict), signature });
}

function decode(evidence: Uint8Array): (Statement & { readonly signature: Uint8Array }) | undefined {
  try {
    const stated = decodeWith(schema, evidence, { bytesMax: 1_024 });
    return { ...stated, verdict: VERDICTS[stated.verdict as 0 | 1 | 2] };
  } catch (error) {
    if (error instanceof PrimitivesError) return undefined;
    throw error;
  }
}

export const statedEvidence: EvidenceRules = {
  claims(evidence) {
    const stated = decode(evidence);
    if (stated === undefined) return undefined;
    const claim: SignatureClaim = {
      key: stated.nodeKey,
      message: statementMessage(stated),
      signature: stated.signature,
    };
    return { holding: [claim], failing: [] };
  },
  judge({ evidence, epoch }) {
    const stated = decode(evidence);
    const isMember = epoch.members.some(({ nodeKey }) =>
      nodeKey.every((byte, index) => byte === stated?.nodeKey[index]),
    );
    if (stated === undefined || stated.epoch !== epoch.epoch || !isMember) return undefined;
    const { kind, view, verdict, source, nodeKey } = stated;
    return { kind, epoch: stated.epoch, view, verdict, offenders: [{ source, nodeKey }] };
  },
};
