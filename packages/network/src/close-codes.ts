/** Why a connection ends: the WebSocket close code that says it to the other side. Spec: docs/spec/peer-protocol.md, 4. */
const closeCodes = {
  /** The node stops. */
  CLOSED: 1001,
  FOREIGN_CHAIN: 4001,
  BAD_HELLO: 4002,
  BAD_SIGNATURE: 4003,
  BAD_NODE_KEY: 4004,
  /** Another node than the one configured for this address. */
  WRONG_NODE: 4005,
  SELF: 4006,
  DUPLICATE: 4007,
  NO_SLOT: 4008,
  BANNED: 4009,
  PENALISED: 4010,
  SLOW: 4011,
  UNRESPONSIVE: 4012,
  HANDSHAKE_TIMEOUT: 4013,
} as const;

/** A code that this side sends with a close frame. */
export type RefusalCode = keyof typeof closeCodes;

export const closeCodeOf = (code: RefusalCode): number => closeCodes[code];

const nameByCode = new Map<number, RefusalCode>(
  (Object.entries(closeCodes) as [RefusalCode, number][]).map(([name, code]) => [code, name]),
);

/** Name of the close code that the other side sent, or `CONNECTION_LOST`: its reason text is never trusted. */
export const closeNameOf = (code: number): RefusalCode | 'CONNECTION_LOST' => nameByCode.get(code) ?? 'CONNECTION_LOST';
