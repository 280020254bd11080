// Output of commands that cannot be written: it never passes for a whole one.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { tempHome } from '../fakes/temp-home.ts';
import { CLI } from './daemon.ts';

const FULL = '/dev/full';

/** Runs a command whose standard output, or errors, go to a full disk. */
function runOnto(stream: 'stdout' | 'stderr', ...argv: readonly string[]) {
  const full = openSync(FULL, 'w');
  onTestFinished(() => closeSync(full));
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, '--home', tempHome().home, ...argv], {
    encoding: 'utf8',
    stdio: ['ignore', stream === 'stdout' ? full : 'pipe', stream === 'stderr' ? full : 'pipe'],
  });
  return { status, out: stdout, err: stderr };
}

// macOS has no such device.
const it = test.skipIf(!existsSync(FULL));

it.each([['--help'], ['completion', 'bash'], ['backup', 'list', '--json']])(
  'a full disk is an error of %s',
  (...argv) => {
    expect(runOnto('stdout', ...argv)).toMatchObject({
      status: 1,
      err: 'error: Cannot write the output: ENOSPC: no space left on device, write\nhint: The disk is full: make room, then try again\n',
    });
  },
);

it('an error keeps its exit code, whether it can be told or not', () => {
  const told = runOnto('stdout', 'nope');
  expect(told.status).toBe(2);
  expect(told.err).not.toContain('ENOSPC');
  expect(runOnto('stderr', 'nope').status).toBe(2);
  expect(runOnto('stderr', '--help').status).toBe(0);
});

// Node itself needs about 20 files; below that its own words are all there can be.
it.each([
  [20, ['config', 'validate']],
  [22, ['connect', 'x']],
  [30, ['connect', 'x']],
] as const)('a limit of %i open files is one clear line of %j', (limit, argv) => {
  const command = `ulimit -n ${limit}; exec "$0" "$@"`;
  const words = [process.execPath, CLI, '--home', tempHome().home, ...argv];
  const { status, stderr } = spawnSync('sh', ['-c', command, ...words], { encoding: 'utf8', input: '' });
  // How many files the program takes depends on how it was built: with enough of them it says that there is no config.
  expect([1, 2]).toContain(status);
  expect(stderr).toMatch(/^(?:error: .*EMFILE.*\nhint: .*ulimit -n 1024|\S+: .*there is no such file)/u);
  expect(stderr).not.toMatch(/^ +at |node:internal/mu);
});
