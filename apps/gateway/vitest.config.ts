import { defineConfig } from 'vitest/config';

// Each command is a process of its own, and opening a wallet file costs one scrypt on purpose.
export default defineConfig({ test: { testTimeout: 120_000, hookTimeout: 60_000 } });
