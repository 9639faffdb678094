/** Bytes of a duty event, as the ledger stores them. Spec: docs/spec/consensus-boundary.md, section 5. */
import { bytes, decodeWith, encodeWith, struct, tuple, uint } from '@radledger/primitives';
import { ConsensusError } from './errors.js';
import type { DutyEvent } from './module.js';

const CLASSES = ['PRODUCED', 'NULLIFIED', 'UNRECORDED'] as const;
const EVENT_BYTES_MAX = 256;

const schema = struct({
  height: uint(),
  epoch: uint(),
  view: uint(),
  source: bytes({ length: 32 }),
  class: uint(CLASSES.length - 1),
  reasonWeights: tuple(uint(), uint(), uint(), uint()),
  totalWeight: uint(),
});

export function encodeDutyEvent(event: DutyEvent): Uint8Array {
  const [none, invalid, late, declined] = event.reasonWeights;
  return encodeWith(schema, {
    ...event,
    class: CLASSES.indexOf(event.class),
    reasonWeights: [Number(none), Number(invalid), Number(late), Number(declined)],
    totalWeight: Number(event.totalWeight),
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
    };
  } catch (cause) {
    throw new ConsensusError({ code: 'MALFORMED_DUTY' }, 'expected an event that encodeDutyEvent wrote', { cause });
  }
}
