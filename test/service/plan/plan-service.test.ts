// Plan of the service: paths that last, and a warning for each that does not.
import { describe, expect, test } from 'vitest';
import { type PlanInput, planService } from '../../../src/service/plan/plan-service.ts';
import { machineOf, type MachineFacts } from '../../fakes/machine.ts';

const FACTS: PlanInput = {
  node: { path: '/opt/homebrew/opt/node/bin/node', version: '24.1.0' },
  program: '/opt/homebrew/bin/mcp-watchdog',
  home: '/Users/me/.mcp-watchdog',
  userHome: '/Users/me',
  platform: 'darwin',
  env: { PATH: '/Users/me/.local/bin:relative:/opt/homebrew/bin:/usr/bin' },
  temporary: ['/tmp', '/var/folders'],
  programs: [],
};
const CLI = '/opt/homebrew/lib/node_modules/mcp-watchdog/dist/cli.js';
const MACHINE: MachineFacts = {
  links: { [FACTS.program]: CLI },
  programs: ['/opt/homebrew/bin/npm', '/opt/homebrew/bin/npx', '/Users/me/.local/bin/uvx', 'relative/docker'],
  folders: { '/opt/homebrew/bin': [] },
};
const SYSTEM = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];

function plan(facts: Partial<PlanInput> = {}, machine: MachineFacts = MACHINE) {
  return planService({ ...FACTS, ...facts }, machineOf(machine));
}

describe('planService()', () => {
  test('comes to paths that last, and has nothing to warn of', () => {
    expect(plan()).toEqual({
      plan: {
        node: '/opt/homebrew/opt/node/bin/node',
        program: CLI,
        home: '/Users/me/.mcp-watchdog',
        userHome: '/Users/me',
        path: ['/opt/homebrew/opt/node/bin', '/opt/homebrew/bin', '/Users/me/.local/bin', ...SYSTEM],
      },
      warnings: [],
    });
  });

  test('names a program of a formula by the path that brew upgrade keeps', () => {
    const inner = 'libexec/lib/node_modules/mcp-watchdog/dist/cli.js';
    const cellar = `/opt/homebrew/Cellar/mcp-watchdog/0.1.0/${inner}`;
    const lasting = `/opt/homebrew/opt/mcp-watchdog/${inner}`;
    const linked = { ...MACHINE, links: { [FACTS.program]: cellar, [lasting]: cellar } };
    expect(plan({}, linked).plan.program).toBe(lasting);
    expect(plan({ program: cellar }, linked).plan.program).toBe(lasting);
    expect(plan({}, { ...MACHINE, links: { [FACTS.program]: cellar } }).plan.program).toBe(cellar);
  });

  test('refuses a program in the cache of npx, with the cure', () => {
    const program = '/Users/me/.npm/_npx/0a1b/node_modules/mcp-watchdog/dist/cli.js';
    expect(() => plan({ program })).toThrow('which npm empties');
    expect(() => plan({ program })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('npm install -g ./mcp-watchdog-*.tgz') }),
    );
  });

  test('warns of what lies in a folder that the system empties', () => {
    const { warnings } = plan({ program: '/tmp/clone/dist/cli.js', home: '/var/folders/x/home' });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('npm install -g ./mcp-watchdog-*.tgz');
    expect(plan({ program: '/tmpfiles/cli.js' }).warnings).toEqual([]);
  });

  test('leaves out folders that are gone tomorrow', () => {
    const shell = '/Users/me/.local/state/fnm_multishells/1_2/bin';
    const env = { PATH: `${shell}:/tmp/bin:/home/tools` };
    const programs = [`${shell}/npm`, '/tmp/bin/npm', '/home/tools/npm', '/tmp/bin/uvx'];
    expect(plan({ env }, { programs }).plan.path).toEqual([
      '/opt/homebrew/opt/node/bin',
      '/home/tools',
      ...SYSTEM,
    ]);
  });

  test('has a PATH without a PATH to learn from', () => {
    expect(plan({ env: {} }, {}).plan.path).toEqual(['/opt/homebrew/opt/node/bin', ...SYSTEM]);
  });

  test('adds the folders of the programs that the config starts, where the service would find none or another', () => {
    const env = { PATH: '/Users/me/bin:/Users/me/.pyenv/shims:/opt/homebrew/bin:/usr/bin:/tmp/bin' };
    const machine = {
      ...MACHINE,
      programs: [
        '/Users/me/bin/mytool',
        '/Users/me/.pyenv/shims/python3',
        '/usr/bin/python3',
        '/usr/bin/perl',
        '/tmp/bin/later',
        '/opt/homebrew/bin/npm',
      ],
    };
    const programs = ['mytool', 'python3', 'perl', 'later', 'nowhere', '/Users/me/x/run', './run'];
    expect(plan({ env, programs }, machine).plan.path).toEqual([
      '/opt/homebrew/opt/node/bin',
      '/opt/homebrew/bin',
      '/Users/me/bin',
      '/Users/me/.pyenv/shims',
      ...SYSTEM,
    ]);
  });

  test('adds where this shell has its interpreters, and moves no folder of the system for them', () => {
    const env = { PATH: '/usr/bin:/Users/me/Library/pnpm:/Users/me/.pyenv/shims:/opt/local/bin' };
    const machine = {
      ...MACHINE,
      programs: ['/usr/bin/java', '/Users/me/Library/pnpm/pnpm', '/Users/me/.pyenv/shims/python3'],
      folders: { '/opt/local/bin': [], '/opt/homebrew/bin': [] },
    };
    expect(plan({ env }, machine).plan.path).toEqual([
      '/opt/homebrew/opt/node/bin',
      '/Users/me/.pyenv/shims',
      '/Users/me/Library/pnpm',
      '/opt/homebrew/bin',
      '/opt/local/bin',
      ...SYSTEM,
    ]);
  });

  test('passes on what is to be said of node', () => {
    const node = { path: '/Users/me/.nvm/versions/node/v24.1.0/bin/node', version: '24.1.0' };
    expect(plan({ node }).warnings).toEqual([expect.stringContaining('of nvm')]);
  });
});
