// Output of commands that cannot be written: it never passes for a whole one.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
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

/** Runs a program of ours with a limit of open files. */
function runLimited(limit: number, ...words: readonly string[]): { status: number | null; stderr: string } {
  const command = `ulimit -n ${limit}; exec "$0" "$@"`;
  const { status, stderr } = spawnSync('sh', ['-c', command, process.execPath, ...words], {
    encoding: 'utf8',
    input: '',
  });
  return { status, stderr };
}

/** The lowest limit with which this Node reads a file at all: below it there are its own words, or none. */
function lowestLimit(): number {
  const folder = tempHome().home;
  const file = `${folder}/speaks.mjs`;
  writeFileSync(file, 'import "node:fs"; process.stderr.write("here");');
  for (let limit = 15; limit < 60; limit += 1) {
    const { status, stderr } = runLimited(limit, file);
    if (status === 0 && stderr.endsWith('here')) return limit;
  }
  throw new Error('Node does not start with 60 open files');
}

test('a limit of few open files is one clear line', { timeout: 120_000 }, () => {
  const lowest = lowestLimit();
  const home = tempHome().home;
  // How many files the program takes depends on how it was built: with enough of them it says that there is no config.
  const clear = /^\S+ .*(?:EMFILE.*\n.*hint: .*ulimit -n 1024|there is no such file)/u;
  for (const above of [2, 4, 6, 8, 12]) {
    for (const argv of [
      ['config', 'validate'],
      ['connect', 'x'],
    ]) {
      const limit = lowest + above;
      const { status, stderr } = runLimited(limit, CLI, '--home', home, ...argv);
      const told = stderr.replace(/^(?:\(node:\d+\) )?Warning: .*\n/u, '');
      expect({ limit, argv, told }).toMatchObject({ told: expect.stringMatching(clear) });
      expect({ limit, argv, told }).toMatchObject({
        told: expect.not.stringMatching(/^ +at |node:internal/mu),
      });
      expect([1, 2]).toContain(status);
    }
  }
});
