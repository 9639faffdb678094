export { type ApiListener, listenNodeApi } from './listen.js';
export { createNodeApi, type NodeApiOptions } from './node-api.js';
