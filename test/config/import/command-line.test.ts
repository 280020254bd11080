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
      launch: { version: null, bin: null, interpreter: null, with: [], args: [], ...launch },
      env: {},
    });
  });

  it.each([
    ['uvx mcp-server-git', {}],
    ['uvx mcp-server-git@latest --repository /r', { args: ['--repository', '/r'] }],
    ['uvx mcp-server-git@2026.1', { version: '2026.1' }],
    ['uvx mcp-server-git==2026.1', { version: '2026.1' }],
    ['uvx mcp-server-git>=1,<2', { version: '>=1,<2' }],
    ['uvx Mcp_Server.git', {}],
    ['uvx mcp-server-git[a,B]', { package: 'pypi:mcp-server-git[a,b]' }],
    ['uvx mcp-server-git[a]==1.*', { package: 'pypi:mcp-server-git[a]', version: '==1.*' }],
    ['uvx -p 3.12 mcp-server-git -p 80', { interpreter: '3.12', args: ['-p', '80'] }],
    ['uvx --python=python3.12 mcp-server-git', { interpreter: '3.12' }],
    ['uvx --python cpython@3.13t mcp-server-git', { interpreter: '3.13t' }],
    ['uvx -w mcp<2 --with a[x,y],b>=1,<2 mcp-server-git', { with: ['mcp<2', 'a[x,y]', 'b>=1,<2'] }],
    ['uvx -q --no-cache --refresh --cache-dir /c mcp-server-git', {}],
    ['uvx --from mcp-server-git mcp-server-git', {}],
    ['uvx --from mcp-server-git==1.0 program a', { version: '1.0', bin: 'program', args: ['a'] }],
    ['uvx --from mcp-server-git python -m some', { bin: 'python', args: ['-m', 'some'] }],
    ['uv tool run mcp-server-git', {}],
    [
      'uv tool run --from mcp-server-git[x]@1.0 program',
      { package: 'pypi:mcp-server-git[x]', version: '1.0', bin: 'program' },
    ],
    ['/opt/homebrew/bin/uv tool uvx mcp-server-git', {}],
    ['pipx run mcp-server-git', {}],
    ['pipx run --spec mcp-server-git==1.0 program', { version: '1.0', bin: 'program' }],
    ['pipx run --no-cache --python python3.11 mcp-server-git', { interpreter: '3.11' }],
    ['cmd /c uvx mcp-server-git', {}],
    ['env UV_NO_PROGRESS=1 uvx mcp-server-git', { env: { UV_NO_PROGRESS: '1' } }],
  ])('%s', (line, { env = {}, ...launch }: { env?: object } & Record<string, unknown>) => {
    expect(readCommandLine(words(line))).toEqual({
      kind: 'package',
      launch: {
        package: 'pypi:mcp-server-git',
        version: null,
        bin: null,
        interpreter: null,
        with: [],
        args: [],
        ...launch,
      },
      env,
    });
  });

  it('keeps a line whose variables say where its package comes from', () => {
    expect(readCommandLine(['uvx', 'a'], { UV_INDEX_URL: 'https://i.example', TOKEN: 'x' })).toMatchObject({
      kind: 'command',
      note: expect.stringContaining('its variable UV_INDEX_URL says where packages come from'),
    });
    expect(readCommandLine(['npx', 'a'], { UV_INDEX_URL: 'https://i.example' })).toMatchObject({
      kind: 'package',
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
    ['uvx', 'it names no package'],
    ['uvx --from a', 'it names no program'],
    ['uvx --from git+https://x.example/a@v1 a', 'a repository, which has no versions to go back to'],
    ['uvx git+https://x.example/a', 'a repository'],
    ['uvx --from . a', 'an address or a path'],
    ['uvx ./dist/a.whl', 'an address or a path'],
    ['uvx --from https://x.example/a.whl a', 'an address or a path'],
    ['uvx a===1', 'its version is not one of the index'],
    ['uvx a@next', 'its version is not one of the index'],
    ['uvx a;b', 'not a package of the index'],
    ['uvx --with ./b a', 'what it takes along is no name of the index'],
    ['uvx --with-editable . a', 'its flag --with-editable has no counterpart here'],
    ['uvx --python /usr/bin/python3 a', 'its Python is not named by a version'],
    ['uvx --python pypy a', 'its Python is not named by a version'],
    ['uvx -i https://secret@i.example a', 'its flag -i has no counterpart here'],
    ['uvx --prerelease allow a', 'its flag --prerelease has no counterpart here'],
    ['uvx python -m http.server', 'it starts Python itself'],
    ['uvx python@3.12 -m x', 'it starts Python itself'],
    ['env UV_INDEX=https://i.example uvx a', 'its variable UV_INDEX says where'],
    ['pipx run --pip-args -q a', 'its flag --pip-args has no counterpart here'],
    ['pipx run https://x.example/a.py', 'an address or a path'],
  ])('%s stays as it is, and says why', (line, reason) => {
    const { env, ...found } = readCommandLine(words(line));
    expect(found).toEqual({
      kind: 'command',
      argv: words(line).slice(env['UV_INDEX'] === undefined ? 0 : 2),
      note: expect.stringMatching(/; it is watched and restarted, but neither installed nor updated$/u),
    });
    expect(found).toMatchObject({ note: expect.stringContaining(reason) });
  });
});

describe('any other command line', () => {
  it.each([
    ['docker run -i --rm image', 'marked at the start, ended with it, and measured'],
    ['podman container run -i --rm image', 'marked at the start, ended with it'],
    ['docker run -d image', 'the client of the container'],
    ['docker exec -i box server', 'the client of the container'],
    ['nerdctl run -i image', 'the client of the container'],
    ['uv run server.py', 'uv stays as its parent'],
    ['uv run --directory /w server.py', 'neither installed nor updated'],
    ['/usr/bin/python3 -m server', 'neither installed nor updated'],
    ['deno run -A jsr:@scope/mcp', 'keeps it from changing by itself'],
    ['go run example.com/mcp@latest', 'compiled at each start'],
    ['cargo run --release', 'compiled at each start'],
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
