import { describe, expect, it } from 'vitest';
import { read } from '../temporary.ts';

/** The warning about a server with this command; null when there is none. */
function adviceFor(argv: readonly string[]): string | null {
  const { warnings } = read(JSON.stringify({ servers: { a: { command: argv } } }));
  return warnings[0] ?? null;
}

describe('a command of npx', () => {
  it('is taken as clients write it, with a warning that says what to write instead', () => {
    const { servers, warnings } = read(
      '{"mcpServers": {"context7": {"command": "npx", "args": ["-y", "@upstash/context7-mcp"]}}}',
    );
    expect(servers[0]?.source).toEqual({ kind: 'command', command: ['npx'] });
    expect(warnings).toEqual([
      'mcpServers.context7.command runs npx, which takes twice the memory and start time; write package: "@upstash/context7-mcp" in place of npx -y @upstash/context7-mcp',
    ]);
  });

  it.each([
    [['npx', 'a'], 'write package: "a" in place of npx a'],
    [['/usr/bin/npx', '--yes', '--', 'a'], 'write package: "a" in place of npx --yes -- a'],
    [['npx', '-y', 'a@latest'], 'write package: "a" in place of npx -y a@latest'],
    [['npx', '-y', 'a@1.2.3'], 'write package: "a" and version: "1.2.3" in place of npx -y a@1.2.3'],
    [['npx', '-s', '--loglevel=error', 'a'], 'write package: "a" in place of npx -s --loglevel=error a'],
    [['npx', '-y', '@a/b@^1.2'], 'write package: "@a/b" and version: "^1.2" in place of npx -y @a/b@^1.2'],
  ])('%j: %s', (argv, cure) => {
    expect(adviceFor(argv)?.split('; ')[1]).toBe(cure);
  });

  it('never shows what comes after the package: it may be secret', () => {
    expect(adviceFor(['npx', '-y', 'a', '--key', 'k3y'])).toMatch(
      /in place of npx -y a, and keep the args after it$/,
    );
  });

  it.each([
    [['npx']],
    [['npx', '-y']],
    [['npx', '--package', 'a', 'b']],
    [['npx', '-y', 'github:a/b']],
    [['npx', './server']],
    [['npx', '--registry', 'https://r.example', 'a']],
    [['uvx', '--from', 'git+https://x.example/a', 'a']],
    [['uvx', '--index-url', 'https://i.example', 'a']],
    [['uvx', './a']],
    [['uv', 'run', 'a']],
    [['pipx', 'run', '--pip-args', '-q', 'a']],
    [['node', 'npx', 'a']],
    [['/opt/npx-like', 'a']],
  ])('%j: nothing to say', (argv) => {
    expect(adviceFor(argv)).toBeNull();
  });
});

describe('a command of docker run', () => {
  it.each([
    ['docker run -i --rm image', null],
    ['docker run -d image', null],
    ['docker exec box server', null],
    ['docker run --rm image', 'without -i: it never hears its clients; write -i after docker run'],
    [
      'podman run -i image --rm',
      'without --rm: each start leaves a stopped container behind; write --rm after podman run',
    ],
    ['docker run image', 'without -i --rm: it never hears its clients, and each start'],
  ])('%s: %s', (line, advice) => {
    const found = adviceFor(line.split(' '));
    if (advice === null) expect(found).toBeNull();
    else expect(found).toContain(advice);
  });
});

describe('a command of uvx, uv tool run or pipx run', () => {
  it.each([
    ['uvx mcp-server-git', 'write package: "pypi:mcp-server-git" in place of uvx mcp-server-git'],
    [
      '/usr/bin/uvx -p 3.12 --with mcp<2 mcp-server-git@2026.1 --repository /r',
      'write package: "pypi:mcp-server-git" and version: "2026.1" and python: "3.12" and with: ["mcp<2"] in place of uvx -p 3.12 --with mcp<2 mcp-server-git@2026.1, and keep the args after it',
    ],
    [
      'uv tool run --from some[x]==1 tool',
      'write package: "pypi:some[x]" and version: "1" and bin: "tool" in place of uv tool run --from some[x]==1 tool',
    ],
    ['pipx run a', 'write package: "pypi:a" in place of pipx run a'],
  ])('%s', (line, cure) => {
    const [before, after] = adviceFor(line.split(' '))?.split('; ') ?? [];
    expect(before).toMatch(/runs (?:uvx|uv tool run|pipx run), which stays as a parent/u);
    expect(after).toBe(cure);
  });

  it('stays where its variables say where packages come from', () => {
    const config = { servers: { a: { command: ['uvx', 'a'], env: { UV_INDEX_URL: 'https://i.example' } } } };
    expect(read(JSON.stringify(config)).warnings).toEqual([]);
  });
});
