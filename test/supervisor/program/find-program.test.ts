import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findExecutable, findProgram } from '../../../src/supervisor/program/find-program.ts';
import { installHint } from '../../../src/supervisor/program/install-hints.ts';
import { foreignFormat, loaderOf } from '../../../src/supervisor/program/executable-format.ts';
import { requireProgram } from '../../fakes/require-program.ts';
import { tempHome } from '../../fakes/temp-home.ts';

describe('findExecutable()', () => {
  test('looks a bare name up in PATH, in its order, and skips what cannot be executed', () => {
    const { home, run, logs } = tempHome();
    writeFileSync(join(run, 'tool'), '#!/bin/sh\n', { mode: 0o644 });
    writeFileSync(join(logs, 'tool'), '#!/bin/sh\n', { mode: 0o755 });
    expect(findExecutable('tool', { path: `${run}:${logs}`, cwd: home })).toBe(join(logs, 'tool'));
    chmodSync(join(run, 'tool'), 0o755);
    expect(findExecutable('tool', { path: `${run}:${logs}`, cwd: home })).toBe(join(run, 'tool'));
  });

  test('takes a name with a slash as a path below the server’s folder, and no folder for a program', () => {
    const { home, logs } = tempHome();
    writeFileSync(join(logs, 'tool'), '', { mode: 0o755 });
    expect(findExecutable('./logs/tool', { path: '', cwd: home })).toBe(join(logs, 'tool'));
    expect(findExecutable('./logs', { path: '', cwd: home })).toBeNull();
  });
});

/** Why a program does not start, and its cure; the folder of the test is `HOME`. */
function faultOf(
  command: string,
  { path = '/usr/bin:/bin', prepare = (_home: string): void => {} } = {},
): string {
  const { home } = tempHome();
  prepare(home);
  const at = (text: string): string => text.replaceAll('HOME', home);
  const found = findProgram(at(command), { path: at(path), cwd: home, home });
  return found.ok ? 'none' : `${found.fault.why}; ${found.fault.hint}`.replaceAll(home, 'HOME');
}

function put(name: string, text: string | Buffer, mode = 0o755) {
  return {
    prepare: (home: string): void => {
      mkdirSync(join(home, name, '..'), { recursive: true });
      writeFileSync(join(home, name), text, { mode });
    },
  };
}

describe('findProgram()', () => {
  test.each([
    [
      'no x bit',
      'HOME/srv',
      put('srv', '#!/bin/sh', 0o644),
      'its program HOME/srv is not executable; Make it so: chmod +x HOME/srv',
    ],
    [
      'no x bit, on the PATH',
      'srv',
      { path: 'HOME/bin', ...put('bin/srv', '#!/bin/sh', 0o644) },
      'chmod +x HOME/bin/srv',
    ],
    ['a folder', 'HOME/run', {}, 'its program HOME/run is a folder; Name the file in it'],
    [
      '~',
      '~/bin/srv',
      {},
      'its program is ~/bin/srv, and ~ is not expanded here: no shell reads it; Write HOME/bin/srv',
    ],
    ['a variable', '$HOMES/srv', {}, 'variables are not expanded here'],
    [
      'a relative path',
      './srv',
      {},
      'its program ./srv was looked for in HOME and not found; Write its whole path, or set cwd',
    ],
    ['an absolute path', 'HOME/gone', {}, 'its program HOME/gone was not found; Check its path'],
    [
      'Windows line ends',
      'HOME/srv',
      put('srv', '#!/bin/sh\r\nexec node x\r\n'),
      "line ends of Windows: the interpreter /bin/sh\\r of its first line does not exist; Convert it: perl -pi -e 's/\\r$//' HOME/srv",
    ],
    [
      'Windows line ends, with env',
      'HOME/srv',
      put('srv', '#!/usr/bin/env node\r\n'),
      'the interpreter /usr/bin/env node\\r',
    ],
    [
      'no interpreter',
      'HOME/srv',
      put('srv', '#!/opt/none/python3.9\n'),
      'needs the interpreter /opt/none/python3.9, which was not found; Install /opt/none',
    ],
    [
      'no interpreter, with env',
      'HOME/srv',
      { ...put('srv', '#!/usr/bin/env deno\n'), path: '/none' },
      'needs the interpreter deno, which was not found on the PATH: /none; Install Deno: ',
    ],
    [
      'no interpreter, with env -S',
      'HOME/srv',
      put('srv', '#!/usr/bin/env -S A=b no-such-tool --x\n'),
      'needs the interpreter no-such-tool,',
    ],
    [
      'another',
      'no-such-tool',
      { path: '/none' },
      'Check its name; is it found in your terminal? Then run mcp-watchdog install there',
    ],
    [
      'one in a usual folder',
      'uvx',
      { path: '/none', ...put('.local/bin/uvx', '#!/bin/sh\n') },
      'It is at HOME/.local/bin/uvx: write that path, or run mcp-watchdog install',
    ],
    [
      'Windows',
      'HOME/srv.exe',
      put('srv.exe', Buffer.from(`MZ${'\0'.repeat(100)}`)),
      'is a program for Windows, and this machine is',
    ],
  ])('names the fault and its cure: %s', (_, command, how, words) => {
    expect(faultOf(command, how)).toContain(words);
  });

  // Root passes over permissions, unless it gives that right up.
  const isRoot = process.getuid?.() === 0;
  test.skipIf(isRoot && !requireProgram('setpriv'))('names the folder that may not be entered', () => {
    const { home } = tempHome();
    const closed = join(home, 'closed');
    mkdirSync(closed);
    chmodSync(closed, 0o000);
    const module = new URL('../../../dist/supervisor/program/find-program.js', import.meta.url).href;
    const place = JSON.stringify({ cwd: home, path: '/usr/bin:/bin', home, key: 'servers.s.command' });
    const script = `import { findProgram } from '${module}';
      process.stdout.write(JSON.stringify(findProgram('${closed}/srv', ${place})));`;
    const humble = isRoot ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];
    const [program, ...argv] = [...humble, process.execPath, '--input-type=module', '-e', script];
    const { stdout } = spawnSync(program, argv, { encoding: 'utf8' });
    chmodSync(closed, 0o700);
    expect(stdout).toContain(`this user may not enter ${closed}`);
  });

  test.each([
    ['a script', 'HOME/srv', put('srv', '#!/bin/sh\n')],
    ['a script with env', 'HOME/srv', put('srv', '#!/usr/bin/env -S sh -e\n')],
    ['a script without a first line', 'HOME/srv', put('srv', 'echo hello\n')],
    ['node itself', process.execPath, {}],
    ['a program of the system', 'sh', {}],
    ['what is no program at all', 'HOME/srv', put('srv', '\u007fELFgarbage')],
  ])('finds nothing wrong with %s', (_, command, how) => {
    expect(faultOf(command, how)).toBe('none');
  });
});

test.each([
  ['uvx', 'Install uv: curl -LsSf https://astral.sh/uv/install.sh | sh'],
  ['docker', 'Install Docker: https://docs.docker.com/get-docker/'],
  ['bunx', 'Install Bun: '],
  ['constructor', null],
])('installHint() knows how to install %s', (name, words) => {
  expect(installHint(name)).toEqual(words === null ? null : expect.stringContaining(words));
});

test.each(['uv', 'npx', 'python3', 'pipx', 'java', 'ruby', 'php'])(
  'installHint() names the means of the system for %s',
  (name) => {
    expect(installHint(name, true)).toContain('brew install ');
    expect(installHint(name, false)).not.toContain('brew');
  },
);

/** The first bytes of an ELF program for a processor, by its number in elf(5). */
function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0x7f454c46, 0);
  header[4] = 2;
  header[5] = 1;
  header.writeUInt16LE(machine, 18);
  return header;
}

/** The first bytes of a Mach-O program. */
function macho(cpu: number): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0xcffaedfe, 0);
  header.writeUInt32LE(cpu, 4);
  return header;
}

describe('foreignFormat()', () => {
  test.each([
    ['linux', 'x64', elf(0xb7), 'a program for Linux on arm64'],
    ['linux', 'arm64', elf(0x3e), 'a program for Linux on x64'],
    ['linux', 'x64', elf(0x3e), null],
    ['linux', 'x64', elf(0x03), null],
    ['linux', 'x64', elf(0x7777), null],
    ['darwin', 'arm64', elf(0xb7), 'a program for Linux on arm64'],
    ['darwin', 'arm64', macho(0x01000007), null],
    ['darwin', 'x64', macho(0x0100000c), 'a program for macOS on arm64'],
    ['linux', 'x64', macho(0x0100000c), 'a program for macOS on arm64'],
    ['linux', 'x64', Buffer.from('cafebabe00000002'.padEnd(80, '0'), 'hex'), 'a program for macOS'],
    ['linux', 'x64', Buffer.from('cafebabe0000003d'.padEnd(80, '0'), 'hex'), null],
    ['linux', 'x64', Buffer.from('echo hello, this is a script'), null],
  ] as const)('on %s %s', (platform, arch, start, expected) => {
    expect(foreignFormat(start, { platform, arch })).toBe(expected);
  });
});

describe('loaderOf()', () => {
  test('reads the path of the loader', () => {
    const program = Buffer.concat([elf(0x3e), Buffer.alloc(56), Buffer.from('/lib/ld-musl-x86_64.so.1\0')]);
    program.writeBigUInt64LE(64n, 32);
    program.writeUInt16LE(56, 54);
    program.writeUInt16LE(1, 56);
    program.writeUInt32LE(3, 64);
    program.writeBigUInt64LE(120n, 72);
    program.writeBigUInt64LE(25n, 96);
    expect(loaderOf(program)).toBe('/lib/ld-musl-x86_64.so.1');
    expect(faultOf('HOME/srv', put('srv', program))).toMatch(
      process.arch === 'x64'
        ? /needs the loader \/lib\/ld-musl-x86_64\.so\.1, which is not here|none/
        : /program for Linux/,
    );
    expect(loaderOf(elf(0x3e))).toBeNull();
    expect(loaderOf(Buffer.from('#!/bin/sh'))).toBeNull();
  });
});
