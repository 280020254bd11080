// Messages and silences of Alertmanager as they are read, and the alerts that it is posted.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAlertmanagerMessage } from '../../../src/core/delivery/alertmanager-message.ts';
import {
  notYetHandedOff,
  type EvaluatedAlert,
  toPost,
} from '../../../src/core/delivery/alertmanager-post.ts';
import { readSavedDelivery } from '../../../src/core/delivery/saved-delivery.ts';
import { isSilenced, readSilences } from '../../../src/core/delivery/silences.ts';

const DOWN = {
  status: 'firing',
  labels: { alertname: 'McpServerDown', server: 'files', severity: 'critical', job: 'j', instance: 'i' },
  annotations: { summary: 'files is\u001b[31m down' },
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: '',
  fingerprint: 'f',
};
const HEARTBEAT = { ...DOWN, labels: { alertname: 'Watchdog', severity: 'none' } };

function message(...alerts: readonly unknown[]): unknown {
  return {
    version: '4',
    receiver: 'you',
    status: 'firing',
    alerts,
    notification_reason: 'x',
    truncatedAlerts: 0,
  };
}

describe('a message of the webhook', () => {
  test('tells alerts and the heartbeat apart', () => {
    const notices = readAlertmanagerMessage(message(DOWN, HEARTBEAT));
    expect(notices).toMatchObject({
      hasHeartbeat: true,
      alerts: [{ name: 'McpServerDown', severity: 'critical' }],
    });
  });

  test.each([
    ['http://127.0.0.1:9638/runbooks/McpServerDown', 'http://127.0.0.1:9638/runbooks/McpServerDown'],
    [`https://w.example/${'x'.repeat(430)}`, `https://w.example/${'x'.repeat(430)}`],
    [`https://w.example/${'x'.repeat(600)}`, undefined],
    ['javascript:alert(1)', undefined],
    ['https://w.example/a b', undefined],
    [7, undefined],
  ])('with the runbook %j links to %j', (runbook_url, runbook) => {
    const notices = readAlertmanagerMessage(message({ ...DOWN, annotations: { runbook_url } }));
    expect(typeof notices === 'string' ? notices : notices.alerts[0]?.runbook).toBe(runbook);
  });

  test('is made safe to show', () => {
    expect(JSON.stringify(readAlertmanagerMessage(message(DOWN)))).not.toContain('\\u001b');
  });

  test('of a heartbeat that is over is none', () => {
    expect(readAlertmanagerMessage(message({ ...HEARTBEAT, status: 'resolved' }))).toMatchObject({
      hasHeartbeat: false,
    });
  });

  test.each([
    [undefined],
    [null],
    [[]],
    ['text'],
    [{}],
    [{ version: '3', alerts: [] }],
    [{ version: '4' }],
    [{ version: '4', alerts: [{}] }],
    [{ version: '4', alerts: [{ status: 'firing', labels: {} }] }],
    [{ version: '4', alerts: [{ ...DOWN, status: 'odd' }] }],
  ])('%j is refused in one line', (body) => {
    expect(readAlertmanagerMessage(body)).toMatch(/^Not a [^\n]+$/);
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (alerts) => void readAlertmanagerMessage({ version: '4', alerts })),
    );
  });
});

const RULED: EvaluatedAlert = {
  labels: DOWN.labels,
  annotations: DOWN.annotations,
  state: 'firing',
  activeAt: 1000,
  firedAt: 2000,
  resolvedAt: null,
};

describe('what is posted', () => {
  const options = { now: 10_000, lasts: 60_000, instance: 'localhost:9638' };

  test('has the labels of Prometheus, its own beginning, and an end that is still to come', () => {
    expect(toPost([RULED], options)).toEqual([
      {
        labels: { ...DOWN.labels, instance: 'localhost:9638' },
        annotations: DOWN.annotations,
        startsAt: 2000,
        endsAt: 70_000,
      },
    ]);
  });

  test('says when it was over', () => {
    expect(toPost([{ ...RULED, state: 'inactive', resolvedAt: 9000 }], options)).toMatchObject([
      { endsAt: 9000 },
    ]);
  });

  test('is neither what is pending nor the heartbeat', () => {
    const heartbeat = { ...RULED, labels: HEARTBEAT.labels };
    expect(toPost([{ ...RULED, state: 'pending', firedAt: null }, heartbeat], options)).toEqual([]);
  });
});

describe('what Prometheus may not have found yet', () => {
  const MINUTE = 60_000;
  /** Its `for` is two minutes. */
  const alert: EvaluatedAlert = { ...RULED, activeAt: 0, firedAt: 2 * MINUTE };
  const handedAt = 10 * MINUTE;
  const isStillOurs = (one: EvaluatedAlert, now: number): boolean =>
    notYetHandedOff([one], { handedAt, now }).length === 1;

  test('is what fired before it delivered, for as long as it has to wait once more', () => {
    expect(isStillOurs(alert, handedAt)).toBe(true);
    expect(isStillOurs(alert, handedAt + 7 * MINUTE - 1)).toBe(true);
    expect(isStillOurs(alert, handedAt + 7 * MINUTE)).toBe(false);
  });

  test('is also that it is over', () => {
    expect(isStillOurs({ ...alert, state: 'inactive', resolvedAt: handedAt + 1 }, handedAt + 2)).toBe(true);
  });

  test('is nothing that began later, or only pends', () => {
    expect(isStillOurs({ ...alert, firedAt: handedAt + 1 }, handedAt + 2)).toBe(false);
    expect(isStillOurs({ ...alert, firedAt: null, state: 'pending' }, handedAt + 2)).toBe(false);
  });
});

function silence(...matchers: readonly unknown[]) {
  return readSilences([{ id: 'a', startsAt: 100, endsAt: 200, status: { state: 'active' }, matchers }]);
}

describe('a silence', () => {
  test.each([
    [{ name: 'server', value: 'files', isRegex: false, isEqual: true }, true],
    [{ name: 'server', value: 'files', isRegex: false }, true],
    [{ name: 'server', value: 'file', isRegex: false, isEqual: true }, false],
    [{ name: 'server', value: 'files', isRegex: false, isEqual: false }, false],
    [{ name: 'server', value: 'web', isRegex: false, isEqual: false }, true],
    [{ name: 'server', value: 'fil.*|web', isRegex: true, isEqual: true }, true],
    [{ name: 'server', value: 'il', isRegex: true, isEqual: true }, false],
    [{ name: 'server', value: '(?i)FILES', isRegex: true, isEqual: true }, true],
    [{ name: 'server', value: 'fil.*', isRegex: true, isEqual: false }, false],
    [{ name: 'team', value: '', isRegex: false, isEqual: true }, true],
    [{ name: 'team', value: '.+', isRegex: true, isEqual: false }, true],
  ])('%j holds: %s', (matcher, holds) => {
    expect(isSilenced(DOWN.labels, silence(matcher), 150)).toBe(holds);
  });

  test('needs all of its matchers, and its time', () => {
    const right = { name: 'server', value: 'files', isRegex: false, isEqual: true };
    expect(isSilenced(DOWN.labels, silence(right, { ...right, value: 'web' }), 150)).toBe(false);
    expect([99, 100, 199, 200].map((at) => isSilenced(DOWN.labels, silence(right), at))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test.each([
    [{ name: 'server', value: '(', isRegex: true, isEqual: true }],
    [{ name: 'server', value: 'a'.repeat(2000), isRegex: true, isEqual: true }],
    [{ name: 'server' }],
    [null],
  ])('with a matcher that is not understood silences nothing: %j', (matcher) => {
    expect(silence(matcher)).toEqual([]);
  });

  test('that has expired, or has no matchers, is none', () => {
    const right = { name: 'server', value: 'files', isRegex: false, isEqual: true };
    const expired = { id: 'a', startsAt: 100, endsAt: 200, status: { state: 'expired' }, matchers: [right] };
    expect(readSilences([expired, { ...expired, status: undefined, matchers: [] }])).toEqual([]);
  });
});

describe('what is remembered of delivery', () => {
  test('comes back as it was', () => {
    const silences = silence({ name: 'server', value: 'files', isRegex: false, isEqual: true });
    const memory = {
      owner: 'engine',
      noticed: ['k'],
      isNoticed: true,
      receivers: { you: 'forwards' },
      instance: 'h:1',
      silences,
    };
    expect(readSavedDelivery(JSON.parse(JSON.stringify(memory)))).toEqual(memory);
  });

  test('is believed only as far as it makes sense', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (saved) => {
        expect(['us', 'alertmanager-by-us', 'engine']).toContain(readSavedDelivery(saved).owner);
      }),
    );
  });
});
