import { type Block, blockIdOf, type Body, bodyBytesOf, type Header, merkleRoot } from '@radledger/chain';
import type { EpochContext } from '@radledger/consensus';
import {
  decodeSeal,
  encodeMessage,
  encodeSeal,
  justificationRootOf,
  type MessageOf,
  signedBytes,
} from '@radledger/consensus-simplex';
import type { Puppet } from '../behaviour.js';
import { stateRootOf } from '../sim-chain.js';

/** A proposal of this block with the liar's true signature: valid as far as signatures go. */
export function proposalMessage(
  puppet: Puppet,
  epoch: EpochContext,
  proposal: MessageOf<'proposal'>,
  block: Block,
): Uint8Array {
  const statement = { kind: 'proposal', view: proposal.view, blockId: block.id } as const;
  const signature = puppet.sign(signedBytes(puppet.genesis.chainId, epoch, statement));
  return encodeMessage({ ...proposal, signature, block });
}

export function withHeader({ header, body }: Block, changes: Partial<Header>): Block {
  const changed = { ...header, ...changes };
  return { header: changed, body, id: blockIdOf(changed) };
}

/** The block with another body and everything in the header that follows from it. */
export function withBody(block: Block, parent: Header, changes: Partial<Body>): Block {
  const body = { ...block.body, ...changes };
  const seal = { ...decodeSeal(block.header), justificationRoot: justificationRootOf(body.justification) };
  const header = {
    ...block.header,
    height: parent.height + 1,
    parentId: blockIdOf(parent),
    transactionRoot: merkleRoot(body.transactions),
    stateRoot: stateRootOf(parent, body),
    bodyBytes: bodyBytesOf(body.transactions, body.justification.length),
    sealBytes: encodeSeal(seal),
  };
  return { header, body, id: blockIdOf(header) };
}
