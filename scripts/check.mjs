// `npm run check`: everything that can be said about the code without running it. All are run, then the verdict.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, checkNode, install, root, say } from './setup.mjs';

const CHECKS = [
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  ['types of the page', 'tsc', ['-p', 'src/page/tsconfig.json', '--noEmit']],
  ['lint', 'oxlint', ['--type-aware', '--quiet']],
  ['format', 'oxfmt', ['--check']],
  ['dead code', 'knip', ['--no-progress']],
  ['architecture', 'vitest', ['run', 'test/architecture.test.ts', '--reporter=dot']],
];

checkNode();
install();
await build();
const failed = CHECKS.filter(
  ([name, tool, args]) => !passes(name, join(root, 'node_modules', '.bin', tool), args),
);
const generated = passes('generated files', process.execPath, [
  join(root, 'scripts', 'generate.mjs'),
  '--check',
]);
process.exit(failed.length === 0 && generated ? 0 : 1);

function passes(name, file, args) {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(file, args, { cwd: root, encoding: 'utf8' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (status !== 0) say(`${stdout}${stderr}`);
  return status === 0;
}
