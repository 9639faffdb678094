export { decodeMessage, encodeMessage, type Message, type SignedVote } from './message.js';
export type { SimplexRules } from './rules.js';
export { createSimplex, simplex } from './simplex.js';
export { NullifyReason, signedBytes, type Vote } from './vote.js';
