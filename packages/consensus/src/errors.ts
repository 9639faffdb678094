import { CodedError } from '@radledger/primitives';

export type ConsensusErrorInfo =
  | { readonly code: 'MALFORMED_MESSAGE' }
  | { readonly code: 'MALFORMED_PROOF' }
  | { readonly code: 'MALFORMED_SEAL' }
  | { readonly code: 'MALFORMED_JUSTIFICATION' }
  | { readonly code: 'MALFORMED_DUTY' }
  | { readonly code: 'MALFORMED_SIGN_RECORD' }
  | { readonly code: 'MALFORMED_HALT_STATEMENT' }
  | { readonly code: 'MALFORMED_RECOVERY' }
  | { readonly code: 'RECOVERY_REFUSED'; readonly rule: string }
  | { readonly code: 'WRONG_LEADER'; readonly epoch: number; readonly view: number }
  | { readonly code: 'WRONG_EPOCH'; readonly expectedEpoch: number; readonly actualEpoch: number }
  | { readonly code: 'WRONG_BLOCK' }
  | { readonly code: 'WRONG_BODY' }
  | { readonly code: 'UNKNOWN_SEAT'; readonly seat: number }
  | { readonly code: 'NO_QUORUM'; readonly epoch: number; readonly view: number }
  | { readonly code: 'NO_STAKE'; readonly sourceCount: number }
  | { readonly code: 'NO_SEED'; readonly epoch: number }
  | { readonly code: 'PARAMETERS_UNSUITABLE'; readonly parameter: string }
  | { readonly code: 'NO_WORK' }
  | { readonly code: 'NOT_STARTED' }
  | { readonly code: 'HOST_STOPPED' };

/** Thrown when a message, a seal, a proof or a set of voters breaks a consensus rule. */
export class ConsensusError extends CodedError<ConsensusErrorInfo> {
  override readonly name = 'ConsensusError';
}
