/**
 * Preloaded into a node's process (`node --import`): a power cut at one seeded point of its writing, without a hook in the node.
 * CRASH_POINT = JSON { operation: 'batch' | 'sync', moment: 'before' | 'during' | 'after', count }: at the count-th such operation the
 * process kills itself, before it starts, while the database or disk works on it, or when it has just returned.
 */
import { open } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';

const { operation, moment, count } = JSON.parse(process.env.CRASH_POINT);
let seen = 0;

function crashing(original) {
  return async function (...args) {
    if (++seen !== count) return original.apply(this, args);
    if (moment === 'before') process.kill(process.pid, 'SIGKILL');
    const result = original.apply(this, args);
    if (moment === 'during') process.kill(process.pid, 'SIGKILL');
    const value = await result;
    process.kill(process.pid, 'SIGKILL');
    return value;
  };
}

if (operation === 'batch') {
  ClassicLevel.prototype._batch = crashing(ClassicLevel.prototype._batch);
} else {
  const handle = await open(new URL(import.meta.url));
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  prototype.sync = crashing(prototype.sync);
  prototype.datasync = crashing(prototype.datasync);
}
