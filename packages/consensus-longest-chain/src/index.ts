export { longestChain } from './longest-chain.js';
