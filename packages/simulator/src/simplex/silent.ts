import type { Behaviour } from '../behaviour.js';

/** Says nothing for stretches of time, its turns as leader included. */
export const silent: Behaviour = {
  name: 'silent',
  outgoing: ({ node }) => Math.floor(node.options.heap.nowMs / 700) % 2 === 0,
};
