import { describe, expect, it } from 'vitest';
import { parseNpmSpec, parseRunnerLine, programName } from '../../../src/core/base/package-runner.ts';

const parse = (line: string) => parseRunnerLine(line.split(' '));

describe('parseRunnerLine()', () => {
  it.each([
    ['npx -y pkg', { runner: 'npx', index: 'npm', target: 'pkg' }],
    ['npx --registry https://r.example pkg a', { target: 'pkg', args: ['a'], otherFlags: ['--registry'] }],
    ['npx --registry=https://r.example pkg', { target: 'pkg', otherFlags: ['--registry'] }],
    ['npx -p one --package=two program -p x', { packages: ['one', 'two'], args: ['-p', 'x'] }],
    ['/usr/bin/npx -y -- pkg --flag', { target: 'pkg', targetAt: 3, args: ['--flag'] }],
    [String.raw`C:\bin\NPX.cmd -y pkg`, { runner: 'npx', target: 'pkg' }],
    ['npm exec pkg -- --a', { runner: 'npm exec', target: 'pkg', args: ['--a'] }],
    ['npm --prefix /w exec pkg', { runner: 'npm exec', target: 'pkg', otherFlags: ['--prefix'] }],
    ['pnpm -C /w dlx pkg', { runner: 'pnpm dlx', target: 'pkg', otherFlags: ['-C'] }],
    ['pnpm exec program', { runner: 'pnpm exec', isLocal: true, target: 'program' }],
    ['bun x pkg', { runner: 'bun x', target: 'pkg' }],
    ['npx -y', { target: null, targetAt: 2, args: [] }],
    ['npx -c line', { target: null, otherFlags: ['-c'] }],
  ])('%s is a line of npm', (line, expected) => {
    expect(parse(line)).toMatchObject({ index: 'npm', ...expected });
  });

  it.each([
    [
      'uvx mcp-server-git==1.0 --repository /r',
      { target: 'mcp-server-git==1.0', args: ['--repository', '/r'] },
    ],
    ['uvx -p 3.12 mcp-server-git', { target: 'mcp-server-git', python: '3.12' }],
    ['uvx -p=3.12 mcp-server-git', { target: 'mcp-server-git', python: '3.12' }],
    ['uvx --python 3.12 mcp-server-git', { target: 'mcp-server-git', python: '3.12', otherFlags: [] }],
    ['uvx -w mcp<2 mcp-server-git', { target: 'mcp-server-git', extras: ['mcp<2'] }],
    ['uvx --with=a --with b mcp-server-git', { target: 'mcp-server-git', extras: ['a', 'b'] }],
    ['uvx --index-url https://i.example/simple x', { target: 'x', otherFlags: ['--index-url'] }],
    ['uvx -q --no-cache --isolated x', { target: 'x', otherFlags: [] }],
    ['uvx --from some_package program', { packages: ['some_package'], target: 'program' }],
    ['uv --directory /w tool run x', { runner: 'uv tool run', target: 'x', otherFlags: ['--directory'] }],
    ['uv tool uvx -p 3.13 x', { runner: 'uv tool uvx', target: 'x', python: '3.13' }],
    ['pipx run --python 3.11 x', { runner: 'pipx run', target: 'x', python: '3.11' }],
    ['pipx run --spec pkg==2 program', { packages: ['pkg==2'], target: 'program' }],
  ])('%s is a line of the Python index', (line, expected) => {
    expect(parse(line)).toMatchObject({ index: 'pypi', ...expected });
  });

  it.each([
    'npm start',
    'npm run x',
    'pnpm install',
    'uv pip install x',
    'uv run x',
    'uv tool list',
    'node npx x',
    '',
  ])('%j runs no package', (line) => expect(parse(line)).toBeNull());

  it('never repeats the values of flags: they may be secret', () => {
    const line = parse('npx --registry=https://token@r.example --userconfig /h/secret pkg');
    expect(JSON.stringify(line)).not.toMatch(/token|secret/u);
  });
});

describe('parseNpmSpec()', () => {
  it.each([
    ['a', 'a', null],
    ['a@latest', 'a', null],
    ['a@1.2.3', 'a', '1.2.3'],
    ['@a/b@^1.2', '@a/b', '^1.2'],
    ['@a/b', '@a/b', null],
  ])('%s', (spec, name, version) => expect(parseNpmSpec(spec)).toEqual({ name, version }));

  it.each(['', './a', 'github:a/b', 'https://x.example/a.tgz', 'a@npm:b@1', 'a@-x'])('%j is none', (spec) =>
    expect(parseNpmSpec(spec)).toBeNull(),
  );
});

describe('programName()', () => {
  it.each([
    ['/opt/bin/uvx', 'uvx'],
    [String.raw`C:\x\Npx.CMD`, 'npx'],
    ['node', 'node'],
    ['', ''],
  ])('%j is %j', (program, name) => expect(programName(program)).toBe(name));
});
