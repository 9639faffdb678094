import type { TransitionCode } from './errors.js';

/** Why a transaction does not apply. */
export interface Refusal {
  readonly code: TransitionCode;
  readonly message: string;
}

export function refuse(code: TransitionCode, message: string): Refusal {
  return { code, message };
}

/** Whether a rule gave a refusal instead of what it was asked for. */
export function isRefusal(value: object): value is Refusal {
  return 'code' in value;
}
