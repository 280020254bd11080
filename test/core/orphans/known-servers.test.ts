import { describe, expect, it } from 'vitest';
import {
  configuredPrograms,
  KNOWN_SERVERS,
  matchesPattern,
  recogniseServer,
} from '../../../src/core/orphans/known-servers.ts';
import { programOf } from '../../../src/core/orphans/server-program.ts';
import { specOf } from '../../fakes/spec.ts';

const found = (line: string) => programOf(line.split(' '))!;
const recognised = (
  line: string,
  specs: Parameters<typeof configuredPrograms>[0] = [],
  patterns = KNOWN_SERVERS,
) => recogniseServer(found(line), { configured: configuredPrograms(specs), patterns });

describe('recognise()', () => {
  it.each([
    'node /w/node_modules/.bin/context7-mcp',
    'node /x/node_modules/@modelcontextprotocol/server-everything/dist/index.js',
    'python3 -m mcp_server_fetch',
    'uvx mcp-server-git',
    'npx -y @playwright/mcp@latest',
  ])('knows %s', (line) => {
    expect(recognised(line)).toMatchObject({ server: null });
  });

  it.each([
    'node /w/node_modules/.bin/vite',
    'node /w/server.js',
    'node /w/context7-mcp-notes.js',
    'python3 -m http.server',
    'npx prettier',
    'node /x/node_modules/@modelcontextprotocol/inspector/cli.js',
  ])('does not know %s', (line) => {
    expect(recognised(line)).toBeNull();
  });

  it('knows what the config adds', () => {
    expect(recognised('node /w/my-tools.js', [], ['my-*'])).toEqual({ name: 'my-tools', server: null });
  });

  it.each([
    [['node', '/srv/mine.js'], 'node /srv/mine.js --any', true],
    [['node', '/srv/mine.js'], 'node /other/mine.js', false],
    [['node', 'server.js'], 'node server.js', false],
    [['node', 'dist/index.js'], 'node dist/index.js', false],
    [['node', './server.js', '--port', '1'], 'node ./server.js --port 1', false],
    [['python3', '-m', 'worker'], 'python3 -m worker', false],
    [['python3', '-m', 'worker', '--a'], 'python3 worker.py --a', false],
    [['python3', '-m', 'worker_mcp'], 'python3 -m worker_mcp', true],
    [['own-server', '--stdio'], 'node /usr/local/bin/own-server --stdio', true],
    [['node', '/w/node_modules/own/cli.js'], 'node /elsewhere/node_modules/own/cli.js', true],
    [['npx', '-y', 'own@1'], 'node /c/_npx/1/node_modules/.bin/own', true],
    [['docker', 'run', '-i', 'mcp/x'], 'docker run -i mcp/x', true],
    [['docker', 'run', '-i', 'mcp/x'], 'docker ps', false],
    [['python3', '-m', 'my_server', '--a'], 'python3.11 -m my_server --a --b', true],
    [['sh', '-c', 'a | b'], 'sleep 1', false],
  ] as const)('takes a program for the configured %j where it is: %s', (command, line, is) => {
    const [first, ...rest] = command;
    const specs = [specOf({ name: 'mine', source: { kind: 'command', command: [first, ...rest] } })];
    expect(recognised(line, specs)?.server ?? null).toBe(is ? 'mine' : null);
  });

  it('knows a configured package wherever it runs', () => {
    const source = {
      kind: 'package',
      manager: 'npm',
      package: '@own/thing',
      version: 'latest',
      bin: null,
    } as const;
    const specs = [specOf({ name: 'mine', source }), specOf({ name: 'far', source: { kind: 'url' } })];
    expect(recognised('node /x/node_modules/@own/thing/a.js', specs)?.server).toBe('mine');
  });
});

describe('matchesPattern()', () => {
  it('lets * stand within one name only, and nothing else for anything else', () => {
    expect(matchesPattern('mcp-server-git', 'mcp-server-*')).toBe(true);
    expect(matchesPattern('mcp-server-a/b', 'mcp-server-*')).toBe(false);
    expect(matchesPattern('xmcp-server-git', 'mcp-server-*')).toBe(false);
    expect(matchesPattern('axb', 'a.b')).toBe(false);
  });
});
