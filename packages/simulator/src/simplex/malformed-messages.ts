import type { Behaviour } from '../behaviour.js';

/** Sends what is no message: cut short, with a byte changed, with something after it. */
export const malformedMessages: Behaviour = {
  name: 'malformed-messages',
  outgoing(puppet, to, bytes) {
    if (!puppet.prng.chance(50)) return false;
    const { prng } = puppet;
    const at = prng.between(0, bytes.length - 1);
    const changed = bytes.slice();
    changed[at] = (changed[at] as number) ^ (1 << prng.between(0, 7));
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    for (const peer of to) puppet.say(peer, prng.pick([bytes.slice(0, at), changed, longer, new Uint8Array()]));
    return prng.chance(50);
  },
};
