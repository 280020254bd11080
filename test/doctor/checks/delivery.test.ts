// Check of alert delivery: no finding where nothing is missing, and the missing part where something is.
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { DaemonStatus } from '../../../src/core/model/status.ts';
import { delivery } from '../../../src/doctor/checks/delivery.ts';
import type { DoctorContext } from '../../../src/doctor/context.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { healthy, loaded, NOW, running, worst } from '../context.ts';

type Delivery = DaemonStatus['delivery'];

const SEEN = { isReachable: true, lastSeenAt: NOW - 5000 };
const GONE = { isReachable: false, lastSeenAt: NOW - 600_000 };
const UNSEEN = { isReachable: false, lastSeenAt: null };

const WITH_URL: Partial<DoctorContext> = {
  config: {
    kind: 'valid',
    loaded: loaded(
      'servers: {a: {command: [x]}}\nalerts: {alertmanager: {url: "http://ada:secret@127.0.0.1:9093"}}',
    ),
  },
};

function withAlerts(alerts: string): Partial<DoctorContext> {
  return {
    config: { kind: 'valid', loaded: loaded(`servers: {a: {command: [x]}}\nalerts: {${alerts}}`) },
  };
}
const URLS =
  'alertmanager: {url: "http://127.0.0.1:9093"}, prometheus: {url: "http://ada:secret@127.0.0.1:9090"}';

function found(change: Partial<Delivery>): Partial<DoctorContext> {
  const engines = { prometheus: UNSEEN, alertmanager: UNSEEN };
  return { daemon: running({ delivery: { owner: 'us', since: NOW, reasons: ['x'], engines, ...change } }) };
}

test.each<readonly [string, Partial<DoctorContext>, string, RegExp]>([
  [
    'nobody else',
    found({ reasons: ['no Prometheus and no Alertmanager is known'] }),
    'ok',
    /^by the watchdog alone$/,
  ],
  ['both', found({ owner: 'engine', reasons: [] }), 'ok', /^by Prometheus and Alertmanager$/],
  [
    'a Prometheus that only reads the metrics',
    found({
      reasons: ['no heartbeat of Alertmanager has arrived yet'],
      engines: { prometheus: SEEN, alertmanager: UNSEEN },
    }),
    'ok',
    /^by the watchdog: no heartbeat/,
  ],
  [
    'an Alertmanager without Prometheus',
    {
      ...WITH_URL,
      ...found({
        owner: 'alertmanager-by-us',
        reasons: ['Prometheus has not read the metrics yet'],
        engines: { prometheus: UNSEEN, alertmanager: SEEN },
      }),
    },
    'ok',
    /^by Alertmanager, which gets them from the watchdog/,
  ],
  [
    'a url where nobody is ready',
    {
      ...WITH_URL,
      ...found({
        reasons: ['Alertmanager is not ready (answered 401)', 'Prometheus …'],
        engines: { prometheus: SEEN, alertmanager: UNSEEN },
      }),
    },
    'warning',
    /^Alertmanager is not ready \(answered 401\)$/,
  ],
  [
    'a url where somebody was',
    {
      ...WITH_URL,
      ...found({
        reasons: ['Alertmanager is not ready'],
        engines: { prometheus: SEEN, alertmanager: GONE },
      }),
    },
    'warning',
    /is not ready, last seen 10 min ago$/,
  ],
  [
    'a Prometheus that is gone',
    found({ engines: { prometheus: GONE, alertmanager: GONE } }),
    'warning',
    /^Prometheus does not scrape \/metrics, last seen 10 min ago$/,
  ],
  [
    'messages that are refused',
    {
      ...WITH_URL,
      ...found({
        reasons: ['messages to /api/v1/alertmanager?tell=yes arrive, but alerts.webhookToken is not set'],
        engines: { prometheus: SEEN, alertmanager: SEEN },
      }),
    },
    'warning',
    /^messages to .*webhookToken is not set$/,
  ],
  [
    'engines without proof',
    {
      ...WITH_URL,
      ...found({ owner: 'alertmanager-by-us', engines: { prometheus: SEEN, alertmanager: SEEN } }),
    },
    'warning',
    /nothing proves that Alertmanager delivers/,
  ],
  [
    'a Prometheus that was asked in vain',
    {
      ...withAlerts(URLS),
      ...found({
        owner: 'alertmanager-by-us',
        reasons: ['Prometheus does not read the metrics (answered 404)'],
        engines: { prometheus: UNSEEN, alertmanager: SEEN },
      }),
    },
    'warning',
    /^Prometheus does not read the metrics \(answered 404\)$/,
  ],
  [
    'a heartbeat that is missing',
    {
      ...withAlerts('webhookToken: 0123456789abcdef'),
      ...found({
        owner: 'alertmanager-by-us',
        engines: { prometheus: SEEN, alertmanager: SEEN },
      }),
    },
    'warning',
    /no heartbeat comes from/,
  ],
  ['no daemon', { daemon: () => Promise.resolve({ kind: 'none' }) }, 'unknown', /no daemon/],
])('%s', async (_, change, status, words) => {
  const findings = await delivery.run(healthy(change));
  expect(worst(findings)).toBe(status);
  expect(findings).toHaveLength(1);
  expect(findings[0]?.message).toMatch(words);
  expect(findings[0]?.cure === null).toBe(status !== 'warning');
  expect(JSON.stringify(findings)).not.toContain('secret');
});

describe('an Alertmanager whose config file the watchdog follows', () => {
  const OWN = 'route: {receiver: a, group_wait: 7s}\nreceivers: [{name: a}]\n';

  function following(running: string | null): Partial<DoctorContext> {
    const { home } = tempHome();
    writeFileSync(`${home}/config.yaml`, CONFIG_FILE);
    writeFileSync(`${home}/am.yml`, OWN);
    return {
      ...found({ owner: 'engine', reasons: [] }),
      config: { kind: 'valid', loaded: loadConfig(`${home}/config.yaml`, {}) },
      alertmanagerConfig: () => Promise.resolve(running),
    };
  }
  const CONFIG_FILE =
    '{servers: {a: {command: [x]}}, alerts: {alertmanager: {url: "http://127.0.0.1:1", configFile: am.yml}}}';

  test.each([
    ['runs with it', OWN],
    ['does not say', null],
    ['says what nobody can read', 'route: ['],
  ])('that %s is fine', async (_, running) => {
    expect(await delivery.run(healthy(following(running)))).toEqual([
      { status: 'ok', message: 'by Prometheus and Alertmanager', cure: null },
    ]);
  });

  test('that runs with another is named, with what differs', async () => {
    const running = `${OWN.replace('7s', '8s')}inhibit_rules: [{equal: [a]}]\n`;
    expect(await delivery.run(healthy(following(running)))).toEqual([
      {
        status: 'warning',
        message: expect.stringMatching(/am\.yml has: inhibition rules, group_wait$/u),
        cure: 'reload Alertmanager, or correct alerts.alertmanager.configFile',
      },
    ]);
  });

  test('is asked only where a file is named', async () => {
    const context = healthy({
      ...WITH_URL,
      ...found({ owner: 'engine', reasons: [] }),
      alertmanagerConfig: () => Promise.reject(new Error('asked')),
    });
    expect(worst(await delivery.run(context))).toBe('ok');
  });
});
