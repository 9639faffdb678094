import { concatBytes, sha256, utf8 } from '@radledger/primitives';
import { expect, test } from 'vitest';
import { RecentBlocks } from '../src/recent-blocks.js';

const idOf = (name: string): Uint8Array => sha256(utf8(name));

test('ids are known while their block is in the window, and not longer', () => {
  const recent = new RecentBlocks(3);
  for (let height = 0; height < 8; height += 1) {
    recent.push(height, idOf(`block ${height}`), [idOf(`a ${height}`), idOf(`b ${height}`)]);
  }
  for (let height = 0; height < 8; height += 1) {
    for (const name of ['a', 'b']) expect(recent.has(idOf(`${name} ${height}`), 8)).toBe(height >= 5);
  }
  expect(recent.has(idOf('a 6'), 6)).toBe(false);
  expect(recent.has(idOf('a 6'), 7)).toBe(true);
  expect([recent.idAt(4), recent.idAt(7)]).toEqual([undefined, idOf('block 7')]);
});

test('an id is compared whole, and copied', () => {
  const recent = new RecentBlocks(2);
  const id = idOf('x');
  recent.push(1, idOf('block'), [id]);
  const close = concatBytes(id.subarray(0, 31), Uint8Array.of((id[31] ?? 0) ^ 1));
  expect(recent.has(close, 2)).toBe(false);
  id.fill(0);
  expect(recent.has(idOf('x'), 2)).toBe(true);
});
