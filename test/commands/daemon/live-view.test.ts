import { describe, expect, it } from 'vitest';
import { createChangePrinter } from '../../../src/commands/inspect/status-changes.ts';
import { clientSnippets } from '../../../src/commands/views/client-snippets.ts';
import { eventLine } from '../../../src/commands/daemon/event-line.ts';
import { liveHeader } from '../../../src/commands/daemon/live-lines.ts';
import type { UnstampedEvent } from '../../../src/core/model/events.ts';
import { INITIAL_LIFECYCLE } from '../../../src/core/model/lifecycle-state.ts';
import { NOW, serverStatus, status } from '../../fakes/status.ts';

const url = 'http://127.0.0.1:9640/mcp';

describe('cheatSheet()', () => {
  it('says what to paste into which client', () => {
    expect(clientSnippets([serverStatus()])).toEqual([
      `Paste ${url} into your client:`,
      `  Claude Code  claude mcp add --transport http context7 ${url}`,
      `  Cursor       ~/.cursor/mcp.json: {"mcpServers":{"context7":{"url":"${url}"}}}`,
      `  VS Code      .vscode/mcp.json: {"servers":{"context7":{"type":"http","url":"${url}"}}}`,
      '  Codex        ~/.codex/config.toml: [mcp_servers.context7]',
      `                                     url = "${url}"`,
    ]);
  });

  it('names the others, and leaves out what no client can share', () => {
    const stdio = serverStatus({ name: 'a', transport: 'stdio', url: null });
    const foreign = serverStatus({ name: 'b', source: 'url' });
    const second = serverStatus({ name: 'c', url: 'http://127.0.0.1:1/mcp' });
    expect(clientSnippets([stdio, foreign])).toEqual([]);
    expect(clientSnippets([stdio, serverStatus(), foreign, second]).at(-1)).toBe(
      'The same for c: http://127.0.0.1:1/mcp',
    );
  });

  it('makes names that every client takes', () => {
    expect(clientSnippets([serverStatus({ name: 'a.b' })])[1]).toContain(' a-b ');
  });
});

describe('liveHeader()', () => {
  it('says where everything is', () => {
    const lines = liveHeader(status(), { logs: '/home/ada/.mcp-watchdog/logs', colour: false });
    expect(lines.slice(0, 5)).toEqual([
      'mcp-watchdog 0.1.0 supervises 1 server. Ctrl-C stops everything.',
      '  metrics  http://127.0.0.1:9638/metrics',
      '  page     http://127.0.0.1:9638/',
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
      '2026-01-01T12:00:00.000Z context7: running, up, pid 4242',
      '2026-01-01T12:00:00.000Z files: running, up, pid 5',
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
    ).toEqual([
      '2026-01-01T12:00:00.000Z context7: stopped (stopped by you)',
      '2026-01-01T12:00:00.000Z files: removed',
    ]);
  });
});
