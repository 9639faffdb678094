/** The rules that one transaction obeys whatever the state. Spec: docs/spec/transactions.md, section 4. */
import { equalBytes, isStrictPublicKey } from '@radledger/primitives';
import { validateBaseUrl, validateSourceName } from './directory-entry.js';
import { TransactionError } from './errors.js';
import type { DefineSourcePayload } from './payloads.js';
import type { Transaction } from './transaction.js';

/** Scope of Allow Access: view and copy the study. No other scope exists yet. */
export const SCOPE_VIEW = 0;

/** @throws {TransactionError} the code of the first broken rule */
export function validateStatelessRules(transaction: Transaction): void {
  validateExpiry(transaction);
  switch (transaction.kind) {
    case 'define-source':
      return validateDefineSource(transaction.payload, transaction.signer);
    case 'move-source':
      validateSourceName(transaction.payload.name);
      validateBaseUrl(transaction.payload.baseUrl);
      return validatePins(transaction.payload.tlsPins);
    case 'rotate-key':
      return validateKey(transaction.payload.newKey, 'newKey');
    case 'define-study':
      return validateKey(transaction.payload.owner, 'owner');
    case 'allow-access': {
      const { sequence, notAfterMs, scope } = transaction.payload;
      validateSequence(sequence);
      if (notAfterMs === 0) {
        throw new TransactionError({ code: 'NOT_AFTER_REQUIRED' }, 'expected an end date: a grant always has one');
      }
      if (scope !== SCOPE_VIEW) throw new TransactionError({ code: 'SCOPE_UNKNOWN', scope }, 'expected scope 0 (view)');
      return;
    }
    case 'revoke-access':
      return validateSequence(transaction.payload.sequence);
    case 'set-delegate': {
      const { delegate, notAfterMs } = transaction.payload;
      if (delegate === undefined) {
        if (notAfterMs === 0) return;
        throw new TransactionError({ code: 'NOT_AFTER_NOT_ALLOWED' }, 'expected notAfter 0 where no delegate is named');
      }
      if (notAfterMs === 0) {
        throw new TransactionError({ code: 'NOT_AFTER_REQUIRED' }, 'expected an end date for the delegate');
      }
      validateKey(delegate.key, 'delegate');
      return validateOtherKey(delegate.key, transaction.signer);
    }
    case 'move-owner':
      validateKey(transaction.payload.newOwner, 'newOwner');
      return validateOtherKey(transaction.payload.newOwner, transaction.signer);
    case 'attest':
      if (transaction.payload.admitUntilHeight !== undefined || transaction.payload.studies !== undefined) return;
      throw new TransactionError({ code: 'ATTESTATION_EMPTY' }, 'expected an admission, a count of studies, or both');
    case 'amend-study':
    case 'retire-study':
    case 'report-misconduct':
    case 'resume':
      return;
  }
}

function validateExpiry({ kind, expiryHeight }: Transaction): void {
  if (kind === 'revoke-access') {
    if (expiryHeight === 0) return;
    throw new TransactionError({ code: 'EXPIRY_NOT_ALLOWED' }, 'expected expiry height 0: a revocation never expires');
  }
  if (expiryHeight === 0) {
    throw new TransactionError({ code: 'EXPIRY_REQUIRED' }, 'expected an expiry height of 1 or more');
  }
}

function validateDefineSource(payload: DefineSourcePayload, signer: Uint8Array): void {
  validateSourceName(payload.name);
  validateBaseUrl(payload.baseUrl);
  validatePins(payload.tlsPins);
  validateKey(signer, 'signer');
  validateKey(payload.source, 'source');
  validateKey(payload.nodeKey, 'nodeKey');
  validateKey(payload.vrfKey, 'vrfKey');
  const keys = [payload.source, payload.nodeKey, payload.vrfKey];
  if (keys.some((key, index) => keys.some((other, at) => at > index && equalBytes(key, other)))) {
    throw new TransactionError({ code: 'KEY_REUSED' }, 'expected three different keys: one key serves one role');
  }
}

function validatePins(pins: readonly Uint8Array[]): void {
  const distinct = pins.every((pin, index) => !pins.some((other, at) => at > index && equalBytes(pin, other)));
  if (pins.length >= 1 && distinct) return;
  throw new TransactionError({ code: 'TLS_PINS_INVALID' }, 'expected 1 to 3 different pins');
}

function validateKey(key: Uint8Array, field: string): void {
  if (isStrictPublicKey(key)) return;
  throw new TransactionError(
    { code: 'KEY_NOT_STRICT', field },
    'expected a canonical Ed25519 key that is not of small order',
  );
}

function validateOtherKey(key: Uint8Array, signer: Uint8Array): void {
  if (!equalBytes(key, signer)) return;
  throw new TransactionError({ code: 'OWNER_UNCHANGED' }, 'expected a key other than the signer');
}

function validateSequence(sequence: number): void {
  if (sequence >= 1) return;
  throw new TransactionError({ code: 'SEQUENCE_INVALID' }, 'expected a sequence of 1 or more');
}
