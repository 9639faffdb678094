import { defineConfig } from 'vitest/config';

// Gateways are processes of their own, and several start in each test.
export default defineConfig({ test: { testTimeout: 120_000, hookTimeout: 60_000 } });
