import { defineConfig } from 'vitest/config';

// Every import starts a thread: a second when the machine is busy.
export default defineConfig({ test: { testTimeout: 60_000, hookTimeout: 60_000 } });
