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
  'test/doctor/checks',
  'test/notify/channels/desktop-darwin.test.ts',
  'test/orphans',
  'test/service',
  'test/system/net',
  'test/system/process',
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
