/** Makes the writes of a database fail, from outside: nothing in the store knows of it. */
import type { AnyLevel } from '../byte-database.js';

/** What becomes of one batch: written, refused unwritten, or written with the answer lost. */
export type BatchFate = 'written' | 'lost' | 'written-but-failed';

/** @param fateOf - asked for each batch, counted from 1 */
export function withBatchFaults<Level extends AnyLevel>(level: Level, fateOf: (batch: number) => BatchFate): Level {
  let count = 0;
  const batch = async (...args: unknown[]): Promise<unknown> => {
    const fate = fateOf(++count);
    if (fate === 'lost') throw new Error('the disk is full');
    const write: unknown = Reflect.get(level, 'batch', level);
    const result: unknown = typeof write === 'function' ? await Reflect.apply(write, level, args) : undefined;
    if (fate === 'written-but-failed') throw new Error('the disk went away');
    return result;
  };
  return new Proxy(level, {
    get(target, property) {
      if (property === 'batch') return batch;
      const value: unknown = Reflect.get(target, property, target);
      // Databases have private fields, which only the object itself may reach.
      return typeof value === 'function' ? (...args: unknown[]): unknown => Reflect.apply(value, target, args) : value;
    },
  });
}
