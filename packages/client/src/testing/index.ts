export { createFakeGateway, type FakeGateway } from './fake-gateway.js';
export { createFakeNode, type FakeGenesisSource, type FakeNode, type FakeNodeOptions } from './fake-node.js';
