import { defineConfig } from 'vitest/config';

// A whole hospital with TLS and real files in each test: seconds when the machine is busy.
export default defineConfig({ test: { testTimeout: 60_000, hookTimeout: 60_000 } });
