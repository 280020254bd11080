// Troubles: each told once, the worst first, with a cause that does not age and a cure; headline and alerts agree.
import { describe, expect, it } from 'vitest';
import type { FiringAlert } from '../../../src/core/model/notification.ts';
import type { ServerStatus } from '../../../src/core/model/status.ts';
import {
  causeForAlert,
  cureFor,
  countTroubles,
  groupOf,
  headline,
  troublesOf,
} from '../../../src/core/status/troubles.ts';
import { DOWN, MINUTE, NOW, serverStatus, status } from '../../fakes/status.ts';

const UP = { ...DOWN, up: true, consecutiveFailures: 0, detail: null };
const FAILED = {
  at: NOW,
  code: 'EXITED_BEFORE_READY',
  message: 'It ended before it was ready: exit code 1',
  hint: null,
  retry: 'backoff',
  cause: 'exited with code 1 before it was ready',
  quote: 'Please provide a personal access token',
} as const;

function alert(name: string, about: string | null, change: Partial<FiringAlert> = {}): FiringAlert {
  return { name, about, severity: 'critical', since: NOW - 5 * MINUTE, summary: `${name} fires`, ...change };
}

describe('groupOf()', () => {
  it.each<[string, Partial<ServerStatus>, string]>([
    ['a healthy server', {}, 'healthy'],
    ['stopped by an operator', { state: 'stopped', desired: 'down' }, 'off'],
    ['a completed task', { state: 'stopped', stoppedBecause: 'completed' }, 'off'],
    ['kept down by its exit code', { state: 'stopped', stoppedBecause: 'prevented' }, 'needs_you'],
    ['crash looping', { state: 'crash_looping' }, 'needs_you'],
    ['needs attention', { state: 'needs_attention' }, 'needs_you'],
    ['backoff after a crash', { state: 'backoff', lastFailure: FAILED }, 'handled'],
    [
      'backoff for a port that is taken',
      { state: 'backoff', lastFailure: { ...FAILED, code: 'PORT_IN_USE' } },
      'needs_you',
    ],
    [
      'backoff for a package that the registry does not know',
      { state: 'backoff', lastFailure: { ...FAILED, code: 'UNKNOWN_PACKAGE' } },
      'needs_you',
    ],
    [
      'backoff for a full disk',
      { state: 'backoff', lastFailure: { ...FAILED, code: 'DISK_FULL' } },
      'needs_you',
    ],
    [
      'a start that is tried again for a missing program',
      { state: 'starting', lastFailure: { ...FAILED, code: 'EXECUTABLE_MISSING' } },
      'needs_you',
    ],
    ['unauthorized', { health: { ...UP, unauthorized: true, detail: 'HTTP 401' } }, 'needs_you'],
    ['a kill that is not obeyed', { state: 'stopping', desired: 'down', killRepeats: 2 }, 'needs_you'],
    ['suspect', { health: { ...UP, suspect: true } }, 'handled'],
    ['down, to be restarted', { health: DOWN }, 'handled'],
    ['over a limit', { overLimit: ['memory'] }, 'handled'],
    ['a url that has just gone down', { state: 'watched', health: DOWN }, 'handled'],
  ])('%s', (_, change, group) => {
    expect(groupOf(serverStatus(change), [], NOW)).toBe(group);
  });

  it('asks for a person when a url stays down, since nobody restarts it', () => {
    const server = serverStatus({ state: 'watched', health: DOWN });
    const since = (minutes: number) => [
      alert('McpServerDown', server.name, { since: NOW - minutes * MINUTE }),
    ];
    expect(groupOf(server, since(1), NOW)).toBe('handled');
    expect(groupOf(server, since(4), NOW)).toBe('needs_you');
    // The watchdog cannot do it, so the cure stands there from the first, also where no alert is known.
    expect(cureFor(server, NOW)).toContain(`correct servers.${server.name}.url`);
  });
});

describe('a url that nobody could ask yet', () => {
  const unasked = (detail: string) =>
    serverStatus({
      name: 'far',
      state: 'watched',
      url: 'http://far.example/mcp',
      probes: {},
      health: { ...DOWN, up: null, consecutiveFailures: 0, detail },
    });
  const told = (minutes: number) => [
    alert('McpServerNotProbed', 'far', { severity: 'warning', since: NOW - minutes * MINUTE }),
  ];

  it('is a trouble with its cause from the first, and of a person once it lasts', () => {
    const server = unasked('ping: no host has the name far.example (ENOTFOUND)');
    expect(troublesOf(status([server]), NOW)).toMatchObject([
      { group: 'handled', root: 'ping: no host has the name far.example (ENOTFOUND)' },
    ]);
    const alerts = told(4);
    expect(troublesOf(status([server], { alerts }), NOW)).toMatchObject([
      {
        group: 'needs_you',
        severity: 'warning',
        root: 'ping: no host has the name far.example (ENOTFOUND)',
        cure: 'correct servers.far.url, or join the network or VPN in which that name is known',
      },
    ]);
    expect(headline(countTroubles(status([server], { alerts }), NOW))).toBe('1 needs you');
    expect(causeForAlert('McpServerNotProbed', server, NOW)).toContain('far.example');
  });

  it('is a trouble of the watchdog where it was up before and lately cannot be asked', () => {
    const { health } = serverStatus();
    const server = serverStatus({
      name: 'far',
      state: 'watched',
      health: { ...health, unasked: 'ping: the name far.example cannot be looked up now (EAI_AGAIN)' },
    });
    expect(troublesOf(status([server]), NOW)).toMatchObject([
      { group: 'handled', root: 'ping: the name far.example cannot be looked up now (EAI_AGAIN)' },
    ]);
    expect(headline(countTroubles(status([server]), NOW))).not.toContain('healthy');
  });

  it('needs a person all along when the daemon was started anew under an alert that lasts', () => {
    const misses = serverStatus({
      name: 'far',
      state: 'watched',
      health: { ...DOWN, up: null, consecutiveFailures: 1, detail: 'connect ECONNREFUSED' },
    });
    const alerts = [alert('McpServerDown', 'far', { since: NOW - 30 * MINUTE })];
    expect(troublesOf(status([misses], { alerts }), NOW)).toMatchObject([
      { group: 'needs_you', root: 'connect ECONNREFUSED' },
    ]);
  });

  it.each([
    ['ping: the name far.example cannot be looked up now (EAI_AGAIN)', 'no name server answers this machine'],
    ['Cannot run ./probe: ENOENT', 'it is this machine that cannot ask'],
  ])('has a cure of its own: %s', (detail, cure) => {
    expect(troublesOf(status([unasked(detail)], { alerts: told(4) }), NOW)[0]?.cure).toContain(cure);
  });
});

describe('troublesOf()', () => {
  it('tells one trouble once, whatever number of alerts follow from it, the gravest first', () => {
    const server = serverStatus({ name: 'github', state: 'crash_looping', lastFailure: FAILED });
    const alerts = [
      alert('McpServerCrashLooping', 'github', { severity: 'warning', since: NOW - 20 * MINUTE }),
      alert('McpServerDown', 'github', { since: NOW - 9 * MINUTE }),
      alert('McpServerGaveUp', 'github', { since: NOW - 5 * MINUTE }),
    ];
    const troubles = troublesOf(status([server], { alerts }), NOW);
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toMatchObject({
      about: 'github',
      group: 'needs_you',
      severity: 'critical',
      root: 'exited with code 1 before it was ready: “Please provide a personal access token”',
      since: NOW - 90 * MINUTE,
    });
    expect(troubles[0]?.cure).toContain('mcp-watchdog logs github');
    expect(troubles[0]?.alerts.map(({ name }) => name)).toEqual([
      'McpServerDown',
      'McpServerGaveUp',
      'McpServerCrashLooping',
    ]);
  });

  it('puts what needs a person before what is being handled, then the gravest, then the oldest', () => {
    const servers = [
      serverStatus({ name: 'fine' }),
      serverStatus({ name: 'slow', health: { ...UP, suspect: true, detail: 'no answer' } }),
      serverStatus({ name: 'locked', health: { ...UP, unauthorized: true, detail: 'HTTP 401' } }),
      serverStatus({ name: 'new', state: 'crash_looping', since: NOW - MINUTE }),
      serverStatus({ name: 'old', state: 'crash_looping', since: NOW - 9 * MINUTE }),
    ];
    expect(troublesOf(status(servers), NOW).map(({ about }) => about)).toEqual([
      'old',
      'new',
      'locked',
      'slow',
    ]);
  });

  it('has the hint of the failure as the cure', () => {
    const lastFailure = { ...FAILED, hint: 'set GITHUB_TOKEN' };
    const [trouble] = troublesOf(status([serverStatus({ state: 'crash_looping', lastFailure })]), NOW);
    expect(trouble?.cure).toBe('set GITHUB_TOKEN');
  });

  it('folds an alert about the watchdog into the trouble that it tells of', () => {
    const { config } = status().daemon;
    const troubles = troublesOf(
      status([serverStatus()], {
        config: { ...config, ok: false, error: 'line 3' },
        deafChannels: { desktop: 'notify-send is not there' },
        failingRules: [
          { file: 'own.yml', group: 'own', rule: 'Slow', error: 'Two results' },
          { file: 'own.yml', group: 'own', rule: 'Slower', error: 'x' },
        ],
        alerts: [
          alert('McpWatchdogRuleFailures', null, { severity: 'warning' }),
          alert('McpWatchdogConfigReloadFailed', null, { severity: 'warning' }),
          alert('McpWatchdogNotificationsFailing', null, { severity: 'warning' }),
          alert('McpOrphanProcesses', null, { severity: 'warning' }),
        ],
      }),
      NOW,
    );
    expect(troubles.map(({ group, alerts }) => [group, alerts.map(({ name }) => name)])).toEqual([
      ['needs_you', ['McpWatchdogConfigReloadFailed']],
      ['needs_you', ['McpWatchdogRuleFailures']],
      ['handled', ['McpWatchdogNotificationsFailing']],
      ['handled', ['McpOrphanProcesses']],
    ]);
    expect(troubles[1]?.root).toBe('alert rule Slow of own.yml fails: Two results (and 1 more)');
  });

  it('is empty while all is well', () => {
    expect(troublesOf(status(), NOW)).toEqual([]);
  });
});

describe('the headline', () => {
  it('counts as many who need a person as there are troubles of that kind', () => {
    const all = status([
      serverStatus({ name: 'a', state: 'crash_looping' }),
      serverStatus({ name: 'b', state: 'needs_attention' }),
      serverStatus({ name: 'c', state: 'backoff' }),
      serverStatus({ name: 'd' }),
      serverStatus({ name: 'e', state: 'stopped', desired: 'down' }),
    ]);
    const counts = countTroubles(all, NOW);
    expect(headline(counts)).toBe('2 need you, 1 handled by the watchdog, 1 healthy, 1 off');
    expect(troublesOf(all, NOW).filter(({ group }) => group === 'needs_you')).toHaveLength(counts.needs_you);
  });
});

describe('causeForAlert()', () => {
  const crashing = serverStatus({
    state: 'crash_looping',
    lastFailure: FAILED,
    nextAttemptAt: NOW + 4 * MINUTE,
  });

  it('names the last cause, and no time that will be wrong in a minute', () => {
    const cause = causeForAlert('McpServerGaveUp', crashing, NOW);
    expect(cause).toBe('exited with code 1 before it was ready: “Please provide a personal access token”');
    expect(causeForAlert('McpServerGaveUp', crashing, NOW + 99 * MINUTE)).toBe(cause);
  });

  it('says that memory, not a crash, is why a server is restarted again and again', () => {
    const restarted = serverStatus({
      lastRestart: { at: NOW, reason: 'memory', detail: 'memory 3 GiB is over the limit of 2 GiB' },
    });
    expect(causeForAlert('McpServerCrashLooping', restarted, NOW)).toBe(
      'memory 3 GiB is over the limit of 2 GiB',
    );
    expect(causeForAlert('OwnRule', restarted, NOW)).toBeNull();
  });

  it('blames what made us end a server, not our own signal', () => {
    const ended = serverStatus({
      state: 'crash_looping',
      endCause: { reason: 'memory', detail: 'memory 3 GiB is over the limit of 2 GiB' },
      lastExit: { at: NOW, code: null, signal: 'SIGTERM' },
    });
    expect(causeForAlert('McpServerGaveUp', ended, NOW)).toBe('memory 3 GiB is over the limit of 2 GiB');
    const asked = { reason: 'requested', detail: 'requested by an operator' } as const;
    expect(
      troublesOf(status([{ ...ended, state: 'starting', endCause: asked }]), NOW).map(({ root }) => root),
    ).toEqual(['requested by an operator']);
    const own = { ...ended, endCause: { reason: 'exit', detail: 'exit code 3' } as const };
    const exit = { at: NOW, code: 3, signal: null, quote: 'no key' };
    expect(causeForAlert('McpServerGaveUp', { ...own, lastExit: exit }, NOW)).toBe(
      'exited with code 3: “no key”',
    );
  });

  it.each(['McpServerUpdateAvailable', 'McpServerMemoryHigh', 'McpServerVersionChanged'])(
    'adds nothing to %s, which is about something else',
    (name) => {
      expect(causeForAlert(name, crashing, NOW)).toBeNull();
    },
  );
});
