import { defineConfig } from 'vitest/config';

// A claim makes 21 keys and a restore 50 a source: seconds when the machine is busy.
export default defineConfig({ test: { testTimeout: 60_000, hookTimeout: 60_000 } });
