import { expect, test } from 'vitest';
import * as index from '../src/index.js';

test('the public surface is what it is on purpose', () => {
  expect(Object.keys(index)).toEqual(['longestChain']);
});
