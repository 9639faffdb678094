// What broke: a node whose folder held another VRF key than the one its epoch names led all the same, with a proof of the wrong key:
// an invalid proposal in each of its views, signed by itself.
import { expect, test } from 'vitest';
import { leadsOf } from '../support/leaders.js';
import { member, typesOf, Voter } from '../support/voter.js';

const seat = leadsOf(1);
const otherKey = new Uint8Array(32).fill(0xee);

/** What a node with these VRF keys does in a view that it leads, with a transaction waiting, given whatever proof it asks for. */
function leading(identity: { readonly vrfKey: Uint8Array; readonly nextVrfKey?: Uint8Array }): readonly string[] {
  const voter = new Voter({ seat, identity });
  const asked = [...voter.started, ...voter.allow(), ...voter.step({ type: 'pending', waiting: true })];
  const proved = asked.flatMap((effect) =>
    effect.type === 'prove' ? voter.step({ type: 'proved', alpha: effect.alpha, proof: new Uint8Array(80) }) : [],
  );
  return typesOf([...asked, ...proved]);
}

test('a node leads with the VRF key that its epoch names, first or next', () => {
  const { vrfKey } = member(seat);
  expect(leading({ vrfKey })).toContain('build');
  expect(leading({ vrfKey: otherKey, nextVrfKey: vrfKey })).toContain('build');
});

test('a node that does not hold the VRF key of its epoch does not lead, and votes', () => {
  expect(leading({ vrfKey: otherKey })).not.toContain('build');
  const voter = new Voter({ seat, identity: { vrfKey: otherKey } });
  voter.allow();
  expect(voter.instance.status().voting).toEqual({ allowed: true });
});
