/** Who looked: the readings of a study, for its owner and her delegate. Spec: docs/spec/gateway-api.md, section 1. */
import {
  ACCESS_LOG_ENTRIES_MAX,
  type AccessLogRequest,
  decodeAccessLogRequest,
  REQUEST_SKEW_MS,
  sealAccessLog,
  verifyAccessLogRequest,
} from '@radledger/handover';
import { fromHex, toHex } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import type { ExchangeStore } from '../exchange-store.js';
import type { LedgerPort } from '../ledger-port.js';
import { type LedgerView, requireUsable } from '../ledger-view.js';
import { accessPrefix, accessRecords, type BeginAccess, createAccessRecorder } from './access-records.js';
import { roleOf } from './authorise.js';
import type { LimitOwner } from './owner-limits.js';
import { refusedRequest } from './refused-request.js';
import type { DurableReplayStore } from './replay-store.js';
import type { SourceIdentity } from './source-identity.js';

export interface AccessLogs {
  readonly begin: BeginAccess;
  /**
   * Answers a signed request.
   * @throws {ExchangeError} `MALFORMED_REQUEST` | `SIGNATURE_INVALID` | `REQUEST_EXPIRED` | `VIEW_STALE` | `STUDY_UNKNOWN` |
   *   `TOO_MANY_REQUESTS` | `REPLAYED`
   */
  answer(requestBytes: Uint8Array): Promise<Uint8Array>;
}

export function createAccessLogs(options: {
  readonly store: ExchangeStore;
  readonly ledger: LedgerPort;
  readonly view: LedgerView;
  readonly identity: SourceIdentity;
  readonly replay: DurableReplayStore;
  readonly limitOwner: LimitOwner;
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
    begin: createAccessRecorder({ store, now }),

    async answer(requestBytes) {
      const request = await read(requestBytes);
      requireUsable(view);
      const cell = await ledger.study(identity.source, request.studyId);
      const isWrong = options.isWrongPatient(request.studyId);
      if (
        cell === undefined ||
        isWrong ||
        roleOf(cell, request.key, Math.max(now(), view.head.timestampMs)) === undefined
      ) {
        throw new ExchangeError({ code: 'STUDY_UNKNOWN' }, 'this source holds no such study of yours');
      }
      options.limitOwner(request.key);
      const untilMs = request.timeMs + 2 * REQUEST_SKEW_MS;
      if (!(await options.replay.remember(toHex(request.key), toHex(request.nonce), untilMs))) {
        throw new ExchangeError({ code: 'REPLAYED' }, 'this request was answered before; make a new one');
      }
      const found = await store.newest(accessRecords, accessPrefix(request.studyId, cell.era), {
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
