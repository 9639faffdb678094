import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import { testStore } from '../src/conformance/index.js';

testStore('memory-level', async () => {
  const level = new MemoryLevel();
  return { database: () => level, dispose: () => level.close() };
});

testStore('classic-level', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'radledger-store-'));
  return { database: () => new ClassicLevel(folder), dispose: () => rm(folder, { recursive: true }) };
});
