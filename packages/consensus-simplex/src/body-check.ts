/** Whether a body is the header's: says nothing about the block, and all about who sent the two together. */
import { type Block, bodyBytesOf, merkleRoot } from '@radledger/chain';
import { ConsensusError } from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import { decodeJustification } from './justification.js';
import { decodeSeal, justificationRootOf } from './seal.js';

/**
 * Binds the justification to the seal. Spec: docs/spec/simplex.md, section 4.
 * @throws {ConsensusError} `WRONG_BODY` | `MALFORMED_SEAL` | `MALFORMED_JUSTIFICATION`
 */
export function checkBody({ header, body: { justification } }: Block): void {
  if (!equalBytes(justificationRootOf(justification), decodeSeal(header).justificationRoot)) {
    throw new ConsensusError({ code: 'WRONG_BODY' }, 'expected the justification that the seal names');
  }
  decodeJustification(justification, justification.length);
}

/**
 * The whole body, as `checkBody` and the core's executor check it together: for what comes in from a peer, before anything
 * is kept of it.
 * @throws {ConsensusError} `WRONG_BODY` | `MALFORMED_SEAL` | `MALFORMED_JUSTIFICATION`
 */
export function checkReceivedBody(block: Block): void {
  const { header, body } = block;
  if (header.bodyBytes !== bodyBytesOf(body.transactions, body.justification.length)) {
    throw new ConsensusError({ code: 'WRONG_BODY' }, 'expected a body as long as the header says');
  }
  checkBody(block);
  if (!equalBytes(header.transactionRoot, merkleRoot(body.transactions))) {
    throw new ConsensusError({ code: 'WRONG_BODY' }, 'expected the transactions that the header names');
  }
}
