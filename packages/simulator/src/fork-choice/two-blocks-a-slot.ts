import { type Block, blockIdOf, bodyBytesOf, encodeHeader, merkleRoot } from '@radledger/chain';
import { decodeMessage, encodeMessage, encodeSignature, slotOf, slotStatement } from '@radledger/consensus/fork-choice';
import { concatBytes, toHex } from '@radledger/primitives';
import type { Behaviour, Puppet } from '../behaviour.js';
import { stateRootOf } from '../sim-chain.js';

/** Shows one block of its slot to some and another to the rest: the balancing attack, nothing at stake. */
export const twoBlocksASlot = (moduleId: string): Behaviour => {
  const twins = new Map<string, Uint8Array>();
  return {
    name: 'two-blocks-a-slot',
    outgoing(puppet, to, bytes) {
      const message = decodeMessage(bytes, puppet.genesis.parameters.blockBytesMax);
      if (message.type !== 'block' || !puppet.prng.chance(50)) return false;
      const own = puppet.node.options.member.source;
      const { block } = message;
      if (toHex(block.header.proposer) !== toHex(own)) return false;
      const twin = twins.get(toHex(block.id)) ?? twinOf(puppet, block, moduleId);
      if (twin === undefined) return false;
      twins.set(toHex(block.id), twin);
      for (const node of to) puppet.say(node, twin);
      return true;
    },
  };
};

/** The same block with one transaction more. */
function twinOf(puppet: Puppet, block: Block, moduleId: string): Uint8Array | undefined {
  const { chainId, parameters } = puppet.genesis;
  const parent = puppet.node.chain.headerOf(block.header.parentId);
  if (parent === undefined) return undefined;
  const transactions = [...block.body.transactions, concatBytes(Uint8Array.of(2), block.id)];
  const body = { ...block.body, transactions };
  const header = {
    ...block.header,
    transactionRoot: merkleRoot(transactions),
    stateRoot: stateRootOf(parent, body),
    bodyBytes: bodyBytesOf(transactions, 0),
  };
  const id = blockIdOf(encodeHeader(header));
  const slot = slotOf(header.timestampMs, parameters);
  const epoch = Math.floor((header.height - 1) / parameters.epochHeights);
  const signature = puppet.sign(slotStatement({ id: moduleId }, chainId, { epoch, slot, blockId: id }));
  return encodeMessage({ type: 'block', block: { header, body, id }, witness: encodeSignature(signature) });
}
