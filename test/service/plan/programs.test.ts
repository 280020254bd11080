// Programs of the config as a service and a terminal find them.
import { describe, expect, test } from 'vitest';
import { foldersOf, locatePrograms, programsOf, programWarning } from '../../../src/service/plan/programs.ts';
import { specOf } from '../../fakes/spec.ts';
import { machineOf } from '../../fakes/machine.ts';

const MACHINE = machineOf({
  programs: ['/usr/bin/a', '/home/me/bin/a', '/home/me/bin/b', '/srv/run', '/own/a'],
});
const PATHS = { service: ['/usr/bin'], terminal: ['/home/me/bin', '/usr/bin'] };

function located(program: string, env: Record<string, string> = {}) {
  const spec = specOf({ name: 's', source: { kind: 'command', command: [program] }, env, cwd: '/srv' });
  const [found] = locatePrograms(programsOf([spec], '/h'), PATHS, MACHINE);
  if (found === undefined) throw new Error('not a program');
  return found;
}

describe('a program of the config', () => {
  test.each([
    [
      'b',
      null,
      '/home/me/bin/b',
      's: its program b is /home/me/bin/b here, and a service does not find it; ',
    ],
    [
      'a',
      '/usr/bin/a',
      '/home/me/bin/a',
      's: its program a is /home/me/bin/a here, and a service starts /usr/bin/a; ',
    ],
    ['none', null, null, 's: its program none is not found; '],
  ])('%s that differs is told', (program, inService, inTerminal, words) => {
    const found = located(program);
    expect(found).toMatchObject({ inService, inTerminal });
    expect(programWarning(found)).toContain(words);
  });

  test.each([['/usr/bin/a'], ['./run'], ['../srv/run']])('%s is the same for both', (program) => {
    const found = located(program);
    expect(found.inService).toBe(found.inTerminal);
    expect(programWarning(found)).toBeNull();
  });

  test('with a PATH of its own is looked for there', () => {
    expect(located('a', { PATH: '/own' })).toMatchObject({ inService: '/own/a', inTerminal: '/own/a' });
  });

  test('is that of an exec probe too, and not of a server that is off, installed or only watched', () => {
    const probe = { ...specOf({}).probe, kind: 'exec' as const, command: ['check-it'] };
    const specs = [
      specOf({ name: 'p', source: { kind: 'command', command: ['x'] }, probe }),
      specOf({ name: 'off', source: { kind: 'command', command: ['y'] }, enabled: false }),
      specOf({ name: 'url', source: { kind: 'url' }, transport: 'http', url: 'http://h/' }),
    ];
    expect(programsOf(specs, '/h').map(({ server, program }) => `${server} ${program}`)).toEqual([
      'p x',
      'p check-it',
    ]);
  });
});

test('foldersOf() leaves out what depends on the working folder', () => {
  expect(foldersOf('/a:b::./c:/d')).toEqual(['/a', '/d']);
  expect(foldersOf(undefined)).toEqual([]);
});
