export { type Certificate, statementOf, type VoteGroup } from './certificate.js';
export { certificateOfProof } from './finality-proof.js';
export { encodeEvidence, type Evidence, EvidenceKind } from './evidence-format.js';
export { exclusionOf } from './evidence.js';
export {
  certificatesOf,
  decodeJustification,
  encodeJustification,
  type Justification,
  type Tail,
} from './justification.js';
export { decodeMessage, encodeMessage, type Message, type MessageOf, type SignedVote } from './message.js';
export type { SimplexRules } from './rules.js';
export { decodeSeal, encodeSeal, justificationRootOf, type Seal } from './seal.js';
export { createSimplex, simplex } from './simplex.js';
export { NullifyReason, signedBytes, type Vote, voteOfSignedBytes } from './vote.js';
