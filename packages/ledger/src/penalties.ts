/** Points by what a message did wrong; codes that an honest peer can cause cost nothing. */
const PENALTIES: ReadonlyMap<string, number> = new Map([
  ['MALFORMED_MESSAGE', 50],
  ['MALFORMED_PROOF', 50],
  ['MALFORMED_SEAL', 50],
  ['MALFORMED_JUSTIFICATION', 50],
  ['WRONG_BODY', 50],
  ['BAD_SIGNATURE', 50],
  ['BAD_RANDOM_PROOF', 50],
  ['WRONG_LEADER', 25],
  ['UNKNOWN_SEAT', 25],
  ['NO_QUORUM', 25],
]);

/** What a peer loses for a message that consensus reports so. */
export function penaltyOf(code: string): number {
  return PENALTIES.get(code) ?? 0;
}
