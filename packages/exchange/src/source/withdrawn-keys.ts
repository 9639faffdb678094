/** Recipient keys that their holders withdrew: nobody is served under them again. Spec: docs/spec/gateway-api.md, section 1. */
import { openKeyWithdrawal } from '@radledger/handover';
import { literal, toHex } from '@radledger/primitives';
import { type Decoy, type ExchangeStore, put, type RecordKind } from '../exchange-store.js';
import type { LedgerView } from '../ledger-view.js';
import { tagOf } from './authorise.js';
import { refusedRequest } from './refused-request.js';
import { type StudyRecord, studyRecords } from './source-records.js';

/** The id is the key in hex. */
const withdrawnRecords: RecordKind<0> = { name: 'withdrawn-key', schema: literal(0), bytesMax: 8 };

export interface WithdrawnKeys {
  has(key: Uint8Array): boolean;
  /**
   * Takes a statement in; the key is refused when this resolves. Only a key with a grant, live or not, on the study, or one that studies are
   * released to in an emergency, is remembered: so nobody fills the store, and the answer does not tell whether it is one.
   * @throws {ExchangeError} `MALFORMED_REQUEST` | `SIGNATURE_INVALID` | `NODE_UNREACHABLE`
   */
  take(statement: Uint8Array, studyId: Uint8Array): Promise<void>;
}

export async function openWithdrawnKeys(options: {
  readonly store: ExchangeStore;
  readonly view: LedgerView;
  readonly decoy: Decoy<StudyRecord>;
  /** Whether studies may be released to this key in an emergency. */
  readonly isEmergencyReceiver: (key: Uint8Array) => boolean;
}): Promise<WithdrawnKeys> {
  const { store, view, decoy } = options;
  const keys = new Set((await store.list(withdrawnRecords)).map(({ id }) => id));
  return {
    has: (key) => keys.has(toHex(key)),
    async take(statement, studyId) {
      const { key } = await openKeyWithdrawal(statement, view).catch((cause: unknown) => {
        throw refusedRequest(cause);
      });
      const { found, value: study } = await store.getOrDecoy(studyRecords, toHex(studyId), decoy);
      const { grant } = await view.cells(studyId, tagOf(study, study.grantSalts.length - 1, key));
      const hasGrant = found && grant !== undefined;
      if (!hasGrant && !options.isEmergencyReceiver(key)) return;
      await store.commit([put(withdrawnRecords, toHex(key), 0)]);
      keys.add(toHex(key));
    },
  };
}
