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

const DAY_MS = 86_400_000;
let nowMs = 0;
const now = () => nowMs;

test('a phone goes on from what it verified itself; what comes with the app serves new phones, and those that slept too long', () => {
  const storage = memory();
  const phone = keptCheckpoint(storage, chainId, now);
  expect(phone.start(at(16))).toEqual(at(16));
  phone.keep(at(64));
  phone.keep(at(32));
  const later = keptCheckpoint(storage, chainId, now);
  expect(later.start(at(0))).toEqual(at(64));
  expect(later.start(at(96))).toEqual(at(64));
  expect(keptCheckpoint(storage, new Uint8Array(32).fill(2), now).start(at(0))).toEqual(at(0));
  nowMs = 27 * DAY_MS;
  expect(later.start(at(96))).toEqual(at(64));
  nowMs += 1;
  expect(later.start(at(96))).toEqual(at(96));
  later.keep(at(96));
  expect(later.start(at(128))).toEqual(at(96));
});

test('a storage that holds something else, or takes nothing, changes nothing', () => {
  const full = memory(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  keptCheckpoint(full, chainId, now).keep(at(64));
  expect(full.held.size).toBe(0);
  const storage = memory();
  keptCheckpoint(storage, chainId, now).keep(at(64));
  const [name = '', kept = ''] = [...storage.held][0] ?? [];
  const [own = ''] = kept.split(' ');
  for (const other of [`64:no ${nowMs}`, own, `${own} soon`]) {
    storage.held.set(name, other);
    expect(keptCheckpoint(storage, chainId, now).start(at(0))).toEqual(at(0));
  }
});
