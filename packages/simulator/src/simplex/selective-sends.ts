import type { Behaviour } from '../behaviour.js';

/** Every message reaches only some: others have to learn from them. */
export const selectiveSends: Behaviour = {
  name: 'selective-sends',
  outgoing: ({ prng }) => prng.chance(50),
};
