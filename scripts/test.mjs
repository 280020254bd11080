// `npm test`: sets everything up, runs the suite, and says by name what this machine could not test.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, checkNode, install, root, say } from './setup.mjs';

checkNode();
install();
await build();

const scratch = mkdtempSync(join(tmpdir(), 'mcp-watchdog-test-'));
const missing = join(scratch, 'missing');
const results = join(scratch, 'results.json');
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${results}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, MCP_WATCHDOG_TEST_MISSING: missing } },
);
const {
  numPassedTests = 0,
  numFailedTests = 0,
  numPendingTests = 0,
} = existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : {};
if (existsSync(missing)) {
  const names = [...new Set(readFileSync(missing, 'utf8').split('\n').filter(Boolean))];
  say(`Not tested, because this machine lacks: ${names.join(', ')}`);
}
rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`);
process.exit(status ?? 1);
