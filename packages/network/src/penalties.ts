/** What breaking a rule of the peer protocol costs, in points of `penaltyMax`. Spec: docs/spec/peer-protocol.md, section 6. */
export const penalties = {
  TEXT_FRAME: 100,
  MALFORMED_FRAME: 60,
  FRAME_TOO_LARGE: 60,
  MALFORMED_ENVELOPE: 60,
  MESSAGE_TOO_LARGE: 60,
  RESPONSE_TOO_LARGE: 60,
  UNASKED_ANSWER: 60,
  /** May be a newer node. */
  UNKNOWN_TOPIC: 10,
} as const;

export type Misbehaviour = keyof typeof penalties;
