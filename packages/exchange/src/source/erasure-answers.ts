/** Tells who owned a study that was erased that it was, in the source's signed words. Spec: docs/spec/gateway-api.md, section 1. */
import { REQUEST_SKEW_MS, sealErasureNote } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import type { LedgerPort } from '../ledger-port.js';
import { type LedgerView, requireUsable } from '../ledger-view.js';
import { roleOf } from './authorise.js';
import type { Erasures } from './erasures.js';
import type { LimitOwner } from './owner-limits.js';
import { readOwnerRequest, unknownStudy } from './owner-requests.js';
import type { DurableReplayStore } from './replay-store.js';
import type { SourceIdentity } from './source-identity.js';

/**
 * Makes the function that answers an owner request (its order is not carried out) with the sealed note: to who owns the study on the ledger,
 * which is all that is left to know her by, or her delegate.
 * @throws {ExchangeError} (when called) `MALFORMED_REQUEST` | `SIGNATURE_INVALID` | `REQUEST_EXPIRED` | `REPLAYED` | `VIEW_STALE` | `STUDY_UNKNOWN` |
 *   `TOO_MANY_REQUESTS`
 */
export function createErasureAnswers(options: {
  readonly erasures: Pick<Erasures, 'noteOf'>;
  readonly ledger: LedgerPort;
  readonly view: LedgerView;
  readonly identity: SourceIdentity;
  readonly replay: DurableReplayStore;
  readonly limitOwner: LimitOwner;
  /** Whether a study was given to the wrong patient: its owner is told nothing more. */
  readonly isWrongPatient: (studyId: Uint8Array) => boolean;
  readonly now: () => number;
}): (requestBytes: Uint8Array) => Promise<Uint8Array> {
  const { ledger, view, identity, now } = options;
  return async (requestBytes) => {
    const request = await readOwnerRequest(requestBytes, { ...identity, nowMs: now() });
    const { studyId, key, nonce, timeMs } = request;
    requireUsable(view);
    const note = await options.erasures.noteOf(studyId);
    const cell = await ledger.study(identity.source, studyId);
    const role = cell && roleOf(cell, key, Math.max(now(), view.head.timestampMs));
    if (note === undefined || role === undefined || options.isWrongPatient(studyId)) throw unknownStudy();
    options.limitOwner(key);
    if (!(await options.replay.remember(toHex(key), toHex(nonce), timeMs + 2 * REQUEST_SKEW_MS))) {
      throw new ExchangeError({ code: 'REPLAYED' }, 'this request was answered before; make a new one');
    }
    return sealErasureNote(request, note);
  };
}
