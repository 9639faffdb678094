import type { Behaviour } from '../behaviour.js';

/** Says nothing for stretches of time: its slots look empty, and its blocks may come out as a branch of their own. */
export const silent: Behaviour = {
  name: 'silent',
  outgoing: ({ node }) => Math.floor(node.options.heap.nowMs / 700) % 2 === 0,
};
