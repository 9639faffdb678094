import { randomBytes } from 'node:crypto';

/** A UID that nothing has yet (PS3.5, annex B.2: a number below the arc for UUIDs). */
export function freshUid(): string {
  return `2.25.${BigInt(`0x${randomBytes(15).toString('hex')}`)}`;
}
