import { describe, expect, it } from 'vitest';
import { asksForHttp, programOf } from '../../../src/core/orphans/server-program.ts';

const argvOf = (line: string): string[] => line.split(' ');

describe('programOf()', () => {
  it.each([
    ['node /w/node_modules/.bin/context7-mcp --transport http', 'context7-mcp'],
    ['node /w/node_modules/@upstash/context7-mcp/dist/index.js', '@upstash/context7-mcp'],
    ['/usr/bin/node --import x.mjs -r y --max-old-space-size=64 /usr/local/bin/context7-mcp', 'context7-mcp'],
    [
      '/opt/homebrew/bin/node /opt/homebrew/lib/node_modules/mcp-remote/dist/proxy.js https://x',
      'mcp-remote',
    ],
    ['node server.mjs', 'server'],
    ['bun run /w/mcp-server-x.ts', 'mcp-server-x'],
    ['deno run -A npm:@scope/mcp@1.2', '@scope/mcp'],
    ['python3.12 -m mcp_server_git --repository /r', 'mcp-server-git'],
    ['python3 -X dev -m mcp_server_git', 'mcp-server-git'],
    ['/h/.cache/uv/archive-v0/x/bin/python /h/.cache/uv/archive-v0/x/bin/mcp-server-time', 'mcp-server-time'],
    ['/usr/local/bin/mcp-server-native --port 1', 'mcp-server-native'],
  ])('sees in "%s" the program %s', (line, name) => {
    expect(programOf(argvOf(line))).toMatchObject({ names: [name], isWrapper: false });
  });

  it.each([
    [['npm exec @upstash/context7-mcp --transport http'], '@upstash/context7-mcp'],
    [['npm exec @upstash/context7-mcp@1.2.3'], '@upstash/context7-mcp'],
    [argvOf('node /usr/bin/npx -y mcp-remote https://x'), 'mcp-remote'],
    [argvOf('node /usr/lib/node_modules/npm/bin/npm-cli.js exec --yes mcp-remote'), 'mcp-remote'],
    [argvOf('uvx mcp-server-git==1.0'), 'mcp-server-git'],
    [argvOf('uv tool uvx mcp-server-git'), 'mcp-server-git'],
    [argvOf('uv tool run --from some_package mcp-server-git'), 'some-package'],
    [argvOf('uvx -p 3.12 mcp-server-git'), 'mcp-server-git'],
    [argvOf('uvx -w mcp<2 mcp-server-git'), 'mcp-server-git'],
    [argvOf('uvx --index-url https://i.example/simple mcp-server-git'), 'mcp-server-git'],
    [argvOf('uv --directory /w tool run --python 3.12 mcp-server-git'), 'mcp-server-git'],
    [argvOf('npx --registry https://r.example mcp-remote'), 'mcp-remote'],
    [argvOf('pipx run --python 3.11 mcp-server-git'), 'mcp-server-git'],
    [argvOf('pnpm dlx chrome-devtools-mcp@latest'), 'chrome-devtools-mcp'],
    [argvOf('bunx @playwright/mcp'), '@playwright/mcp'],
    [['sh', '-c', "'context7-mcp' --transport http --port 1"], 'context7-mcp'],
    [['/bin/sh', '-c', '"context7-mcp" stdio'], 'context7-mcp'],
  ])('sees through %j the package %s', (argv, name) => {
    expect(programOf(argv)).toMatchObject({ isWrapper: true });
    expect(programOf(argv)!.names[0]).toBe(name);
  });

  it.each([
    [argvOf('node -e code context7-mcp')],
    [argvOf('python3 -c code -m mcp_server_git')],
    [['sh', '-c', 'cd /x && context7-mcp']],
    [['sh', '-c', 'while true; do context7-mcp; done']],
    [argvOf('bash -l')],
    [argvOf('npm run context7-mcp')],
    [argvOf('uv pip install mcp-server-git')],
    [argvOf('node')],
  ])('sees no program in %j', (argv) => {
    expect(programOf(argv)).toBeNull();
  });

  it.each([
    argvOf('vim mcp-server.md'),
    argvOf('grep context7-mcp'),
    argvOf('tail -f mcp-server-git.log'),
    argvOf('tmux new-session context7-mcp'),
    argvOf('git clone https://example.com/mcp-server-git'),
    argvOf('docker run -i mcp/context7-mcp'),
    argvOf('node /w/node_modules/.bin/vitest context7-mcp'),
    argvOf('python3 /usr/bin/ansible context7-mcp'),
  ])('is not fooled by an argument: %s %s', (...argv) => {
    const { names } = programOf(argv)!;
    expect(names).not.toContain('context7-mcp');
    expect(names.join(' ')).not.toContain('mcp');
  });
});

describe('asksForHttp()', () => {
  it.each([
    '--transport http',
    '--transport=sse',
    'streamable-http',
    '--port 1',
    '--port=1',
    'sse',
    '--http',
    'streamableHttp',
  ])('is true for %s', (line) => expect(asksForHttp(argvOf(line))).toBe(true));

  it.each(['', 'stdio', '--transport stdio', 'https://example.com/mcp', '--api-key http', '--support x'])(
    'is false for "%s"',
    (line) => expect(asksForHttp(argvOf(line))).toBe(line === '--api-key http'),
  );
});
