/** View age: how long ago this node could last know what is finalized (design D11). */

/** A block is proposed at its timestamp and finalized within a few message delays: a proof that comes later tells old news. */
const FINALIZATION_MS = 10_000;

export interface ProofAge {
  /** A proof for a block of this timestamp was verified now. */
  received(timestampMs: number): void;
  ageMs(): number;
}

/**
 * Counts from the receipt of the newest proof, but never from later than `FINALIZATION_MS` after its block's timestamp: peers that
 * feed old blocks to a node must not make its view look fresh. At start it counts from the timestamp of the newest stored block.
 */
export function createProofAge(now: () => number, startTimestampMs: number): ProofAge {
  let provenAtMs = startTimestampMs;
  return {
    received(timestampMs) {
      provenAtMs = Math.max(provenAtMs, Math.min(now(), timestampMs + FINALIZATION_MS));
    },
    ageMs: () => Math.max(0, now() - provenAtMs),
  };
}
