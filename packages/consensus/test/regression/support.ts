import { hash } from '@radledger/primitives';
import { leaderOf, type Member } from '../../src/index.js';

export const chainId = hash('test/chain');

/** Sources with these weights, in the order of their ids. */
export function membersOf(weights: readonly bigint[]): readonly Member[] {
  return weights.map((weight, index) => {
    const source = new Uint8Array(32);
    new DataView(source.buffer).setUint32(0, index + 1);
    return { source, nodeKey: source, vrfKey: source, weight };
  });
}

/** Index of the leader of each view, from 1. */
export function leadersOf(weights: readonly bigint[], views: number, epoch = 3): readonly number[] {
  const leaders = membersOf(weights);
  const numberOf = new Map(leaders.map((member, index) => [member, index]));
  const context = { epoch, seed: hash('test/seed', epoch), leaders };
  return Array.from({ length: views }, (_, view) => numberOf.get(leaderOf(chainId, context, view + 1)) as number);
}
