import { expect, test } from 'vitest';
import { keptCheckpoint } from '../src/model/checkpoint.js';

const at = (height: number) => ({ height, id: new Uint8Array(32).fill(height) });
const chainId = new Uint8Array(32).fill(1);

function memory(onSet: (value: string) => void = () => undefined) {
  const held = new Map<string, string>();
  return {
    held,
    getItem: (name: string) => held.get(name) ?? null,
    setItem(name: string, value: string) {
      onSet(value);
      held.set(name, value);
    },
  };
}

test('a phone goes on from the later checkpoint: its own, or the one that came with the app', () => {
  const storage = memory();
  const phone = keptCheckpoint(storage, chainId);
  expect(phone.newer(at(0))).toEqual(at(0));
  phone.keep(at(64));
  phone.keep(at(32));
  expect(keptCheckpoint(storage, chainId).newer(at(0))).toEqual(at(64));
  expect(phone.newer(at(96))).toEqual(at(96));
  expect(keptCheckpoint(storage, new Uint8Array(32).fill(2)).newer(at(0))).toEqual(at(0));
});

test('a storage that holds something else, or takes nothing, changes nothing', () => {
  const full = memory(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  keptCheckpoint(full, chainId).keep(at(64));
  expect(full.held.size).toBe(0);
  const storage = memory();
  keptCheckpoint(storage, chainId).keep(at(64));
  for (const name of storage.held.keys()) storage.held.set(name, '64:no block');
  expect(keptCheckpoint(storage, chainId).newer(at(0))).toEqual(at(0));
});
