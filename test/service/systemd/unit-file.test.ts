// Unit file: the shipped example, quoting, and what systemd itself makes of it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ServicePlan } from '../../../src/service/shared/service-manager.ts';
import { commandLine, quote, renderUnit } from '../../../src/service/systemd/unit-file.ts';
import { requireProgram } from '../../fakes/require-program.ts';

const UNIT = 'mcp-watchdog.service';

const TEMPLATE: ServicePlan = {
  node: '@NODE@',
  program: '@PROGRAM@',
  home: '@HOME@',
  path: ['@PATH@'],
  userHome: '@USER_HOME@',
};

const EXAMPLE: ServicePlan = {
  node: '/usr/bin/node',
  program: '/usr/local/lib/node_modules/mcp-watchdog/dist/cli.js',
  home: '/home/ada/.mcp-watchdog',
  path: ['/usr/bin', '/usr/local/bin', '/bin', '/home/ada/my tools'],
  userHome: '/home/ada',
};

const shipped = (name: string): string =>
  readFileSync(new URL(`../../../systemd/${name}`, import.meta.url), 'utf8');

describe('renderUnit()', () => {
  test.each([
    ['mcp-watchdog.service.template', TEMPLATE],
    ['mcp-watchdog.service.example', EXAMPLE],
  ])('writes what systemd/%s shows', (name, plan) => {
    expect(renderUnit(plan, UNIT)).toBe(shipped(name));
  });

  test('has a reason in systemd/README.md for each of its settings', () => {
    const readme = shipped('README.md');
    const settings = [...shipped('mcp-watchdog.service.template').matchAll(/^(\w+)=/gmu)].map(
      ([, key]) => key,
    );
    expect(settings.length).toBeGreaterThan(20);
    expect(settings.filter((key) => !readme.includes(`\`${key}`))).toEqual([]);
  });
});

describe('the words of a unit', () => {
  test.each([
    ['/usr/bin/node', '/usr/bin/node'],
    ['a b', '"a b"'],
    ['', '""'],
    ['100%', '100%%'],
    ['say "it"', '"say \\"it\\""'],
    ['back\\slash', '"back\\\\slash"'],
    ['line\nbreak', '"line\\u000abreak"'],
    ['; rm', '"; rm"'],
  ])('quote(%j) is %s', (word, written) => {
    expect(quote(word)).toBe(written);
  });

  test.each([
    [['/n', '$HOME', '${x}'], '/n "$$HOME" "$${x}"'],
    // In the path of the program a dollar sign stands for itself.
    [['/$n/node', 'run'], '"/$n/node" run'],
    [["/o'hara/node", 'run'], `/usr/bin/env "/o'hara/node" run`],
  ] as const)('commandLine(%j) is %s', (argv, written) => {
    expect(commandLine([argv[0], ...argv.slice(1)])).toBe(written);
  });
});

describe.skipIf(!requireProgram('systemd-analyze'))('systemd-analyze', () => {
  function verify(text: string): { code: number | null; said: string } {
    const folder = mkdtempSync(join(tmpdir(), 'mcpw-unit-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, UNIT);
    writeFileSync(file, text);
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['--user', '--man=no', 'verify', file], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: folder, XDG_RUNTIME_DIR: folder },
    });
    return { code: status, said: stdout + stderr };
  }

  // Its programs must exist: that is checked as well.
  const real: ServicePlan = { ...EXAMPLE, node: process.execPath };

  test('has nothing to say of our unit', () => {
    expect(verify(renderUnit(real, UNIT))).toEqual({ code: 0, said: '' });
  });

  test('has nothing to say where every path is odd', () => {
    const odd = `/tmp/a b%h$HOME"c'd\\e;f`;
    expect(verify(renderUnit({ ...real, program: odd, home: odd, path: [odd] }, UNIT))).toEqual({
      code: 0,
      said: '',
    });
  });

  test('would have found a setting that it does not know', () => {
    const wrong = renderUnit(real, UNIT).replace('RestartSec=', 'RestartSecs=');
    const { said } = verify(wrong);
    expect(said).toContain('RestartSecs');
  });
});
