import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Rules without a clock, a process or a file: their tests share one copy of the code in each worker, which halves their cost. */
const PURE = ['test/core/**/*.test.ts', 'test/promql/*/**/*.test.ts'];

const alias = [
  {
    find: /^fast-check$/u,
    replacement: fileURLToPath(new URL('test/fakes/seeded-fast-check.ts', import.meta.url)),
  },
];
const timeouts = { testTimeout: 30_000, hookTimeout: 60_000 };

// eslint-disable-next-line import/no-default-export -- vitest reads the default export
export default defineConfig({
  test: {
    globalSetup: ['test/build.ts'],
    // Real processes are started in most files: most of them wait, so three at a time are what two cores carry.
    maxWorkers: 3,
    projects: [
      { resolve: { alias }, test: { name: 'pure', include: PURE, isolate: false, ...timeouts } },
      {
        resolve: { alias },
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          exclude: [...PURE, '**/node_modules/**'],
          ...timeouts,
        },
      },
    ],
  },
});
