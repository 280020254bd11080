// Alert controller and channels: alerts on the bus become notifications, a log and a record, in virtual time with a real program.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DaemonConfig } from '../../../src/config/build/loaded-config.ts';
import type { EventOf } from '../../../src/core/model/events.ts';
import { reduceStatus } from '../../../src/core/status/reduce-status.ts';
import type { ChannelSettings, FiringAlert } from '../../../src/core/model/notification.ts';
import { firingAlerts, restoreNotifications } from '../../../src/core/notification/saved-notifications.ts';
import { GROUP_WAIT, WAKE_HOLD } from '../../../src/core/notification/notification-policy.ts';
import { NO_HISTORY } from '../../../src/core/model/status.ts';
import { createRedactor } from '../../../src/core/base/text.ts';
import { createTeardown } from '../../../src/daemon/teardown.ts';
import { openAlertController } from '../../../src/daemon/alerts/alert-controller.ts';
import { createAlertmanagerInbox } from '../../../src/daemon/alerts/alertmanager-inbox.ts';
import { openChannels } from '../../../src/daemon/alerts/channels.ts';
import { createBus } from '../../../src/system/bus.ts';
import { createLog } from '../../../src/system/files/log.ts';
import type { Paths } from '../../../src/system/files/paths.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';
import { serverStatus, status as statusOf } from '../../fakes/status.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { SHIPPED_ROUTING } from '../../../src/core/notification/shipped-routing.ts';

const HOUR = 3_600_000;

/** What a program was told through its stdin, oldest first, as `server status`. */
function toldIn(path: string): string[] {
  if (!existsSync(path)) return [];
  // What follows the last line end is still being written.
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const { kind, status, count, alerts } = JSON.parse(line);
    return kind === 'single' ? `${alerts[0].server} ${status}` : `${kind} of ${count} ${status}`;
  });
}

function appendTo(paths: Paths, name: string): { channel: ChannelSettings; told: () => string[] } {
  const program = join(paths.home, 'append');
  writeFileSync(program, '#!/bin/sh\ncat >> "$1"\n');
  chmodSync(program, 0o755);
  const file = join(paths.home, name);
  const channel = { kind: 'command', command: [program, file], env: {}, timeout: 20_000 } as const;
  return { channel, told: () => toldIn(file) };
}

const hanging: ChannelSettings = {
  kind: 'command',
  command: ['/bin/sleep', '60'],
  env: {},
  timeout: 60_000,
};

type Alerts = Pick<DaemonConfig, 'alerts'>;

function alertsOf(notify: readonly ChannelSettings[], repeatEvery = 4 * HOUR): Alerts {
  return {
    alerts: {
      builtIn: true,
      rules: [],
      evaluateEvery: 15_000,
      prometheusVersion: 3,
      repeatEvery,
      runbookBase: null,
      notify,
      alertmanager: { url: null, configFile: null, routing: SHIPPED_ROUTING },
      prometheus: { url: null },
      webhookToken: null,
    },
  };
}

interface Stage {
  readonly paths: Paths;
  readonly clock: FakeClock;
  readonly disk: { saved: unknown };
}

function stage(): Stage {
  return { paths: tempHome(), clock: new FakeClock(), disk: { saved: undefined } };
}

/** A daemon's life, as far as notifications go; another one on the same stage finds what it left. */
function live({ paths, clock, disk }: Stage, settings: Alerts) {
  const bus = createBus(clock, (error) => {
    throw error;
  });
  const teardown = createTeardown({ clock, timeout: 60_000, onFault: () => {} });
  const log = createLog({ path: null, level: 'fatal', redactor: createRedactor(), clock });
  const servers = ['a', 'b', 'c', 'd', 'e'].map((name) => serverStatus({ name }));
  let status = statusOf(servers, { alerts: firingAlerts(restoreNotifications(disk.saved)) });
  bus.subscribe((event) => {
    status = reduceStatus(status, event, () => NO_HISTORY);
  });
  const notified: EventOf<'notified'>[] = [];
  bus.subscribe((event) => void (event.kind === 'notified' && notified.push(event)));
  const listeners: ((settings: DaemonConfig) => void)[] = [];
  const context = { paths, version: '1', clock, bus, log, redactor: createRedactor(), teardown };
  const onSettings = (listener: (typeof listeners)[number]) => (listeners.push(listener), () => {});
  const reloader = { onSettings };
  const channels = openChannels(context, { settings, reloader, url: 'http://127.0.0.1:9638' });
  const notifying = openAlertController(context, {
    settings,
    reloader,
    channels,
    status: () => status,
    page: { silences: { active: () => [], follow: () => {} } },
    redactedBus: bus,
    alerting: { state: () => new Map() },
    inbox: createAlertmanagerInbox(),
    stateStore: {
      alerts: () => disk.saved,
      setAlerts: (saved) => ((disk.saved = JSON.parse(JSON.stringify(saved))), true),
      delivery: () => null,
      setDelivery: () => {},
    },
  });
  const alert = (about: string, state: 'firing' | 'resolved' = 'firing'): void =>
    bus.publish({
      kind: 'alert',
      name: 'Custom',
      about,
      severity: 'critical',
      state,
      summary: `${about} is ${state}`,
    });
  onTestFinished(() => teardown.run());
  return {
    notifying,
    channels,
    alert,
    bus,
    notified,
    alerts: (): readonly FiringAlert[] => status.daemon.alerts,
    // eslint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of it is read here
    reload: (next: Alerts) => listeners.forEach((listener) => listener(next as DaemonConfig)),
    async end() {
      const ended = teardown.run();
      await settle();
      await ended;
    },
  };
}

describe('notifications of the daemon', { timeout: 120_000 }, () => {
  test('an alert is told, logged, shown and recorded', async () => {
    const here = stage();
    const { channel, told } = appendTo(here.paths, 'told');
    const daemon = live(here, alertsOf([channel]));
    daemon.alert('a');
    expect(daemon.alerts()).toMatchObject([{ name: 'Custom', about: 'a', since: here.clock.now() }]);
    await here.clock.advance(GROUP_WAIT);
    await waitFor(() => daemon.notified.length === 1);
    expect(told()).toEqual(['a firing']);
    expect(daemon.notified).toMatchObject([{ channel: 'command', result: 'sent', reason: null, count: 1 }]);
    daemon.alert('a', 'resolved');
    expect(daemon.alerts()).toEqual([]);
    await here.clock.advance(GROUP_WAIT);
    await waitFor(() => told().length === 2);
    await daemon.end();
    expect(readFileSync(here.paths.alertsLog, 'utf8').replaceAll(/^\S+ /gm, '')).toBe(
      'firing critical Custom a: a is firing\nresolved critical Custom a: a is resolved\n',
    );
  });

  test('a restart of the daemon tells nobody twice, and nothing is lost by it', async () => {
    const here = stage();
    const { channel, told } = appendTo(here.paths, 'told');
    const first = live(here, alertsOf([channel]));
    first.alert('a');
    first.alert('b');
    await here.clock.advance(GROUP_WAIT);
    await waitFor(() => told().length === 2);
    // Neither of these is told before the end.
    first.alert('b', 'resolved');
    first.alert('c');
    await first.end();

    await here.clock.advance(60_000);
    const second = live(here, alertsOf([channel]));
    expect(second.alerts().map(({ about }) => about)).toEqual(['a', 'c']);
    second.alert('a');
    second.notifying.begin();
    await here.clock.advance(GROUP_WAIT);
    await waitFor(() => told().length === 4);
    expect(told().slice(2).sort()).toEqual(['b resolved', 'c firing']);
    await second.end();
  });

  test('what no channel has finished when the daemon dies is sent by the next one', async () => {
    const here = stage();
    const [lost, told] = [appendTo(here.paths, 'lost'), appendTo(here.paths, 'told')];
    const first = live(here, alertsOf([lost.channel, hanging]));
    first.notifying.begin();
    first.alert('a');
    await here.clock.advance(GROUP_WAIT);
    await waitFor(() => first.notified.some(({ result }) => result === 'sent'));
    expect(lost.told()).toEqual(['a firing']);
    // No end: it was killed, with one channel done. The second one of its kind is another program now.
    const second = live(here, alertsOf([lost.channel, told.channel]));
    second.notifying.begin();
    await waitFor(() => second.notified.some(({ result }) => result === 'sent'));
    expect([lost.told(), told.told()]).toEqual([['a firing'], ['a firing']]);
    await second.end();
    const third = live(here, alertsOf([lost.channel, told.channel]));
    third.notifying.begin();
    await here.clock.advance(GROUP_WAIT);
    await third.end();
    expect([lost.told(), told.told()]).toEqual([['a firing'], ['a firing']]);
    const ended = first.end();
    await waitFor(async () => (await here.clock.advance(1000), first.notified.length > 1));
    await ended;
  });

  test('what is decided before the start is done is sent once, after what an earlier daemon left', async () => {
    const here = stage();
    const heard = appendTo(here.paths, 'told');
    const first = live(here, alertsOf([hanging]));
    first.notifying.begin();
    first.alert('a');
    await here.clock.advance(GROUP_WAIT);
    // No end: it was killed while its channel hung.
    const left = structuredClone(here.disk.saved);
    const second = live({ ...here, disk: { saved: left } }, alertsOf([heard.channel]));
    second.alert('a', 'resolved');
    second.alert('b');
    await here.clock.advance(GROUP_WAIT);
    await waitFor(() => heard.told().length === 3);
    second.notifying.begin();
    second.alert('c');
    await here.clock.advance(GROUP_WAIT);
    await waitFor(() => heard.told().length >= 4);
    expect(heard.told()).toEqual(['a firing', 'b firing', 'a resolved', 'c firing']);
    await second.end();
    const ended = first.end();
    await waitFor(async () => (await here.clock.advance(1000), first.notified.length > 0));
    await ended;
  });

  test('what fires when the daemon dies goes on firing in the next one, untold twice', async () => {
    const here = stage();
    const { channel, told } = appendTo(here.paths, 'told');
    const servers = ['a', 'b', 'c', 'd', 'e'];
    const first = live(here, alertsOf([channel]));
    first.notifying.begin();
    for (const server of servers) first.alert(server);
    await here.clock.advance(GROUP_WAIT);
    await waitFor(() => told().length === 1);
    expect(told()).toEqual(['digest of 5 firing']);
    await waitFor(() => first.notified.some(({ result }) => result === 'sent'));
    // No end: it was killed. Whatever it still does goes elsewhere.
    const other = appendTo(here.paths, 'other');
    const second = live(here, alertsOf([other.channel]));
    expect(second.alerts()).toHaveLength(5);
    second.notifying.begin();
    for (const server of servers) second.alert(server);
    await here.clock.advance(4 * HOUR - GROUP_WAIT);
    expect(second.notified.filter(({ result }) => result === 'sent')).toEqual([]);
    await here.clock.advance(3 * GROUP_WAIT);
    await waitFor(() => other.told().length > 0);
    expect(other.told()).toEqual(['digest of 5 firing']);
    await Promise.all([first.end(), second.end()]);
  });

  test('nothing is told while the machine settles after a sleep', async () => {
    const here = stage();
    const { channel, told } = appendTo(here.paths, 'told');
    const daemon = live(here, alertsOf([channel]));
    daemon.alert('a');
    daemon.alert('b');
    daemon.bus.publish({ kind: 'gap', cause: 'sleep', duration: 60_000 });
    await here.clock.advance(WAKE_HOLD - 1);
    daemon.alert('a', 'resolved');
    expect(daemon.notified.filter(({ result }) => result === 'sent')).toEqual([]);
    await here.clock.advance(1);
    await waitFor(() => told().length === 1);
    expect(told()).toEqual(['b firing']);
    expect(daemon.notified).toContainEqual(
      expect.objectContaining({ result: 'suppressed', reason: 'passing', count: 2 }),
    );
    await daemon.end();
  });

  test('other channels and another repeatEvery count from the reload on', async () => {
    const here = stage();
    const [old, young] = [appendTo(here.paths, 'old'), appendTo(here.paths, 'young')];
    const daemon = live(here, alertsOf([old.channel]));
    daemon.alert('a');
    await here.clock.advance(GROUP_WAIT);
    await waitFor(() => old.told().length === 1);
    daemon.reload(alertsOf([young.channel], HOUR));
    await here.clock.advance(HOUR + GROUP_WAIT);
    await waitFor(() => young.told().length === 1);
    expect([old.told(), young.told()]).toEqual([['a firing'], ['a firing']]);
    await daemon.end();
  });

  test('waits and inhibition rules of another Alertmanager config count from the reload on', async () => {
    const here = stage();
    const { channel, told } = appendTo(here.paths, 'told');
    const { alerts } = alertsOf([channel]);
    const daemon = live(here, { alerts });
    const source = [{ name: 'server', value: 'a', isRegex: false, isEqual: true }];
    const target = [{ name: 'server', value: 'b', isRegex: false, isEqual: true }];
    const routing = {
      ...SHIPPED_ROUTING,
      groupWait: { critical: 60_000, warning: 90_000, info: 90_000 },
      inhibitRules: [{ source, target, equal: [] }],
    };
    daemon.reload({ alerts: { ...alerts, alertmanager: { ...alerts.alertmanager, routing } } });
    daemon.alert('a');
    daemon.alert('b');
    daemon.alert('c');
    await here.clock.advance(59_999);
    expect(daemon.notified).toEqual([]);
    await here.clock.advance(1);
    await waitFor(() => told().length === 2);
    expect(told().toSorted()).toEqual(['a firing', 'c firing']);
    await daemon.end();
  });

  test('a test goes through every channel at once, and is counted', async () => {
    const here = stage();
    const { channel, told } = appendTo(here.paths, 'told');
    const missing = { kind: 'command', command: ['/nowhere/tell'], env: {}, timeout: 20_000 } as const;
    const daemon = live(here, alertsOf([channel, missing]));
    expect(await daemon.channels.test()).toMatchObject([
      { kind: 'command', to: 'append', outcome: { result: 'sent' } },
      { kind: 'command', to: 'tell', outcome: { result: 'failed', reason: 'missing_program' } },
    ]);
    expect(told()).toEqual(['test of 0 test']);
    expect(daemon.notified.map(({ result }) => result).sort()).toEqual(['failed', 'sent']);
    await daemon.end();
  });
});
