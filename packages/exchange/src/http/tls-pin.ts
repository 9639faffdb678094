/** The pin of a TLS certificate, as it stands on the ledger. */
export { spkiPinOf as tlsPinOf } from '@radledger/iti43';
