// What broke: a leader that put a forged signature into its block went unpunished: the offence was judged, and never made.
import { blockIdOf, judgeOffence, offenceClaims } from '@radledger/chain';
import { verify } from '@radledger/primitives';
import { decodeTransaction, signatureClaims } from '@radledger/transactions';
import { expect, test } from 'vitest';
import { executorRig } from '../support/executor-rig.js';
import { testSource } from '../support/keys.js';
import { genesisOf } from '../support/net.js';
import { solo } from '../support/solo-module.js';
import { defineSource } from '../support/transactions.js';

test('a refused body shows which signature in it does not hold', async () => {
  const sources = await Promise.all(['s0', 's1', 's2'].map((name) => testSource(name)));
  const genesis = genesisOf(sources, { moduleId: solo.id });
  const rig = await executorRig(genesis, solo);
  const { executor, chainId } = rig;
  const [first, , third] = await Promise.all(sources.map((source) => defineSource(chainId, source)));
  const other = await defineSource(chainId, sources[1]!);
  const bytes = other.bytes.slice();
  bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
  const forged = decodeTransaction(bytes, chainId);
  const block = await rig.make({ transactions: [first!, forged, third!] });
  const verdict = await executor.verify(block);
  if (verdict.kind !== 'invalid' || verdict.offence === undefined) throw new Error('expected an offence');
  const { parameters, policies } = genesis;
  const context = { chainId, parameters, policies };
  expect(judgeOffence(block.header, verdict.offence, context)).toEqual({ code: 'SIGNATURE_INVALID' });
  const claims = offenceClaims(verdict.offence, chainId);
  expect(claims).toEqual([signatureClaims(forged, chainId)[0]]);
  expect(await verify(claims![0]!.key, claims![0]!.message, claims![0]!.signature)).toBe(false);
  // The same says nothing about a header with another body.
  const honest = await rig.make({ transactions: [first!, third!] });
  expect(blockIdOf(honest.header)).not.toEqual(block.id);
  expect(judgeOffence(honest.header, verdict.offence, context)).toBeUndefined();
});
