// `npm run coverage:darwin`: coverage of what only macOS runs, by the tests of it; fails below 95 %.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './setup.mjs';

const SOURCES = [
  'src/**/*-darwin.ts',
  'src/service/launchd/*.ts',
  'src/system/net/local-network.ts',
  'src/doctor/checks/macos.ts',
];
const TESTS = [
  'test/darwin/inspector.test.ts',
  'test/doctor/checks/macos.test.ts',
  'test/notify/channels/desktop-darwin.test.ts',
  'test/orphans/process-inspector.test.ts',
  'test/service/launchd',
  'test/system/net/local-network.test.ts',
  'test/system/net/port-owner.test.ts',
  'test/system/process/memory-footprint.test.ts',
  'test/system/process/played-darwin.test.ts',
  'test/system/process/process-table.test.ts',
  'test/system/process/ps-darwin.test.ts',
];
const LEAST = 95;

const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=dot',
    '--coverage',
    '--coverage.reporter=text',
    '--coverage.reportOnFailure',
    ...SOURCES.map((pattern) => `--coverage.include=${pattern}`),
    ...['statements', 'functions', 'lines'].map((kind) => `--coverage.thresholds.${kind}=${LEAST}`),
    ...TESTS,
  ],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
