// One-time alerts, whose end is not sent, and `info` alerts, which are not repeated every few hours.
import { describe, expect, it } from 'vitest';
import type { Severity } from '../../../src/core/model/vocabulary.ts';
import type { AlertChange } from '../../../src/core/model/notification.ts';
import { decideNotifications, nextDecisionAt } from '../../../src/core/notification/notification-policy.ts';
import {
  EMPTY_NOTIFICATION_STATE,
  type NotificationRules,
  type NotificationState,
} from '../../../src/core/notification/notification-state.ts';
import { SHIPPED_ROUTING } from '../../../src/core/notification/shipped-routing.ts';
import { NOW } from '../../fakes/status.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const RULES: NotificationRules = { repeatEvery: 4 * HOUR, routing: SHIPPED_ROUTING };

function news(name: string, severity: Severity, state: AlertChange['state'] = 'firing'): AlertChange {
  return { name, about: 'files', severity, state, summary: name };
}

/** Everything told up to `until`, as `state name`, by a person who looks whenever something is due. */
function told(story: readonly (readonly [at: number, alert: AlertChange])[], until: number): string[] {
  const said: string[] = [];
  let state: NotificationState = EMPTY_NOTIFICATION_STATE;
  const take = (outcome: ReturnType<typeof decideNotifications>): void => {
    ({ state } = outcome);
    said.push(
      ...outcome.notifications.flatMap(({ alerts }) =>
        alerts.map((alert) => `${alert.state === 'firing' ? 'firing' : 'over'} ${alert.name}`),
      ),
    );
  };
  const passTo = (end: number): void => {
    for (let at = nextDecisionAt(state, RULES); at !== null && at <= end; at = nextDecisionAt(state, RULES))
      take(decideNotifications(state, { kind: 'tick', at: Math.max(at, state.at) }, RULES));
  };
  for (const [at, alert] of story) {
    passTo(NOW + at);
    take(decideNotifications(state, { kind: 'alert', at: NOW + at, alert }, RULES));
  }
  passTo(NOW + until);
  return said;
}

describe('a rollback', () => {
  it('is told once: neither its end, nor the versions that changed on the way', () => {
    const story = [
      [0, news('McpServerUpdateRolledBack', 'warning')],
      [1000, news('McpServerVersionChanged', 'info')],
      [15 * 60_000, news('McpServerVersionChanged', 'info', 'resolved')],
      [15 * 60_000, news('McpServerUpdateRolledBack', 'warning', 'resolved')],
    ] as const;
    expect(told(story, DAY)).toEqual(['firing McpServerUpdateRolledBack']);
  });

  it('is told again when it happens again', () => {
    const story = [
      [0, news('McpServerUpdateRolledBack', 'warning')],
      [15 * 60_000, news('McpServerUpdateRolledBack', 'warning', 'resolved')],
      [HOUR, news('McpServerUpdateRolledBack', 'warning')],
      [HOUR + 15 * 60_000, news('McpServerUpdateRolledBack', 'warning', 'resolved')],
    ] as const;
    expect(told(story, DAY)).toEqual([
      'firing McpServerUpdateRolledBack',
      'firing McpServerUpdateRolledBack',
    ]);
  });
});

describe('a version that changed', () => {
  it('is told once', () => {
    const story = [
      [0, news('McpServerVersionChanged', 'info')],
      [15 * 60_000, news('McpServerVersionChanged', 'info', 'resolved')],
    ] as const;
    expect(told(story, DAY)).toEqual(['firing McpServerVersionChanged']);
  });
});

describe('what only wants to be known', () => {
  it('is told again after a week, and its end is told', () => {
    const story = [
      [0, news('McpServerUpdateAvailable', 'info')],
      [8 * DAY, news('McpServerUpdateAvailable', 'info', 'resolved')],
    ] as const;
    expect(told(story, 9 * DAY)).toEqual([
      'firing McpServerUpdateAvailable',
      'firing McpServerUpdateAvailable',
      'over McpServerUpdateAvailable',
    ]);
  });

  it('does not keep what is graver from being told every few hours', () => {
    expect(told([[0, news('McpServerDown', 'critical')]], DAY - HOUR)).toHaveLength(6);
  });
});
