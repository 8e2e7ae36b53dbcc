import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    pool: 'forks',
    // They mostly wait for disks and for processes, so two at once keep two cores busy.
    maxWorkers: 2,
    // Whole servers start and stop in some tests, on machines that are busy with other things.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
  },
})
