// One story of alerts, played through a real Alertmanager with the shipped config and through the watchdog alone: the same words come out.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readAlertmanagerMessage } from '../../src/core/delivery/alertmanager-message.ts';
import { type AlertChange, alertKey } from '../../src/core/model/notification.ts';
import type { Severity } from '../../src/core/model/vocabulary.ts';
import {
  decideNotifications,
  type NotificationInput,
} from '../../src/core/notification/notification-policy.ts';
import {
  EMPTY_NOTIFICATION_STATE,
  type NotificationRules,
} from '../../src/core/notification/notification-state.ts';
import { SHIPPED_ROUTING } from '../../src/core/notification/shipped-routing.ts';
import { readConfig } from '../../src/config/load.ts';
import { ALERTMANAGER, startAlertmanager } from '../fakes/alertmanager.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { freePort, portOf } from '../fixtures/start.ts';
import { read } from './read-catalogue.ts';

const MINUTE = 60_000;
const RULES: NotificationRules = {
  repeatEvery: SHIPPED_ROUTING.repeatInterval.critical,
  routing: SHIPPED_ROUTING,
};

function of(name: string, severity: Severity, about: string | null = 'files'): AlertChange {
  return { name, about, severity, state: 'firing', summary: `${name} of ${about}` };
}

/** Each chapter begins when the words of the one before are out. */
const STORY: readonly (readonly AlertChange[])[] = [
  [of('McpServerMemoryHigh', 'warning', 'git')],
  // The second says more about files; the first of git goes on.
  [
    of('McpServerDown', 'critical'),
    of('McpServerUnresponsive', 'critical'),
    of('McpServerCpuHigh', 'warning'),
  ],
  [of('McpServerUpdateAvailable', 'info'), of('McpServerUpdateAvailable', 'info', 'web')],
  // Several at once, of one name: a digest.
  [
    of('McpServerDown', 'critical', 'a'),
    of('McpServerDown', 'critical', 'b'),
    of('McpServerDown', 'critical', 'c'),
    of('McpServerDown', 'critical', 'd'),
  ],
  [
    of('McpServerGaveUp', 'critical', 'x'),
    of('McpServerDown', 'critical', 'x'),
    of('McpServerCrashLooping', 'warning', 'x'),
  ],
  // Nothing about servers beside a watchdog in trouble.
  [
    of('McpWatchdogStalled', 'critical', null),
    of('McpServerSlow', 'warning', 'late'),
    of('McpWatchdogFallbackActive', 'info', null),
  ],
];

/** The policy in virtual time, and what it has told. */
function person() {
  let state = { ...EMPTY_NOTIFICATION_STATE };
  let now = Date.UTC(2026, 0, 1);
  const told: string[][] = [];
  const take = (input: NotificationInput): void => {
    const decision = decideNotifications(state, input, RULES);
    state = { ...decision.state };
    for (const { alerts } of decision.notifications)
      told.push(
        alerts.map(({ name, about, severity, summary }) => [name, about, severity, summary].join(' ')).sort(),
      );
  };
  return {
    told,
    now: () => now,
    take,
    /** Lets the group that is being collected go out, and the rate limit forget it. */
    passes(): void {
      for (const step of [SHIPPED_ROUTING.groupWait.critical, 11 * MINUTE]) {
        now += step;
        take({ kind: 'tick', at: now });
      }
    },
  };
}

/** The words of each chapter when we deliver. */
function playAlone(): string[][][] {
  const alone = person();
  return STORY.map((chapter) => {
    const before = alone.told.length;
    for (const alert of chapter) alone.take({ kind: 'alert', at: alone.now(), alert });
    alone.passes();
    return alone.told.slice(before);
  });
}

describe.skipIf(!requireProgram(ALERTMANAGER))('the shipped alertmanager.yml', () => {
  test('makes the same words of a story as the watchdog alone', { timeout: 400_000 }, async () => {
    const other = person();
    other.take({ kind: 'muted', at: other.now(), isMuted: true });
    let arrived: string[] = [];
    const watchdog = createServer((request, response) => {
      void (async () => {
        const message = readAlertmanagerMessage(await json(request));
        response.end();
        const isToForward = request.url?.endsWith('tell=yes') === true;
        if (typeof message === 'string' || !isToForward) return;
        for (const { name, state, severity, labels, summary } of message.alerts) {
          const alert = { name, about: labels['server'] ?? null, severity, state, summary };
          arrived.push(alertKey(alert));
          other.take({ kind: 'forwarded', at: other.now(), alert });
        }
      })();
    });
    await new Promise<void>((resolve) => watchdog.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      watchdog.closeAllConnections();
      watchdog.close();
    });
    const folder = join(tempHome().home, 'alertmanager');
    mkdirSync(folder);
    const config = read('alertmanager.yml')
      .replaceAll('127.0.0.1:9638', `127.0.0.1:${portOf(watchdog)}`)
      .replaceAll('<alerts.webhookToken>', 'a-token-of-the-test')
      .replaceAll('group_wait: 5s', 'group_wait: 1s')
      .replaceAll('group_interval: 1m', 'group_interval: 1s');
    const real = await startAlertmanager(folder, { config, port: await freePort() });
    onTestFinished(() => real.stop());

    const post = async (alerts: readonly Omit<AlertChange, 'state'>[]): Promise<void> => {
      const body = JSON.stringify(
        alerts.map(({ name, about, severity, summary }) => ({
          labels: {
            alertname: name,
            severity,
            ...(about === null ? {} : { server: about }),
            job: 'mcp-watchdog',
            instance: 'mac',
          },
          annotations: { summary },
        })),
      );
      const headers = { 'content-type': 'application/json' };
      const { status } = await fetch(`${real.url}/api/v2/alerts`, { method: 'POST', headers, body });
      expect(status).toBe(200);
    };
    const expected = playAlone();
    for (const [index, chapter] of STORY.entries()) {
      for (const alert of chapter) other.take({ kind: 'alert', at: other.now(), alert });
      const before = other.told.length;
      arrived = [];
      await post(chapter);
      const words = (expected[index] ?? []).flat();
      const due = chapter.filter(({ name, about, severity, summary }) =>
        words.includes([name, about, severity, summary].join(' ')),
      );
      await waitFor(() => due.every((alert) => arrived.includes(alertKey(alert))), {
        timeout: 60_000,
        what: `chapter ${index} to arrive`,
      });
      // What comes after an alert that was posted later comes too late to be of this chapter.
      const barrier = {
        name: `Barrier${index}`,
        about: `${index}`,
        severity: 'warning',
        summary: 'b',
      } as const;
      await post([barrier]);
      await waitFor(() => arrived.includes(alertKey(barrier)), { timeout: 60_000, what: 'the barrier' });
      other.passes();
      const told = other.told
        .slice(before)
        .map((words) => words.filter((one) => !one.startsWith('Barrier')))
        .filter((words) => words.length > 0);
      expect(told, `chapter ${index}`).toEqual(expected[index]);
    }
    expect(expected.map((chapter) => chapter.map((words) => words.length))).toEqual([
      [1],
      [1],
      [1],
      [4],
      [1],
      [1],
    ]);
  });

  test('has the times of the watchdog', () => {
    const { config } = readConfig('servers: {}', { path: '/home/ada/config.yaml', environment: {} });
    const { groupWait, repeatInterval } = SHIPPED_ROUTING;
    expect(new Set(Object.values(groupWait)).size).toBe(1);
    expect([repeatInterval.critical, repeatInterval.warning]).toEqual([
      config.alerts.repeatEvery,
      config.alerts.repeatEvery,
    ]);
  });
});
