import type { Behaviour, Puppet } from '../behaviour.js';

const KEPT_MAX = 64;
const heard = new WeakMap<Puppet, Uint8Array[]>();

/** Says again what it heard long ago, whoever said it: old certificates, votes of epochs that are over. */
export const replays: Behaviour = {
  name: 'replays',
  incoming(puppet, _, bytes) {
    const kept = heard.get(puppet) ?? [];
    heard.set(puppet, kept);
    if (kept.length < KEPT_MAX) kept.push(bytes);
    else kept[puppet.prng.between(0, KEPT_MAX - 1)] = bytes;
    if (puppet.prng.chance(20)) puppet.say(puppet.prng.pick(puppet.peers), puppet.prng.pick(kept));
    return false;
  },
};
