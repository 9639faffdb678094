/**
 * Preloaded into a node's or gateway's process (`node --import`): a power cut at one seeded point of its reading or writing, without a hook in it.
 * CRASH_POINT = JSON { operation, moment: 'before' | 'during' | 'after', count }: at the count-th such operation the process kills itself, before it
 * starts, while the database or disk works on it, or when it has just returned. Operations: `batch` of the database; `sync`, `read`, `write` of a file; `rename`.
 */
import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
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
} else if (operation === 'rename') {
  fs.promises.rename = crashing(fs.promises.rename);
  syncBuiltinESMExports();
} else {
  const handle = await open(new URL(import.meta.url));
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  const methods = { sync: ['sync', 'datasync'], read: ['read'], write: ['write', 'writev', 'appendFile'] };
  for (const method of methods[operation]) prototype[method] = crashing(prototype[method]);
}
