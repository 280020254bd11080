import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/sequencer.ts';

/**
 * Folders whose test files share a worker and what it has loaded, which more than halves their cost. What such a file must obey
 * is in CONTRIBUTING.md; `test/shared-worker.ts` judges it.
 */
const SHARED = [
  'alerting',
  'commands',
  'config',
  'control',
  'core',
  'daemon',
  'dashboards',
  'doctor',
  'gateway',
  'history',
  'housekeeping',
  'journal',
  'logs',
  'metrics',
  'notify',
  'orphans',
  'packages',
  'page/model',
  'probes',
  'promql/*',
  'sampling',
  'service',
  'supervisor',
  'system',
  'updates',
  'web',
  'wire',
]
  .map((folder) => `test/${folder}/**/*.test.ts`)
  .concat('test/*.test.ts');

/** Files of those folders that need a process of their own, and why. */
const APART = [
  // Replace a module.
  'test/config/otlp.test.ts',
  'test/supervisor/stuck.test.ts',
  // Play macOS from the first import on.
  'test/commands/inspect/open-darwin.test.ts',
  'test/orphans/played-darwin.test.ts',
  'test/system/net/local-network.test.ts',
  'test/system/process/played-darwin.test.ts',
  // Loads the library that sets a variable for good.
  'test/system/process/process-table.test.ts',
  // Judge the memory, the descriptors or the pace of their own process.
  'test/daemon/updates/canary.test.ts',
  'test/logs/capture-output.test.ts',
  'test/supervisor/server-process.test.ts',
  'test/system/files/rotating-file.test.ts',
  'test/web/compressed-response.test.ts',
  // Change flags of V8, the time zone or the umask.
  'test/core/gateway/transient-map.test.ts',
  'test/daemon/gateway/long-run.test.ts',
  'test/logs/log-entry.test.ts',
  'test/service/launchd/launchd.test.ts',
  'test/system/files/make-folder.test.ts',
  'test/system/files/write-file-atomic.test.ts',
  'test/system/time/cron.test.ts',
];

const alias = [
  {
    find: /^fast-check$/u,
    replacement: fileURLToPath(new URL('test/fakes/seeded-fast-check.ts', import.meta.url)),
  },
];
// Node 20 reads these certificates whenever a process starts, which makes of its 30 ms of processor time 90. The watchdog finds
// them by the other name too; for npm see `test/fakes/npm-environment.ts`.
const { NODE_EXTRA_CA_CERTS: certificates } = process.env;
delete process.env['NODE_EXTRA_CA_CERTS'];
if (certificates !== undefined) process.env['SSL_CERT_FILE'] ??= certificates;

const timeouts = { testTimeout: 60_000, hookTimeout: 180_000 };

// eslint-disable-next-line import/no-default-export -- vitest reads the default export
export default defineConfig({
  test: {
    globalSetup: ['test/build.ts'],
    // Real processes are started in most files, and most of them wait, the longest most of all: four at a time left two cores idle
    // for a quarter of the time.
    maxWorkers: 5,
    // Not where another order is asked for.
    sequence: process.argv.some((word) => word.startsWith('--sequence.')) ? {} : { sequencer: LongestFirst },
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'shared',
          include: SHARED,
          exclude: [...APART, '**/node_modules/**'],
          isolate: false,
          setupFiles: ['test/shared-worker.ts'],
          ...timeouts,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          exclude: [...SHARED, '**/node_modules/**'],
          ...timeouts,
        },
      },
      {
        resolve: { alias },
        test: { name: 'apart', include: APART, exclude: ['**/node_modules/**'], ...timeouts },
      },
    ],
  },
});
