import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statusTable } from '../../../src/commands/views/status-table.ts';
import { widthOf } from '../../../src/commands/views/style.ts';
import { isHealthy, reasonOf, restartReason } from '../../../src/commands/views/verdict.ts';
import { NOTHING_REMEMBERED, type ServerStatus } from '../../../src/core/status.ts';
import { MINUTE, NOW, serverStatus, status } from '../../fakes/status.ts';

const wide = { width: 200, colour: false, now: NOW };
const failure = {
  at: NOW,
  code: 'OFFLINE',
  message: 'Cannot install x: no network',
  hint: 'connect',
  retry: 'backoff',
} as const;
const down = {
  up: false,
  suspect: false,
  unauthorized: false,
  consecutiveFailures: 3,
  detail: 'no answer within 5 s',
} as const;

describe('statusTable()', () => {
  it('shows one row per server with everything that matters', () => {
    const restarted = serverStatus({
      restarts: { ...NOTHING_REMEMBERED.restarts, signal: 2 },
      lastRestart: { at: NOW - 3 * MINUTE, reason: 'signal', detail: 'SIGKILL' },
    });
    expect(statusTable(status([restarted]), wide)).toEqual([
      'SERVER    STATE    HEALTH  VERSION   PID  UPTIME    CPU   MEMORY  RESTARTS   PROBE  LAST REASON',
      'context7  running  up      4.1.1    4242  1h 30m  3.4 %  117 MiB         2  3.4 ms  restarted 3 min ago: signal SIGKILL',
    ]);
  });

  it('says below what is wrong and how to cure it', () => {
    const broken = serverStatus({
      name: 'files',
      state: 'backoff',
      pid: null,
      startedAt: null,
      usage: null,
      nextAttemptAt: NOW + 12_000,
      health: { ...down, up: null },
      lastFailure: failure,
    });
    const lines = statusTable(status([serverStatus(), broken]), wide);
    expect(lines[2]).toContain('next attempt in 12 s: Cannot install x: no network');
    expect(lines.slice(3)).toEqual(['', 'hint: files: connect']);
  });

  it('points to the detail where there is no better hint', () => {
    const lines = statusTable(status([serverStatus({ health: down })]), wide);
    expect(lines.at(-1)).toBe('hint: context7: mcp-watchdog status context7 shows more');
  });

  it('says what to do when there are no servers', () => {
    expect(statusTable(status([]), wide)).toEqual([
      'No servers are configured: add one to /home/ada/.mcp-watchdog/config.yaml',
    ]);
  });

  it('warns of a refused config and of a brake, not of a config that is still to be read', () => {
    const config = { path: 'c', ok: false, error: 'line 3 is wrong', loadedAt: NOW };
    expect(statusTable(status([], { config, braked: true }), wide).slice(0, 2)).toEqual([
      'The config was not taken over, the old one stays: line 3 is wrong',
      'All servers failed at once: nobody is restarted for it',
    ]);
    expect(
      statusTable(status([], { config: { ...config, error: null, loadedAt: null } }), wide),
    ).toHaveLength(1);
  });

  it('gives up columns in an agreed order as the terminal gets narrower, name and state last', () => {
    const server = serverStatus({
      lastRestart: { at: NOW - 3 * MINUTE, reason: 'signal', detail: 'SIGKILL' },
    });
    const titles = (width: number) =>
      statusTable(status([server]), { ...wide, width })[0]?.split(/ {2,}| (?=[A-Z]+ )/u) ?? [];
    expect(titles(90)).not.toContain('PROBE');
    expect(titles(90)).toContain('MEMORY');
    expect(titles(60)).toEqual(['SERVER', 'STATE', 'HEALTH', 'MEMORY', 'LAST REASON']);
    expect(titles(28)).toEqual(['SERVER', 'STATE', 'HEALTH']);
    expect(titles(18)).toEqual(['SERVER', 'STATE']);
  });

  it('never writes a line wider than the terminal, nor a control character', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    fc.assert(
      fc.property(
        text,
        text,
        fc.integer({ min: 12, max: 160 }),
        fc.boolean(),
        (version, detail, width, colour) => {
          const server = serverStatus({
            version,
            health: { ...down, detail },
            lastFailure: { ...failure, hint: detail },
          });
          for (const line of statusTable(status([server]), { width, colour, now: NOW })) {
            // eslint-disable-next-line no-control-regex -- our own colours
            const bare = line.replaceAll(/\u001B\[\d+m/gu, '');
            expect(widthOf(bare)).toBeLessThanOrEqual(width);
            // eslint-disable-next-line no-control-regex -- what must not be there
            expect(bare).not.toMatch(/[\u0000-\u0008\u000A-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/u);
          }
        },
      ),
    );
  });

  it('colours by state', () => {
    const lines = statusTable(status([serverStatus({ state: 'crash_looping' })]), { ...wide, colour: true });
    expect(lines[1]).toContain('\u001B[31mcrash looping');
  });
});

describe('isHealthy()', () => {
  it.each<[string, Partial<ServerStatus>, boolean]>([
    ['running and up', {}, true],
    ['running and not yet judged', { health: { ...down, up: null } }, false],
    ['running and down', { health: down }, false],
    ['suspect', { health: { ...down, up: true, suspect: true } }, true],
    ['starting', { state: 'starting' }, false],
    ['backoff', { state: 'backoff' }, false],
    ['stopped on request', { state: 'stopped', desired: 'down' }, true],
    ['still stopping', { state: 'stopping', desired: 'down' }, false],
    ['ended by itself', { state: 'stopped', desired: 'up' }, false],
    ['watched and up', { state: 'watched' }, true],
    ['watched and down', { state: 'watched', health: down }, false],
  ])('%s: %j is %s', (_, change, healthy) => {
    expect(isHealthy(serverStatus(change))).toBe(healthy);
  });
});

describe('reasonOf()', () => {
  const exit = { at: NOW, code: 1, signal: null };
  it.each<[string, Partial<ServerStatus>]>([
    ['', {}],
    ['installing', { state: 'starting', note: 'installing' }],
    ['stopped on request', { state: 'stopped', desired: 'down' }],
    ['not enabled', { state: 'stopped', desired: 'down', enabled: false }],
    ['exited with code 1', { state: 'stopped', desired: 'up', lastExit: exit }],
    [
      'next attempt in 30 s: exited with code 1',
      { state: 'backoff', nextAttemptAt: NOW + 30_000, lastExit: exit },
    ],
    ['waits for you: ended by SIGSEGV', { state: 'crash_looping', lastExit: { ...exit, signal: 'SIGSEGV' } }],
    ['no answer within 5 s', { health: down }],
    [
      'memory 117 MiB is over the limit of 100 MiB',
      {
        overLimit: ['memory'],
        limits: { ...serverStatus().limits, memory: { soft: 100 * 1024 ** 2, hard: null } },
      },
    ],
    [
      'CPU 3.4 % is over the limit of 2 %',
      { overLimit: ['cpu'], limits: { ...serverStatus().limits, cpu: { soft: 0.01, hard: 0.02, for: 1 } } },
    ],
    [
      'restarted 3 min ago: requested',
      { lastRestart: { at: NOW - 3 * MINUTE, reason: 'requested', detail: null } },
    ],
    ['cannot be ended: the system has not obeyed 3 kills', { state: 'stopping', killRepeats: 2 }],
    ['red\\x07', { note: '\u001B[31mred\u0007' }],
  ])('%s', (said, change) => {
    expect(reasonOf(serverStatus(change), NOW)).toBe(said);
  });
});

describe('restartReason()', () => {
  it.each([
    ['signal', 'SIGKILL', 'signal SIGKILL'],
    ['exit', 'exit code 3', 'exit code 3'],
    ['probe', 'no answer', 'probe: no answer'],
    ['start_timeout', null, 'start timeout'],
  ] as const)('%s with %s is "%s"', (reason, detail, said) => {
    expect(restartReason({ at: NOW, reason, detail })).toBe(said);
  });
});
