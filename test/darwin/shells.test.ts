// Everything that a shell runs for us, in the shells of macOS and Linux.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startGuardian } from '../../src/system/process/guardian.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { CLI } from '../e2e/daemon.ts';
import { firstLine, isRunning, startGroup, STUBBORN_TREE } from '../fakes/processes.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { asSh, SHELLS } from './shells.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDERS = ['launchd', 'scripts', 'systemd', 'test', 'packaging'];

/** Shell scripts of the repository, by their names and first lines. */
const SCRIPTS = FOLDERS.flatMap(filesBelow).filter(
  (file) => file.endsWith('.sh') && /^#!.*sh$/mu.test(readFileSync(join(ROOT, file), 'utf8')),
);

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((name) => !name.includes('node_modules'));
  } catch {
    return [];
  }
}

const isForBash = (file: string): boolean => /^#!.*bash/u.test(readFileSync(join(ROOT, file), 'utf8'));

test('the selftest is among the scripts that are read', () => {
  expect(SCRIPTS).toContain(join('launchd', 'selftest.sh'));
});

describe.each(SHELLS.filter(({ path }) => path !== null))('$name', ({ name, path: found }) => {
  const path = found ?? '';

  test('the guardian ends what is held, willing, deaf or frozen, and not what was dropped', async () => {
    const willing = startGroup(['sleep', '60']);
    const deaf = startGroup(STUBBORN_TREE);
    const grandchild = Number(await firstLine(deaf));
    const frozen = startGroup(['sleep', '60']);
    process.kill(frozen.pid, 'SIGSTOP');
    const dropped = startGroup(['sleep', '60']);
    const guardian = startGuardian({ clock: systemClock, onFault: () => {}, shell: asSh(path) });
    const { pid } = guardian;
    for (const { pid: group } of [willing, deaf, frozen, dropped]) guardian.hold(group);
    guardian.drop(dropped.pid);
    guardian.close();
    await waitFor(() => ![willing.pid, deaf.pid, grandchild, frozen.pid, pid ?? 0].some(isRunning), {
      timeout: 5000,
      what: 'the end of what was held',
    });
    expect(isRunning(dropped.pid)).toBe(true);
  });

  test.each(SCRIPTS)('%s is read', (file) => {
    if (name === 'dash' && isForBash(file)) return;
    expect(spawnSync(path, ['-n', join(ROOT, file)], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  test('the completion for bash is read', () => {
    if (name === 'dash') return;
    const { stdout } = spawnSync(process.execPath, [CLI, 'completion', 'bash'], { encoding: 'utf8' });
    const { status, stderr } = spawnSync(path, ['-n'], { input: stdout, encoding: 'utf8' });
    expect([stdout.length > 100, status, stderr]).toEqual([true, 0, '']);
  });
});

describe.skipIf(!requireProgram('shellcheck'))('shellcheck', () => {
  test.each(SCRIPTS)('finds nothing in %s', (file) => {
    const { status, stdout } = spawnSync('shellcheck', [join(ROOT, file)], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '']);
  });
});
