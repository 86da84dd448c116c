import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two cores: real servers run beside the tests, so more workers only make them wait for each other.
    maxWorkers: 2,
    allowOnly: false,
    // The budgets under test are real (250 ms for a store command): on a busy machine one may be missed for no fault of the code.
    retry: process.env['CI'] === undefined ? 0 : 2,
  },
});
