// Which troubles are told: each where it begins, and not where it is a moment, planned, or about to pass.
import { describe, expect, it } from 'vitest';
import type { AlertNews, FiringAlert } from '../../src/core/notification.ts';
import type { DaemonStatus, ServerStatus } from '../../src/core/status.ts';
import { NOTHING_REMEMBERED } from '../../src/core/status.ts';
import { COVERED_BY, SERVER_TROUBLES, WATCHDOG_TROUBLES } from '../../src/core/trouble-catalogue.ts';
import { lookForTroubles, rememberTroubles, WAKE_GRACE } from '../../src/core/troubles.ts';
import { DOWN, MINUTE, NOW, serverStatus, status } from '../fakes/status.ts';

const SECOND = 1000;
const UNKNOWN = { up: null, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null };
const DEAD: Partial<ServerStatus> = {
  state: 'backoff',
  health: UNKNOWN,
  pid: null,
  isStable: false,
  lastExit: { at: NOW, code: 1, signal: null },
  nextAttemptAt: NOW + 60 * SECOND,
};
const GAVE_UP: Partial<ServerStatus> = { ...DEAD, state: 'crash_looping' };

/** A watchdog that is looked at: time is awake time and wall time at once. */
class Watch {
  awake = 0;
  memory;
  server: ServerStatus = serverStatus();
  daemon: Partial<DaemonStatus> = {};
  readonly news: AlertNews[] = [];

  constructor(alerts: readonly FiringAlert[] = []) {
    this.memory = rememberTroubles(alerts);
    this.look();
  }

  look(): void {
    const found = lookForTroubles(this.memory, {
      status: status(this.server.name === '' ? [] : [this.server], this.daemon),
      awake: this.awake,
      now: NOW + this.awake,
    });
    this.memory = found.memory;
    this.news.push(...found.news);
  }

  /** The server as changed, looked at every five seconds for so long. */
  sees(change: Partial<ServerStatus>, ms = 0): this {
    this.server = serverStatus(change);
    return this.waits(ms);
  }

  waits(ms: number): this {
    this.look();
    for (const end = this.awake + ms; this.awake < end; this.look())
      this.awake = Math.min(end, this.awake + 5 * SECOND);
    return this;
  }

  sleeps(): this {
    const count = (this.daemon.gaps?.count ?? 0) + 1;
    this.daemon = { ...this.daemon, gaps: { count, sleptMs: 1, lastWakeAt: NOW } };
    return this;
  }

  get told(): string[] {
    return this.news.map(({ name, state }) => `${name} ${state}`);
  }
}

describe('lookForTroubles()', () => {
  it('tells nothing of a server that is well, however long', () => {
    expect(new Watch().waits(60 * MINUTE).told).toEqual([]);
  });

  it('tells at once that a server gave up, and why', () => {
    const watch = new Watch().sees(GAVE_UP);
    expect(watch.news).toEqual([
      {
        name: 'McpServerGaveUp',
        about: 'context7',
        severity: 'critical',
        state: 'firing',
        summary: 'context7 failed too often in too short a time, next attempt in 1 min: exited with code 1',
      },
    ]);
  });

  it('says that one which cannot be started waits for the person', () => {
    const message = 'Cannot start "context7": the program x is missing';
    const lastFailure = { at: NOW, code: 'EXECUTABLE_MISSING', message, hint: null, retry: 'never' } as const;
    const watch = new Watch().sees({ ...GAVE_UP, nextAttemptAt: null, lastFailure });
    expect(watch.news[0]?.summary).toBe(`context7 cannot be started and waits for you: ${message}`);
  });

  it('does not call a single attempt of a crash loop a recovery', () => {
    const watch = new Watch().sees(GAVE_UP);
    watch.sees({ isStable: false }, 50 * SECOND).sees(GAVE_UP, 5 * MINUTE);
    expect(watch.told).toEqual(['McpServerGaveUp firing', 'McpServerDown firing']);
    watch.sees({ isStable: false }, 50 * SECOND).sees({});
    expect(watch.told.slice(2)).toEqual(['McpServerGaveUp resolved']);
    expect(watch.news.at(-1)?.summary).toMatch(/^context7 has recovered, after \d+ min$/);
  });

  it('tells that a server is down after two minutes, and its recovery after half a minute', () => {
    const watch = new Watch().sees(DEAD, 2 * MINUTE - 1);
    expect(watch.told).toEqual([]);
    expect(watch.waits(1).told).toEqual(['McpServerDown firing']);
    expect(watch.news[0]?.summary).toContain('exited with code 1');
    watch.sees({ isStable: false }, 10 * MINUTE);
    expect(watch.told).toHaveLength(1);
    expect(watch.sees({}, 30 * SECOND).told).toEqual(['McpServerDown firing', 'McpServerDown resolved']);
  });

  it.each<[string, Partial<ServerStatus>]>([
    ['stopped on request', { ...DEAD, desired: 'down', state: 'stopped', stoppedBecause: 'asked' }],
    ['a task that completed', { ...DEAD, state: 'stopped', stoppedBecause: 'completed' }],
    [
      'waiting for another server',
      { ...DEAD, state: 'stopped', stoppedBecause: null, note: 'waiting for a' },
    ],
    ['being installed for the first time', { ...DEAD, state: 'starting', lastExit: null }],
    ['watched and not enabled', { state: 'watched', desired: 'down', health: UNKNOWN, pid: null }],
  ])('does not tell that a server is down which is %s', (_, change) => {
    expect(new Watch().sees(change, 60 * MINUTE).told).toEqual([]);
  });

  it('tells it of one that is only watched, and of one that was prevented from coming back', () => {
    const watched = { state: 'watched', pid: null, isStable: false } as const;
    const watch = new Watch().sees({ ...watched, health: DOWN }, 2 * MINUTE).sees(watched, MINUTE);
    expect(watch.told).toEqual(['McpServerDown firing', 'McpServerDown resolved']);
    const prevented = { ...DEAD, state: 'stopped', stoppedBecause: 'prevented' } as const;
    expect(new Watch().sees(prevented, 2 * MINUTE).told).toEqual(['McpServerDown firing']);
  });

  it('says so when an operator ends the trouble by stopping the server', () => {
    const watch = new Watch().sees(GAVE_UP).sees({ ...DEAD, desired: 'down', state: 'stopped' });
    expect(watch.news.at(-1)).toMatchObject({ state: 'resolved', summary: /stopped on request/ });
  });

  it('tells of a server that runs and does not answer, until it is well again', () => {
    const watch = new Watch().sees({ health: DOWN }, MINUTE);
    expect(watch.told).toEqual(['McpServerUnresponsive firing']);
    watch.sees({ ...DEAD, state: 'starting' }, MINUTE).sees({});
    expect(watch.told).toEqual(['McpServerUnresponsive firing', 'McpServerUnresponsive resolved']);
  });

  it('tells of a crash loop by its restarts, without those that were planned or long ago', () => {
    const restarts = (change: object) => ({
      restarts: { ...NOTHING_REMEMBERED.restarts, exit: 100, ...change },
    });
    const watch = new Watch();
    watch.server = serverStatus(restarts({}));
    watch.memory = rememberTroubles([]);
    watch.sees(restarts({}), MINUTE).sees(restarts({ requested: 9, update: 9, config: 9, unobserved: 9 }));
    watch.sees(restarts({ exit: 101, signal: 1 }), 16 * MINUTE).sees(restarts({ exit: 102, signal: 1 }));
    expect(watch.told).toEqual([]);
    watch.sees(restarts({ exit: 103, signal: 1, probe: 1 }));
    expect(watch.told).toEqual(['McpServerCrashLooping firing']);
    watch.sees(restarts({ exit: 103, signal: 1, probe: 1 }), 24 * MINUTE);
    expect(watch.told).toHaveLength(1);
    expect(watch.waits(2 * MINUTE).told.at(-1)).toBe('McpServerCrashLooping resolved');
  });

  it.each([
    ['memory', 'McpServerMemoryHigh', /memory .* is over the limit/],
    ['cpu', 'McpServerCpuHigh', /CPU .* is over the limit/],
  ] as const)('tells of %s over its limit, and a minute after it is over', (resource, name, summary) => {
    const watch = new Watch().sees({ overLimit: [resource] });
    expect(watch.news).toEqual([
      expect.objectContaining({ name, severity: 'warning', summary: expect.stringMatching(summary) }),
    ]);
    expect(watch.sees({}, MINUTE - 1).told).toHaveLength(1);
    expect(watch.waits(1).told.at(-1)).toBe(`${name} resolved`);
  });

  it('tells what is wrong with the watchdog itself', () => {
    const watch = new Watch();
    watch.daemon = {
      config: { path: '/c', ok: false, error: 'servers: is\nmissing \u001B[31m', loadedAt: NOW },
      deafChannels: { webhook: 'answered 500' },
      orphans: 2,
      lastPersistFailureAt: NOW,
    };
    watch.waits(10 * MINUTE);
    expect([...watch.told].sort()).toEqual([
      'McpOrphanProcesses firing',
      'McpWatchdogConfigReloadFailed firing',
      'McpWatchdogNotificationsFailing firing',
      'McpWatchdogStateNotPersisted firing',
      'McpWatchdogStateNotPersisted resolved',
    ]);
    const told = watch.news.find(({ name }) => name === 'McpWatchdogConfigReloadFailed');
    expect(told?.summary).toBe('The config was not taken over, the old one stays: servers: is missing');
    watch.daemon = {};
    expect(watch.waits(0).told.slice(5)).toHaveLength(3);
  });

  it('holds everything new back after a wake, and forgets what was only about to be told', () => {
    const watch = new Watch().sees(DEAD, 2 * MINUTE - 1).sleeps();
    watch.sees(GAVE_UP, WAKE_GRACE - 1);
    expect(watch.told).toEqual([]);
    expect(watch.waits(1).told).toEqual(['McpServerGaveUp firing']);
    expect(watch.waits(2 * MINUTE - WAKE_GRACE).told.at(-1)).toBe('McpServerDown firing');
    expect(new Watch().sleeps().sees(DEAD, 2 * MINUTE).told).toEqual(['McpServerDown firing']);
  });

  it('goes on with what an earlier daemon left firing, and ends what nobody watches any more', () => {
    const alert = (about: string) => ({
      name: 'McpServerGaveUp',
      about,
      severity: 'critical' as const,
      since: NOW - MINUTE,
      summary: '',
    });
    const watch = new Watch([alert('gone'), alert('context7')]);
    expect(watch.news).toMatchObject([
      { about: 'context7', state: 'resolved' },
      { about: 'gone', state: 'resolved', summary: 'gone is no longer watched' },
    ]);
    const starting = new Watch();
    starting.memory = rememberTroubles([alert('context7')]);
    starting.sees({ ...GAVE_UP, state: 'starting' }, MINUTE).sees(GAVE_UP, MINUTE);
    expect(starting.told).toEqual([]);
  });
});

describe('the catalogue', () => {
  it('has names as rules have them, each once, and covers only what it has', () => {
    const names = [...SERVER_TROUBLES, ...WATCHDOG_TROUBLES].map(({ name }) => name);
    for (const name of names) expect(name).toMatch(/^Mcp[A-Z]\w+$/);
    expect(new Set(names).size).toBe(names.length);
    expect(
      Object.entries(COVERED_BY)
        .flat(2)
        .filter((name) => !names.includes(name)),
    ).toEqual([]);
  });
});
