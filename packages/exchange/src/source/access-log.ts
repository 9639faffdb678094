/** Who looked: the readings of a study, for its owner and her delegate. Spec: docs/spec/gateway-api.md, section 1. */
import {
  ACCESS_LOG_ENTRIES_MAX,
  type AccessLogEntry,
  type AccessLogRequest,
  decodeAccessLogRequest,
  REQUEST_SKEW_MS,
  sealAccessLog,
  verifyAccessLogRequest,
} from '@radledger/handover';
import { bytes, fromHex, type Infer, literal, randomBytes, struct, toHex, uint } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import { type ExchangeStore, put, type RecordKind } from '../exchange-store.js';
import type { LedgerPort } from '../ledger-port.js';
import type { LedgerView } from '../ledger-view.js';
import { oneOf } from '../one-of.js';
import { roleOf } from './authorise.js';
import { refusedRequest } from './refused-request.js';
import type { DurableReplayStore } from './replay-store.js';
import type { SourceIdentity } from './source-identity.js';

const accessSchema = struct({
  format: literal(1),
  atMs: uint(),
  reader: bytes({ length: 32 }),
  part: oneOf(['file-set', 'manifest', 'instances', 'metadata']),
  basis: oneOf(['grant', 'owner', 'delegate']),
  outcome: oneOf(['begun', 'success', 'failure']),
  bytes: uint(),
});
export type AccessRecord = Infer<typeof accessSchema>;
/**
 * The id is `<studyId>.<era>.<position>`, all in hex; positions ascend with time. An owner sees the readings of her own era: who read
 * in an earlier one was allowed by somebody else, whose recipients are not hers to know.
 */
export const accessRecords: RecordKind<AccessRecord> = { name: 'access', schema: accessSchema, bytesMax: 256 };

/** One reading as it goes on. */
export type Access = Pick<AccessLogEntry, 'reader' | 'part' | 'basis'> & {
  readonly studyId: Uint8Array;
  readonly era: number;
};

export interface AccessLogs {
  /** Keeps that a reading begins; the returned function keeps how it ended. */
  begin(access: Access): Promise<(outcome: 'success' | 'failure', bytes: number) => Promise<void>>;
  /**
   * Answers a signed request.
   * @throws {ExchangeError} `MALFORMED_REQUEST` | `SIGNATURE_INVALID` | `REQUEST_EXPIRED` | `VIEW_STALE` | `STUDY_UNKNOWN` | `REPLAYED`
   */
  answer(requestBytes: Uint8Array): Promise<Uint8Array>;
}

export function createAccessLogs(options: {
  readonly store: ExchangeStore;
  readonly ledger: LedgerPort;
  readonly view: LedgerView;
  readonly identity: SourceIdentity;
  readonly replay: DurableReplayStore;
  /** Whether a study was given to the wrong patient: its owner is told nothing more. */
  readonly isWrongPatient: (studyId: Uint8Array) => boolean;
  readonly now: () => number;
}): AccessLogs {
  const { store, ledger, view, identity, now } = options;

  async function read(requestBytes: Uint8Array): Promise<AccessLogRequest> {
    const { chainId, source } = identity;
    try {
      const request = decodeAccessLogRequest(requestBytes);
      await verifyAccessLogRequest(request, { chainId, source, nowMs: now() });
      return request;
    } catch (cause) {
      throw refusedRequest(cause);
    }
  }

  return {
    async begin({ studyId, era, reader, part, basis }) {
      const atMs = now();
      const id = `${prefixOf(studyId, era)}${toHex(positionAt(atMs))}`;
      const record: AccessRecord = { format: 1, atMs, reader, part, basis, outcome: 'begun', bytes: 0 };
      await store.commit([put(accessRecords, id, record)]);
      return (outcome, bytesLeft) => store.commit([put(accessRecords, id, { ...record, outcome, bytes: bytesLeft })]);
    },

    async answer(requestBytes) {
      const request = await read(requestBytes);
      if (!view.isUsable())
        throw new ExchangeError({ code: 'VIEW_STALE' }, 'the view of the ledger is out of date; retry later');
      const cell = await ledger.study(identity.source, request.studyId);
      const isWrong = options.isWrongPatient(request.studyId);
      if (
        cell === undefined ||
        isWrong ||
        roleOf(cell, request.key, Math.max(now(), view.head.timestampMs)) === undefined
      ) {
        throw new ExchangeError({ code: 'STUDY_UNKNOWN' }, 'this source holds no such study of yours');
      }
      const untilMs = request.timeMs + 2 * REQUEST_SKEW_MS;
      if (!(await options.replay.remember(toHex(request.key), toHex(request.nonce), untilMs))) {
        throw new ExchangeError({ code: 'REPLAYED' }, 'this request was answered before; make a new one');
      }
      const found = await store.newest(accessRecords, prefixOf(request.studyId, cell.era), {
        limit: ACCESS_LOG_ENTRIES_MAX + 1,
        ...(request.before === undefined ? {} : { before: toHex(request.before) }),
      });
      const entries = found.slice(0, ACCESS_LOG_ENTRIES_MAX).map(({ id, value: { format: _, ...entry } }) => ({
        ...entry,
        position: fromHex(id.slice(id.lastIndexOf('.') + 1)),
      }));
      const isOlderLeft = found.length > ACCESS_LOG_ENTRIES_MAX;
      return sealAccessLog({ request, log: { entries, isOlderLeft, issuedAtMs: now() }, signer: identity.signer });
    },
  };
}

function prefixOf(studyId: Uint8Array, era: number): string {
  return `${toHex(studyId)}.${era.toString(16).padStart(8, '0')}.`;
}

/** Six bytes of time, four at random: two readings of one millisecond are two entries. */
function positionAt(atMs: number): Uint8Array {
  const position = new Uint8Array(10);
  const view = new DataView(position.buffer);
  view.setUint16(0, Math.floor(atMs / 2 ** 32));
  view.setUint32(2, atMs >>> 0);
  position.set(randomBytes(4), 6);
  return position;
}
