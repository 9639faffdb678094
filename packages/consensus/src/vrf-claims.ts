import { vrfVerify } from '@radledger/primitives';
import type { VrfClaim } from './module.js';

/** Whether every random proof holds (RFC 9381, section 5.3); about 2 ms each. */
export function verifyVrfClaims(claims: readonly VrfClaim[]): boolean {
  return claims.every(({ key, alpha, proof }) => vrfVerify(key, alpha, proof) !== undefined);
}
