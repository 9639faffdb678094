/** Bytes of a duty event, as the ledger stores them. Spec: docs/spec/consensus-boundary.md, section 5. */
import { bytes, decodeWith, encodeWith, flag, struct, tuple, uint } from '@radledger/primitives';
import type { DutyEvent } from '@radledger/chain';
import { ConsensusError } from './errors.js';

const CLASSES = ['PRODUCED', 'NULLIFIED', 'UNRECORDED', 'EMPTY'] as const;
const EVENT_BYTES_MAX = 256;

const schema = struct({
  height: uint(),
  epoch: uint(),
  view: uint(),
  source: bytes({ length: 32 }),
  class: uint(CLASSES.length - 1),
  reasonWeights: tuple(uint(), uint(), uint(), uint()),
  totalWeight: uint(),
  invalidWeight: uint(),
  leaderDeclined: flag,
});

export function encodeDutyEvent(event: DutyEvent): Uint8Array {
  const [none, invalid, late, declined] = event.reasonWeights;
  return encodeWith(schema, {
    ...event,
    class: CLASSES.indexOf(event.class),
    reasonWeights: [Number(none), Number(invalid), Number(late), Number(declined)],
    totalWeight: Number(event.totalWeight),
    invalidWeight: Number(event.invalidWeight ?? 0n),
    leaderDeclined: event.leaderDeclined ?? false,
  });
}

/** @throws {ConsensusError} `MALFORMED_DUTY` */
export function decodeDutyEvent(encoded: Uint8Array): DutyEvent {
  try {
    const event = decodeWith(schema, encoded, { bytesMax: EVENT_BYTES_MAX });
    const [none, invalid, late, declined] = event.reasonWeights;
    return {
      ...event,
      class: CLASSES[event.class] as DutyEvent['class'],
      reasonWeights: [BigInt(none), BigInt(invalid), BigInt(late), BigInt(declined)],
      totalWeight: BigInt(event.totalWeight),
      invalidWeight: BigInt(event.invalidWeight),
    };
  } catch (cause) {
    throw new ConsensusError({ code: 'MALFORMED_DUTY' }, 'expected an event that encodeDutyEvent wrote', { cause });
  }
}
