// What broke: in sync nothing bound the justification to the header, and a false one stopped the node as if its disk had failed.
import type { Block } from '@radledger/chain';
import { type ConsensusModule, ConsensusError } from '@radledger/consensus';
import { createSimplex, encodeSeal, justificationRootOf, simplex } from '@radledger/consensus-simplex';
import { encodeCanonical } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { executorRig, type ExecutorRig } from '../support/executor-rig.js';
import { testSource } from '../support/keys.js';
import { genesisOf } from '../support/net.js';

const justification = encodeCanonical([[], [], []]);

async function rigOf(module: ConsensusModule): Promise<{ rig: ExecutorRig; block: Block }> {
  const rig = await executorRig(genesisOf([await testSource('s0')], { moduleId: module.id }), module);
  const justificationRoot = justificationRootOf(justification);
  const seal = encodeSeal({ epoch: 0, view: 1, vrfProof: new Uint8Array(80), justificationRoot });
  return { rig, block: await rig.make({ seal, justification }) };
}

function mangled(block: Block): Block {
  return { ...block, body: { ...block.body, justification: new Uint8Array(justification.length).fill(0xff) } };
}

test('a justification that the seal does not name is a mismatch', async () => {
  const { rig, block } = await rigOf(simplex);
  expect(await rig.executor.verify(mangled(block))).toEqual({ kind: 'mismatch' });
  expect(await rig.executor.verify(block)).toEqual({ kind: 'valid' });
});

test('what is stored is the body that was executed, whatever body comes with the proof', async () => {
  const { rig, block } = await rigOf(simplex);
  await rig.executor.verify(block);
  await expect(rig.executor.commit(mangled(block), new Uint8Array(1))).rejects.toMatchObject({
    code: 'PEER_DATA_INVALID',
  });
  await rig.executor.commit(block, new Uint8Array(1));
  expect(rig.head.finalized.height).toBe(1);
});

test('a body whose duties cannot be read is the fault of who sent it, not of the store', async () => {
  let readable = true;
  const module: ConsensusModule = {
    ...createSimplex(),
    dutiesOf(block, context) {
      if (readable) return simplex.dutiesOf(block, context);
      throw new ConsensusError({ code: 'MALFORMED_JUSTIFICATION' }, 'expected duties');
    },
  };
  const { rig, block } = await rigOf(module);
  readable = false;
  expect(await rig.executor.verify(block)).toEqual({ kind: 'invalid', code: 'JUSTIFICATION_UNREADABLE' });
  await expect(rig.executor.commit(block, new Uint8Array(1))).rejects.toMatchObject({ code: 'PEER_DATA_INVALID' });
  expect(rig.head.finalized.height).toBe(0);
});
