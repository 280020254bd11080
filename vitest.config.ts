import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// eslint-disable-next-line import/no-default-export -- vitest reads the default export
export default defineConfig({
  resolve: {
    alias: [
      {
        find: /^fast-check$/u,
        replacement: fileURLToPath(new URL('test/fakes/seeded-fast-check.ts', import.meta.url)),
      },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Real processes are started in most files: most of them wait, so three at a time are what two cores carry.
    maxWorkers: 3,
  },
});
