/** What travels between nodes, and how large it may be. Spec: docs/spec/node-sync.md, section 1. */
import type { Parameters } from '@radledger/chain';
import { HALT_STATEMENT_BYTES_MAX } from '@radledger/consensus';
import type { TopicOptions } from '@radledger/network';
import { BOUNDARIES_REQUEST_BYTES_MAX, SNAPSHOT_REQUEST_BYTES_MAX } from './snapshot-messages.js';
import { ANNOUNCEMENT_BYTES_MAX } from './sync-messages.js';

export const TOPICS = {
  /** Signed transaction bytes; each admitted one is passed on. */
  transaction: 'transaction',
  /** Messages of the consensus module. */
  consensus: 'consensus',
  announcement: 'announcement',
  /** Statements of voters that the chain does not go on; each new one is passed on. */
  halt: 'halt',
  /** Request and response: finalized blocks. */
  blocks: 'blocks',
  /** Request and response: ends of epochs, for who starts at a checkpoint. */
  boundaries: 'boundaries',
  /** Request and response: which states are offered, and parts of them. */
  snapshot: 'snapshot',
} as const;

/** Room beside a block's body for its header, its proof, and the votes that travel with it. */
const BESIDE_BODY_BYTES = 1024 * 1024;

/** Frame bytes beside a payload; see docs/spec/peer-protocol.md. */
export const FRAME_ENVELOPE_BYTES = 1_024;

/** Largest consensus message and largest answer to a request for blocks. */
export function largestMessageBytes({ blockBytesMax }: Pick<Parameters, 'blockBytesMax'>): number {
  return Math.max(2 * 1024 * 1024, blockBytesMax + BESIDE_BODY_BYTES);
}

export function topicsOf(parameters: Parameters): Readonly<Record<string, TopicOptions>> {
  const bytesMax = largestMessageBytes(parameters);
  return {
    [TOPICS.transaction]: { relay: true, bytesMax: parameters.transactionBytesMax },
    [TOPICS.consensus]: { relay: false, bytesMax },
    [TOPICS.announcement]: { relay: false, bytesMax: ANNOUNCEMENT_BYTES_MAX },
    [TOPICS.halt]: { relay: false, bytesMax: HALT_STATEMENT_BYTES_MAX },
    [TOPICS.blocks]: { relay: false, bytesMax },
    [TOPICS.boundaries]: { relay: false, bytesMax: BOUNDARIES_REQUEST_BYTES_MAX },
    [TOPICS.snapshot]: { relay: false, bytesMax: SNAPSHOT_REQUEST_BYTES_MAX },
  };
}
