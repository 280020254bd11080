import { describe, expect, it } from 'vitest';
import { createChangePrinter } from '../../../src/commands/inspect/status-changes.ts';
import { clientLines } from '../../../src/commands/clients/client-lines.ts';
import { gatewayAccess } from '../../../src/commands/clients/gateway-access.ts';
import type { Host } from '../../../src/commands/shared/service.ts';
import { readConfig } from '../../../src/config/load.ts';
import { resolvePaths } from '../../../src/system/files/paths.ts';
import { MACHINE } from '../../doctor/context.ts';
import { eventLine } from '../../../src/core/status/event-line.ts';
import { localTime } from '../../../src/logs/log-entry.ts';
import { liveHeader } from '../../../src/commands/daemon/live-lines.ts';
import type { UnstampedEvent } from '../../../src/core/model/events.ts';
import { INITIAL_LIFECYCLE } from '../../../src/core/model/lifecycle-state.ts';
import { NOW, serverStatus, status } from '../../fakes/status.ts';

const host: Host = {
  platform: 'linux',
  uid: 1000,
  userHome: '/home/ada',
  node: { path: '/usr/bin/node', version: '24.1.0' },
  program: '/opt/mcp-watchdog/dist/cli.cjs',
  temporary: [],
  machine: MACHINE,
  run: () => Promise.reject(new Error('nothing is run')),
};

function linesFor(config: string): string[] {
  const paths = resolvePaths('/home/ada/.mcp-watchdog');
  return clientLines(
    gatewayAccess(readConfig(config, { path: paths.config, environment: {} }), { paths, host }),
  );
}

describe('clientLines()', () => {
  it('says where the servers are, and what each client is told', () => {
    const url = 'http://127.0.0.1:9639/context7/mcp';
    expect(linesFor('servers: { context7: { command: [x] }, b: { command: [y] } }')).toEqual([
      'Clients reach the servers at',
      `  context7  ${url}`,
      '  b         http://127.0.0.1:9639/b/mcp',
      'In your client, for context7; for another: mcp-watchdog connect NAME --print all',
      '  Codex           ~/.codex/config.toml: [mcp_servers.context7]',
      `                                        url = "${url}"`,
      '  Zed             ~/.config/zed/settings.json: {"context_servers":{"context7":{"source":"custom","command":"/usr/bin/node","args":["/opt/mcp-watchdog/dist/cli.cjs","connect","context7"],"env":{}}}}',
      '  Claude Desktop  claude_desktop_config.json: {"mcpServers":{"context7":{"command":"/usr/bin/node","args":["/opt/mcp-watchdog/dist/cli.cjs","connect","context7"]}}}',
      `  Claude Code     claude mcp add --transport http context7 ${url}`,
      `  Cursor          ~/.cursor/mcp.json: {"mcpServers":{"context7":{"url":"${url}"}}}`,
      `  VS Code         .vscode/mcp.json: {"servers":{"context7":{"type":"http","url":"${url}"}}}`,
      `  Windsurf        ~/.codeium/windsurf/mcp_config.json: {"mcpServers":{"context7":{"serverUrl":"${url}"}}}`,
      `  Gemini CLI      ~/.gemini/settings.json: {"mcpServers":{"context7":{"httpUrl":"${url}"}}}`,
    ]);
  });

  it('leaves out what no client can reach, and says nothing without a gateway', () => {
    const lines = linesFor(
      'servers: { a: { command: [x], gateway: { mode: off } }, b: { url: "https://b.example/mcp" }, c: { command: [z] }, d: { command: [w], enabled: false } }',
    );
    expect(lines.slice(0, 3)).toEqual([
      'Clients reach the servers at',
      '  c  http://127.0.0.1:9639/c/mcp',
      'In your client, for c',
    ]);
    expect(linesFor('gateway: { listen: null, socket: false }\nservers: { a: { command: [x] } }')).toEqual(
      [],
    );
  });

  it('makes names that every client takes', () => {
    expect(linesFor('servers: { a.b: { command: [x] } }').join('\n')).toContain(
      ' http a-b http://127.0.0.1:9639/a.b/mcp',
    );
  });

  it('gives every client the shim where there is no port, and says why', () => {
    const lines = linesFor('gateway: { listen: null }\nservers: { a: { command: [x] } }');
    expect(lines[0]).toBe('Clients start mcp-watchdog connect NAME: the gateway has no fixed port');
    expect(lines.join('\n')).not.toContain('http://');
    expect(lines).toContain(
      '  Claude Code     claude mcp add a -- /usr/bin/node /opt/mcp-watchdog/dist/cli.cjs connect a',
    );
  });
});

describe('liveHeader()', () => {
  it('says where everything is', () => {
    const lines = liveHeader(status(), { logs: '/home/ada/.mcp-watchdog/logs', colour: false, clients: [] });
    expect(lines.slice(0, 5)).toEqual([
      'mcp-watchdog 0.1.0 supervises 1 server. Ctrl-C stops everything.',
      '  metrics  http://127.0.0.1:9638/metrics',
      '  page     http://127.0.0.1:9638/  (mcp-watchdog open)',
      '  logs     /home/ada/.mcp-watchdog/logs  (mcp-watchdog logs -f)',
      '  config   /home/ada/.mcp-watchdog/config.yaml',
    ]);
  });
});

describe('eventLine()', () => {
  const running = {
    ...INITIAL_LIFECYCLE,
    phase: 'running',
    since: 0,
    stable: false,
    deadline: null,
  } as const;
  const moved = {
    kind: 'transition',
    server: 'a',
    cause: 'x',
    nextAttemptAt: null,
    budgetRemaining: 1,
  } as const;
  it.each<[string | null, UnstampedEvent]>([
    ['a: started 4.1.1, pid 7', { kind: 'spawned', server: 'a', run: 1, pid: 7, version: '4.1.1' }],
    [
      'a: ended by SIGKILL',
      { kind: 'exited', server: 'a', run: 1, code: null, signal: 'SIGKILL', lastLines: [] },
    ],
    [
      'a: restarted because of signal SIGKILL',
      { kind: 'restarted', server: 'a', reason: 'signal', detail: 'SIGKILL' },
    ],
    [
      'a: installed x 1.0.0 in 12 s',
      { kind: 'installed', server: 'a', package: 'x', version: '1.0.0', took: 12_000 },
    ],
    ['a: fetching\\x07', { kind: 'install-progress', server: 'a', line: 'fetching\u0007' }],
    ['a: ready', { ...moved, from: INITIAL_LIFECYCLE, to: running }],
    [null, { ...moved, from: running, to: { ...running, stable: true } }],
    [
      'a: fails again and again, next attempt in 5 min',
      {
        ...moved,
        from: running,
        to: { ...INITIAL_LIFECYCLE, phase: 'crash_looping', deadline: 1, delay: 1 },
        nextAttemptAt: NOW + 300_000,
      },
    ],
    [
      'a: memory 2 GiB is over the hard limit of 1 GiB',
      {
        kind: 'limit',
        server: 'a',
        resource: 'memory',
        level: 'hard',
        value: 2 * 1024 ** 3,
        limit: 1024 ** 3,
      },
    ],
    [null, { kind: 'limit', server: 'a', resource: 'memory', level: 'ok', value: 0, limit: 1 }],
    ['The machine slept for 2 h', { kind: 'gap', cause: 'sleep', duration: 7_200_000 }],
    [
      'The config was refused, the old one stays in force: line 3',
      { kind: 'config-loaded', path: 'c', ok: false, error: 'line 3' },
    ],
    [null, { kind: 'ticked' }],
    [null, { kind: 'probed', server: 'a', probe: 'ping', result: { outcome: 'passed', took: 1 } }],
  ])('%s', (said, news) => {
    expect(eventLine({ at: NOW, ...news })?.text ?? null).toBe(said);
  });
});

describe('createChangePrinter()', () => {
  const view = { width: 80, colour: false, now: NOW };
  it('says everything once, then only what changed', () => {
    const changes = createChangePrinter();
    const stdio = serverStatus({ name: 'files', pid: 5 });
    expect(changes(status([serverStatus(), stdio]), view)).toEqual([
      `${localTime(NOW)} context7: running, up, pid 4242`,
      `${localTime(NOW)} files: running, up, pid 5`,
    ]);
    expect(changes(status([serverStatus({ tools: 9 }), stdio]), view)).toEqual([]);
    expect(
      changes(
        status([
          serverStatus({
            state: 'stopped',
            desired: 'down',
            pid: null,
            health: { ...stdio.health, up: null },
          }),
        ]),
        view,
      ),
    ).toEqual([`${localTime(NOW)} context7: stopped (stopped by you)`, `${localTime(NOW)} files: removed`]);
  });
});
