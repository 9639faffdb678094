import { expect, test } from 'vitest';
import { allSettled } from '../src/all-settled.js';
import { freePorts } from '../src/free-port.js';

// Linux chooses ports for connections from 32,768 on: a dead node's port must never be chosen for a connection that tries to reach it.
test('ports lie below those that a system chooses itself, and differ', async () => {
  const ports = await freePorts(50);
  expect(new Set(ports).size).toBe(50);
  for (const port of ports) expect(port).toBeLessThan(32_768);
});

test('a failure is told only when everything has settled, so that what started late can be ended', async () => {
  const started: string[] = [];
  const late = new Promise<void>((resolve) => setImmediate(resolve)).then(() => void started.push('late'));
  await expect(allSettled([Promise.reject(new Error('port is busy')), late])).rejects.toThrow('port is busy');
  expect(started).toEqual(['late']);
});
