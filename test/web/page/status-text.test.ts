import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { UpdateStatus } from '../../../src/core/model/update.ts';
import { statusText } from '../../../src/web/page/status-text.ts';
import { MINUTE, NOW, serverStatus, status } from '../../fakes/status.ts';
import { memoryOf, outlookOf, progressOf, ROLLED_BACK, updateOf } from '../../fakes/updates.ts';

const UNKNOWN = { up: null, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null };

describe('the status as text', () => {
  test('shows each server: state, health, version, process, use and restarts', () => {
    const restarts = { ...serverStatus().restarts, signal: 2, probe: 1 };
    const [, , , line = ''] = statusText(status([serverStatus({ restarts })]), NOW).split('\n');
    expect(line.split(/ {2,}/u)).toEqual(
      'context7|running|up|3.4 ms|4.1.1|4242|1h 30m|117 MiB|3.4 %|3'.split('|'),
    );
  });

  test('shows what is wrong, what comes next and what to do', () => {
    const broken = serverStatus({
      name: 'broken',
      state: 'crash_looping',
      health: UNKNOWN,
      pid: null,
      startedAt: null,
      usage: null,
      nextAttemptAt: NOW + 4 * MINUTE,
      lastExit: { at: NOW, code: 1, signal: null },
    });
    const text = statusText(status([serverStatus(), broken]), NOW);
    expect(text).toContain('1 needs you, 1 healthy\n');
    expect(text).toContain('! broken: exited with code 1\n  what to do: mcp-watchdog logs broken');
    expect(text).toContain('crash looping');
    expect(text).toContain('exited with code 1; next attempt in 4 min\n');
  });

  test('tells of the last restart of a healthy server', () => {
    const lastRestart = { at: NOW - 42_000, reason: 'start_timeout' as const, detail: null };
    expect(statusText(status([serverStatus({ lastRestart })]), NOW)).toContain(
      'restarted 42 s ago: start timeout',
    );
  });

  test('says why a server that does not run is all right, or is not', () => {
    const done = serverStatus({ state: 'stopped', stoppedBecause: 'completed', health: UNKNOWN, pid: null });
    expect(statusText(status([done]), NOW)).toMatch(/^1 off\n[^]* completed /u);
    expect(statusText(status([{ ...done, desired: 'down' }]), NOW)).toContain('stopped by you');
    expect(statusText(status([{ ...done, stoppedBecause: 'prevented' }]), NOW)).toMatch(/^1 needs you\n/u);
  });

  test('says who delivers alerts, and why', () => {
    const { delivery } = status().daemon;
    const text = (change: Partial<typeof delivery>): string =>
      statusText(status([], { delivery: { ...delivery, ...change } }), NOW);
    expect(text({ owner: 'engine' })).toContain('Alerts are delivered by Prometheus and Alertmanager.');
    expect(text({ reasons: ['Alertmanager is not ready'] })).toContain(
      'Alerts are delivered by the watchdog: Alertmanager is not ready.',
    );
  });

  test('says when the config was refused, when the brake is on, and when there is no server', () => {
    const config = { path: '/x', ok: false, error: 'line 3: unknown key "servrs"', loadedAt: NOW };
    const text = statusText(status([], { config, braked: true }), NOW);
    expect(text).toContain('line 3: unknown key "servrs"');
    expect(text).toContain('restarts by probes are held back');
    expect(text).toContain('No server is configured');
  });

  test('tells the alerts that fire with the trouble that they are about', () => {
    const alert = { name: 'McpServerDown', about: 'a', severity: 'critical', since: NOW - MINUTE } as const;
    const text = statusText(status([], { alerts: [{ ...alert, summary: 'a is down' }] }), NOW);
    expect(text).toContain('- a: a is down (McpServerDown, for 1 min)');
  });

  test('keeps its form, whatever a server or a registry writes', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u001B[2J', 'a\nb', '\u202Eevil', 'x\r\ny', '\u2028'),
    );
    const plain = statusText(status([serverStatus()]), NOW).split('\n').length;
    fc.assert(
      fc.property(hostile, hostile, (note, version) => {
        const text = statusText(status([serverStatus({ note, version, name: note })]), NOW);
        expect(text.split('\n')).toHaveLength(plain);
        // eslint-disable-next-line no-control-regex -- control characters are what must not be there
        expect(text).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202E\u2028]/u);
      }),
    );
  });
});

describe('its part about versions', () => {
  const text = (update: UpdateStatus | null): string =>
    statusText(status([serverStatus({ version: '4.0.7', update })]), NOW);
  const held = [{ version: '5.0.0', reason: 'engine', detail: 'it needs node >=22' }] as const;

  it.each([
    ['an available update', updateOf({ outlook: outlookOf() }), ['4.0.7 → 4.1.1', 'available: 4.1.1']],
    [
      'a held one, with its reason',
      updateOf({ outlook: outlookOf({ candidate: null, held }) }),
      ['held: 5.0.0: it needs node >=22'],
    ],
    [
      'one on its way',
      updateOf({ progress: progressOf({ detail: '12 packages' }) }),
      ['update: installing 4.1.1: 12 packages'],
    ],
    [
      'a probation',
      updateOf({ progress: progressOf({ phase: 'probation', until: NOW + 8 * MINUTE }) }),
      ['4.1.1 on probation, 8 min left'],
    ],
    [
      'a rollback, and what is bad',
      updateOf({
        memory: memoryOf({ bad: [{ version: '4.1.1', reason: 'it hangs', at: NOW }], last: ROLLED_BACK }),
      }),
      ['bad version: 4.1.1, just now: it hangs', 'rolled back 3 min ago'],
    ],
  ])('shows %s', (_, update, parts) => {
    for (const part of parts) expect(text(update)).toContain(part);
  });

  it('is missing when there is nothing to tell', () => {
    expect(text(null)).not.toContain('VERSIONS');
    expect(text(updateOf({ checkedAt: NOW, outlook: outlookOf({ candidate: null }) }))).not.toContain(
      'VERSIONS',
    );
  });
});
