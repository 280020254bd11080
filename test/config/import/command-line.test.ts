import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../../../src/config/import/command-line.ts';

function words(line: string): string[] {
  return line.split(' ');
}

describe('a command line that fetches a package', () => {
  it.each([
    ['npx -y pkg', { package: 'pkg' }],
    ['npx pkg@1.2.3 --flag value', { package: 'pkg', version: '1.2.3', args: ['--flag', 'value'] }],
    ['npx --yes @scope/pkg@^2.0 -- -y', { package: '@scope/pkg', version: '^2.0', args: ['--', '-y'] }],
    ['npx -y pkg@latest', { package: 'pkg' }],
    ['npx -y pkg@next', { package: 'pkg', version: 'next' }],
    ['npx -y -- pkg -p 80', { package: 'pkg', args: ['-p', '80'] }],
    ['npx -y -p pkg@1 program --a', { package: 'pkg', version: '1', bin: 'program', args: ['--a'] }],
    ['npx --package=@scope/pkg -y -- program', { package: '@scope/pkg', bin: 'program' }],
    ['npx --package @scope/pkg program', { package: '@scope/pkg', bin: 'program' }],
    ['npx -q --loglevel=error pkg', { package: 'pkg' }],
    ['/opt/homebrew/bin/npx pkg', { package: 'pkg' }],
    ['npm exec --yes -- pkg --a', { package: 'pkg', args: ['--a'] }],
    ['npm exec pkg -- --a', { package: 'pkg', args: ['--a'] }],
    ['npm x pkg', { package: 'pkg' }],
    ['bunx pkg --a', { package: 'pkg', args: ['--a'] }],
    ['bun x pkg', { package: 'pkg' }],
    ['pnpm dlx pkg@2', { package: 'pkg', version: '2' }],
    ['pnpm --package=pkg@2 dlx program a', { package: 'pkg', version: '2', bin: 'program', args: ['a'] }],
    ['pnpm -s dlx pkg', { package: 'pkg' }],
    ['pnpx pkg', { package: 'pkg' }],
    ['yarn dlx -q -p pkg program', { package: 'pkg', bin: 'program' }],
    ['cmd /c npx -y pkg', { package: 'pkg' }],
    ['cmd.exe /C npx.cmd -y pkg', { package: 'pkg' }],
    [String.raw`C:\Windows\cmd.exe /c npx pkg`, { package: 'pkg' }],
  ])('%s', (line, launch) => {
    expect(readCommandLine(words(line))).toEqual({
      kind: 'package',
      launch: { version: null, bin: null, args: [], ...launch },
      env: {},
    });
  });

  it('takes variables in front of it along', () => {
    expect(readCommandLine(words('env TOKEN=a=b MODE= npx -y pkg'))).toMatchObject({
      kind: 'package',
      launch: { package: 'pkg' },
      env: { TOKEN: 'a=b', MODE: '' },
    });
  });

  it.each([
    ['npx -c', 'its flag -c has no counterpart here'],
    ['npx --registry=https://secret@example.com pkg', 'its flag --registry has no counterpart here'],
    ['npx --loglevel silent pkg', 'its flag --loglevel has no counterpart here'],
    ['npx -p a -p b program', 'it wants several packages at once'],
    ['npx -y', 'it names no package'],
    ['npx', 'it names no package'],
    ['npx -y github:user/repo', 'not a package of the registry'],
    ['npx -y ./local', 'not a package of the registry'],
    ['npx https://example.com/x.tgz', 'not a package of the registry'],
    ['npx pkg@npm:other@1', 'not a package of the registry'],
    ['bunx --bun pkg', 'its flag --bun has no counterpart here'],
    ['pnpm --allow-build=x dlx pkg', 'its flag --allow-build has no counterpart here'],
  ])('%s stays as it is, and says why', (line, reason) => {
    expect(readCommandLine(words(line))).toEqual({
      kind: 'command',
      argv: words(line),
      note: expect.stringContaining(reason),
      env: {},
    });
  });
});

describe('any other command line', () => {
  it.each([
    ['docker run -i --rm image', 'the client of the container'],
    ['uvx mcp-server-git', 'neither installs nor updates'],
    ['/usr/bin/python3 -m server', 'neither installs nor updates'],
    ['bash -lc server', 'through a shell'],
    ['powershell -File x.ps1', 'a program of Windows'],
  ])('%s is told about', (line, words_) => {
    expect(readCommandLine(words(line))).toMatchObject({
      argv: words(line),
      note: expect.stringContaining(words_),
    });
  });

  it.each([
    'node server.js',
    '/opt/server --npx',
    'bash server.sh',
    'npm start',
    'yarn start',
    'constructor x',
    'env',
    'env A=b',
    '',
  ])('%j is not', (line) =>
    expect(readCommandLine(words(line))).toEqual({ kind: 'command', argv: words(line), note: null, env: {} }),
  );
});
