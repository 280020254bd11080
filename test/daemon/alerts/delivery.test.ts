// Alert controller in virtual time, with the real policy and a pretended Alertmanager: who delivers, and what is sent.
import { subscribe } from 'node:diagnostics_channel';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { EvaluatedAlert } from '../../../src/core/delivery/alertmanager-post.ts';
import type { DaemonConfig } from '../../../src/config/build/loaded-config.ts';
import { DELIVERY_GRACE } from '../../../src/core/delivery/delivery.ts';
import type { DeliveryOwner } from '../../../src/core/model/vocabulary.ts';
import type { EventOf } from '../../../src/core/model/events.ts';
import { reduceStatus } from '../../../src/core/status/reduce-status.ts';
import { NO_HISTORY } from '../../../src/core/model/status.ts';
import { isObject } from '../../../src/core/base/guards.ts';
import { createRedactor } from '../../../src/core/base/text.ts';
import { openAlertController } from '../../../src/daemon/alerts/alert-controller.ts';
import { createAlertmanagerInbox } from '../../../src/daemon/alerts/alertmanager-inbox.ts';
import { createTeardown } from '../../../src/daemon/teardown.ts';
import { createBus } from '../../../src/system/bus.ts';
import type { Clock } from '../../../src/system/time/clock.ts';
import { createLog } from '../../../src/system/files/log.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';
import { type PretendedAlertmanager, pretendAlertmanager } from '../../fakes/pretended-alertmanager.ts';
import { pretendPrometheus } from '../../fakes/pretended-prometheus.ts';
import { status as statusOf } from '../../fakes/status.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { SHIPPED_ROUTING } from '../../../src/core/notification/shipped-routing.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const EVERY = 15 * SECOND;
const REPEAT = 20 * MINUTE;
const HEARTBEAT = {
  version: '4',
  alerts: [{ status: 'firing', labels: { alertname: 'Watchdog', severity: 'none' }, annotations: {} }],
};

/** Whom nobody waits for in virtual time: how long an answer takes is the business of the real one. */
function patient(clock: FakeClock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delay, wake) => (delay === 3000 ? () => {} : clock.after(delay, wake)),
  };
}

/** Requests to the pretended ones that are not answered yet. */
const open = new Set<unknown>();
const requestIn = (news: unknown): unknown => (isObject(news) ? news['request'] : null);
subscribe('undici:request:create', (news) => void open.add(requestIn(news)));
for (const end of ['undici:request:trailers', 'undici:request:error'])
  subscribe(end, (news) => void open.delete(requestIn(news)));

/** Waits until nothing is asked any more, and what follows from the answers has happened. */
async function answersArrived(): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet = open.size === 0 ? quiet + 1 : 0) await settle();
}

const TOKEN = 'a-token-of-the-test';

interface Proof {
  readonly token?: string | null;
  readonly prometheus?: string | null;
}

function settingsFor(
  url: string | null,
  { token = TOKEN, prometheus = null }: Proof = {},
): Pick<DaemonConfig, 'alerts'> {
  return {
    alerts: {
      builtIn: false,
      rules: [],
      evaluateEvery: EVERY,
      prometheusVersion: 3,
      repeatEvery: REPEAT,
      runbookBase: null,
      notify: [],
      alertmanager: { url, configFile: null, routing: SHIPPED_ROUTING },
      prometheus: { url: prometheus },
      webhookToken: token,
    },
  };
}

interface World {
  readonly prometheus: boolean;
  readonly heartbeats: boolean;
}
const BOTH: World = { prometheus: true, heartbeats: true };
const NONE: World = { prometheus: false, heartbeats: false };

function live(
  url: string | null,
  saved: { delivery: unknown; alerts: unknown } = { delivery: null, alerts: null },
  proof: Proof = {},
  { isDiskFull = false } = {},
) {
  const time = new FakeClock();
  const clock = patient(time);
  const bus = createBus(clock, (error) => {
    throw error;
  });
  const teardown = createTeardown({ clock, timeout: MINUTE, onFault: () => {} });
  onTestFinished(() => teardown.run());
  const redactor = createRedactor();
  const log = createLog({ path: null, level: 'fatal', redactor, clock });
  let status = statusOf([]);
  bus.subscribe((event) => (status = reduceStatus(status, event, () => NO_HISTORY)));
  const said: EventOf<'delivery'>[] = [];
  bus.subscribe((event) => void (event.kind === 'delivery' && said.push(event)));
  const told: string[] = [];
  const ruled = new Map<string, EvaluatedAlert>();
  const listeners: ((settings: DaemonConfig) => void)[] = [];
  const inbox = createAlertmanagerInbox();
  openAlertController(
    { paths: tempHome(), version: '1', clock, bus, log, redactor, teardown },
    {
      settings: settingsFor(url, proof),
      reloader: { onSettings: (listener) => (listeners.push(listener), () => {}) },
      stateStore: {
        alerts: () => saved.alerts,
        setAlerts: (record) => ((saved.alerts = record), !isDiskFull),
        delivery: () => saved.delivery,
        setDelivery: (record) => (saved.delivery = record),
      },
      page: { silences: { active: () => [], follow: () => {} } },
      redactedBus: bus,
      inbox,
      channels: {
        send({ alerts }, { onDone } = {}) {
          told.push(...alerts.map(({ about, state }) => `${about} ${state}`));
          onDone?.('test');
        },
        names: () => ['test'],
        suppress: () => {},
      },
      status: () => status,
      alerting: { state: () => new Map([['own', [...ruled.values()]]]) },
    },
  );
  const news = (about: string, state: 'firing' | 'resolved'): void =>
    bus.publish({ kind: 'alert', name: 'Down', about, severity: 'critical', state, summary: about });
  return {
    time,
    bus,
    told,
    said,
    saved,
    owner: () => status.daemon.delivery.owner,
    reasons: () => status.daemon.delivery.reasons,
    /** `for`: how long it pended before. */
    fires(about: string, pended = 0) {
      const labels = {
        alertname: 'Down',
        severity: 'critical',
        server: about,
        job: 'mcp-watchdog',
        instance: 'x',
      };
      const firedAt = time.now();
      const activeAt = firedAt - pended;
      ruled.set(about, { labels, annotations: {}, state: 'firing', activeAt, firedAt, resolvedAt: null });
      news(about, 'firing');
    },
    ends(about: string) {
      const alert = ruled.get(about);
      if (alert !== undefined) ruled.set(about, { ...alert, state: 'inactive', resolvedAt: time.now() });
      news(about, 'resolved');
    },
    hears: (body: unknown, isToForward = true, token: string | null = TOKEN) =>
      inbox.admit(token, { isToForward }) ?? inbox.receive(body, { isToForward }),
    reload: (next: string | null, changed: Proof = proof) =>
      // eslint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of it is read here
      listeners.forEach((tell) => tell(settingsFor(next, changed) as DaemonConfig)),
    /** Second by second; the real answers to what was asked in one arrive before the next. */
    async passes(ms: number, { prometheus, heartbeats }: World = NONE) {
      for (let passed = 0; passed < ms; passed += SECOND) {
        const now = time.monotonic();
        if (prometheus && now % EVERY === 0)
          bus.publish({ kind: 'scraped', by: 'Prometheus/2.42.0', host: 'localhost:9638' });
        if (heartbeats && now % MINUTE === 0) this.hears(HEARTBEAT, false);
        await time.advance(SECOND);
        await answersArrived();
      }
    },
    async until(owner: DeliveryOwner, world: World = NONE, most = 5 * MINUTE) {
      for (let passed = 0; this.owner() !== owner; passed += SECOND) {
        if (passed > most)
          throw new Error(`${this.owner()} delivers, not ${owner}: ${this.reasons().join(', ')}`);
        await this.passes(SECOND, world);
      }
    },
  };
}

/** The servers of the last message, with their end: `a +60` ends in 60 seconds. */
function lastPost({ posts }: PretendedAlertmanager, now: number): string[] {
  return (posts.at(-1) ?? []).map(
    ({ labels, endsAt }) => `${labels['server']} ${Math.round((Date.parse(endsAt) - now) / SECOND)}`,
  );
}

describe('delivery of the daemon', { timeout: 120_000 }, () => {
  test('another url counts from the reload on, and what the one before told is not told again', async () => {
    const [first, second] = [await pretendAlertmanager(), await pretendAlertmanager()];
    const here = live(first.url);
    await here.until('engine', BOTH);
    here.fires('a');
    await here.passes(3 * MINUTE, BOTH);
    here.reload(second.url);
    const asked = first.asked;
    await here.passes(DELIVERY_GRACE + MINUTE, BOTH);
    expect([here.owner(), first.asked, second.asked > 3]).toEqual(['engine', asked, true]);
    // One that nobody listens at.
    here.reload('http://127.0.0.1:1');
    await here.passes(DELIVERY_GRACE - SECOND, BOTH);
    expect(here.owner()).toBe('engine');
    await here.until('us', BOTH);
    await here.passes(MINUTE, BOTH);
    expect(here.told).toEqual([]);
    expect(here.reasons()).toEqual([
      'Alertmanager is not ready (127.0.0.1:1 cannot be reached: ECONNREFUSED)',
    ]);
    here.reload(null);
    await here.passes(SECOND, BOTH);
    expect(here.owner()).toBe('engine');
    expect(here.said.map(({ owner }) => owner).filter((one, index, all) => one !== all[index - 1])).toEqual([
      'us',
      'alertmanager-by-us',
      'engine',
      'us',
      'engine',
    ]);
  });

  test('a url that is taken away leaves nobody in charge but us, who do not repeat', async () => {
    const alertmanager = await pretendAlertmanager();
    const here = live(alertmanager.url);
    await here.until('alertmanager-by-us');
    here.fires('a');
    await here.passes(2 * MINUTE);
    here.reload(null);
    expect(here.owner()).toBe('us');
    here.fires('b');
    await here.passes(MINUTE);
    expect(here.told).toEqual(['b firing']);
  });

  test('what was posted goes on being posted until Prometheus, which began anew, can have found it', async () => {
    const alertmanager = await pretendAlertmanager();
    const here = live(alertmanager.url);
    await here.until('alertmanager-by-us');
    here.fires('a', 2 * MINUTE);
    here.fires('b', 2 * MINUTE);
    await here.until('engine', BOTH);
    const since = here.time.now();
    here.fires('later');
    await here.passes(5 * MINUTE, BOTH);
    expect(lastPost(alertmanager, here.time.now()).map((one) => one.split(' ')[0])).toEqual(['a', 'b']);
    const [post] = alertmanager.posts.at(-1) ?? [];
    expect(Date.parse(post?.endsAt ?? '')).toBeGreaterThan(here.time.now() + 40 * SECOND);
    here.ends('a');
    await here.passes(MINUTE, BOTH);
    expect(lastPost(alertmanager, here.time.now())[0]).toMatch(/^a -/);
    await here.passes(since + 8 * MINUTE - here.time.now(), BOTH);
    const { length } = alertmanager.posts;
    await here.passes(MINUTE, BOTH);
    expect(alertmanager.posts).toHaveLength(length);
    expect(here.told).toEqual([]);
  });

  test('what fires after the others died and before that was noticed is told at once when it is', async () => {
    const alertmanager = await pretendAlertmanager();
    const here = live(alertmanager.url);
    await here.until('engine', BOTH);
    here.fires('a');
    await here.passes(10 * MINUTE, BOTH);
    alertmanager.isReady = false;
    here.fires('b', 2 * MINUTE);
    await here.until('us');
    await here.passes(6 * SECOND);
    expect(here.told).toEqual(['b firing']);
    here.ends('b');
    await here.passes(6 * SECOND);
    expect(here.told).toEqual(['b firing', 'b resolved']);
  });

  test('a silence is honoured while nobody can be asked, until it ends', async () => {
    const alertmanager = await pretendAlertmanager();
    const here = live(alertmanager.url);
    alertmanager.silences = [
      {
        id: 's',
        startsAt: new Date(here.time.now()).toISOString(),
        endsAt: new Date(here.time.now() + 10 * MINUTE).toISOString(),
        matchers: [{ name: 'server', value: 'a|b', isRegex: true, isEqual: true }],
        status: { state: 'active' },
      },
    ];
    await here.until('alertmanager-by-us');
    alertmanager.isReady = false;
    await here.until('us');
    for (const server of ['a', 'b', 'c']) here.fires(server);
    await here.passes(MINUTE);
    here.ends('b');
    expect(here.told).toEqual(['c firing']);
    // Nothing else happens: its end alone is the reason.
    await here.passes(10 * MINUTE);
    expect(here.told).toEqual(['c firing', 'a firing']);
  });

  test('after a sleep it stays who it was, until others had time to come back', async () => {
    const alertmanager = await pretendAlertmanager();
    const here = live(alertmanager.url);
    await here.until('engine', BOTH);
    await here.passes(5 * MINUTE, BOTH);
    here.bus.publish({ kind: 'gap', cause: 'sleep', duration: 8 * 60 * MINUTE });
    alertmanager.isReady = false;
    here.fires('a');
    await here.passes(60 * SECOND);
    expect([here.owner(), here.told]).toEqual(['engine', []]);
    await here.passes(30 * SECOND);
    expect([here.owner(), here.told]).toEqual(['us', ['a firing']]);
  });

  test('a restart believes for a while that others deliver, and tells nothing that they told', async () => {
    const alertmanager = await pretendAlertmanager();
    const here = live(alertmanager.url, {
      delivery: { owner: 'engine', noticed: ['["Down","a"]'], isNoticed: true },
      alerts: null,
    });
    expect(here.owner()).toBe('engine');
    alertmanager.isReady = false;
    here.fires('a');
    here.fires('b');
    await here.until('us');
    expect(here.time.elapsed).toBeGreaterThanOrEqual(DELIVERY_GRACE);
    await here.passes(MINUTE);
    expect(here.told).toEqual(['b firing']);
  });

  test('what Alertmanager takes for told, and an earlier daemon has not written down, is told after the start', async () => {
    const alertmanager = await pretendAlertmanager();
    const known = (server: string, state: string, receivers: readonly string[]) => ({
      labels: {
        alertname: 'Down',
        severity: 'critical',
        server,
        job: 'mcp-watchdog',
        instance: 'localhost:9638',
      },
      annotations: { summary: server },
      status: { state },
      receivers: receivers.map((name) => ({ name })),
    });
    alertmanager.alerts = [
      known('lost', 'active', ['you']),
      known('told', 'active', ['you']),
      known('silenced', 'suppressed', ['you']),
      known('waiting', 'unprocessed', ['you']),
      known('elsewhere', 'active', ['pager']),
      known('reported', 'active', ['quietly']),
    ];
    const record = {
      alert: { name: 'Down', about: 'told', severity: 'critical', state: 'firing', summary: 'told' },
      isOwn: true,
      since: 1,
      told: { state: 'firing', severity: 'critical', at: 1, by: 'relay' },
    };
    const here = live(alertmanager.url, {
      delivery: {
        owner: 'engine',
        noticed: [],
        isNoticed: true,
        instance: 'localhost:9638',
        receivers: { you: 'forwards', quietly: 'reports' },
      },
      alerts: { records: [record], sentAt: [], swallowed: 0 },
    });
    await here.passes(MINUTE, BOTH);
    expect(here.owner()).toBe('engine');
    expect(here.told).toEqual(['lost firing']);
  });

  test.each([
    ['with nobody to ask, both are told', null, ['a firing', 'b firing']],
    ['what goes only to receivers of others counts as told by them', 'pager', ['b firing']],
    ['what goes to us, and was not reported, is told', 'you', ['a firing', 'b firing']],
  ])('after a death of the others, %s', async (_, receiver, expected) => {
    const alertmanager = receiver === null ? null : await pretendAlertmanager();
    const here = live(alertmanager?.url ?? null, {
      delivery: { owner: 'us', noticed: [], isNoticed: true, receivers: { you: 'forwards' } },
      alerts: null,
    });
    await here.until('engine', BOTH);
    here.fires('a');
    const labels = { alertname: 'Down', severity: 'critical', server: 'a', instance: 'x' };
    if (alertmanager !== null)
      alertmanager.alerts = [
        { labels, annotations: {}, status: { state: 'active' }, receivers: [{ name: receiver }] },
      ];
    await here.passes(8 * MINUTE, BOTH);
    expect(here.told).toEqual([]);
    if (alertmanager !== null) alertmanager.isReady = false;
    here.fires('b');
    await here.until('us');
    await here.passes(10 * SECOND);
    expect(here.told).toEqual(expected);
  });

  test('a message is answered with success only when its record is on the disk', async () => {
    const here = live(null, { delivery: null, alerts: null }, {}, { isDiskFull: true });
    const labels = { alertname: 'Down', severity: 'critical', server: 'a' };
    const message = {
      version: '4',
      receiver: 'you',
      alerts: [{ status: 'firing', labels, annotations: {} }],
    };
    expect(here.hears(HEARTBEAT)).toBeNull();
    expect(here.hears(message)).toMatchObject({ kind: 'not-ready' });
    expect(here.hears(message)).toMatchObject({ kind: 'not-ready' });
    await here.passes(10 * SECOND);
    expect(here.told).toEqual(['a firing']);
    expect(here.saved.delivery).toMatchObject({ receivers: { you: 'forwards' } });
  });

  test('what Alertmanager tells of another machine is told with its name, and is not ours to end', async () => {
    const alertmanager = await pretendAlertmanager();
    const here = live(alertmanager.url);
    await here.until('engine', BOTH);
    const message = (state: string) => ({
      version: '4',
      alerts: [
        {
          status: state,
          labels: { alertname: 'Down', severity: 'critical', server: 'files', instance: 'mac:9638' },
          annotations: { summary: 'files is down' },
        },
      ],
    });
    expect(here.hears(message('firing'))).toBeNull();
    await here.passes(10 * SECOND, BOTH);
    expect(here.told).toEqual(['files on mac:9638 firing']);
    alertmanager.isReady = false;
    await here.until('us');
    await here.passes(REPEAT);
    expect(here.told).toHaveLength(1);
    expect(here.hears(message('resolved'))).toBeNull();
    await here.passes(10 * SECOND);
    expect(here.told.at(-1)).toBe('files on mac:9638 resolved');
  });

  test('user agents and heartbeats without the token mute nobody, and mark nothing as sent', async () => {
    for (const [proof, token] of [
      [{ token: null }, null],
      [{ token: null }, TOKEN],
      [{}, null],
      [{}, 'another-token-of-it'],
    ] as const) {
      const here = live(null, { delivery: null, alerts: null }, proof);
      for (let minute = 0; minute < 5; minute += 1) {
        for (let scrape = 0; scrape < 3; scrape += 1)
          here.bus.publish({ kind: 'scraped', by: 'Prometheus/3.0.0', host: 'localhost:1' });
        expect(here.hears(HEARTBEAT, false, token)?.kind).toBe('unproven');
        await here.passes(MINUTE);
      }
      const sent = { alertname: 'Down', severity: 'critical', server: 'a', instance: 'localhost:1' };
      const message = { version: '4', alerts: [{ status: 'firing', labels: sent, annotations: {} }] };
      expect(here.hears(message, false, token)?.kind).toBe('unproven');
      here.fires('a');
      await here.passes(10 * SECOND);
      expect([here.owner(), here.told]).toEqual(['us', ['a firing']]);
    }
  });

  test('words of a stranger are not passed to our channels', async () => {
    const here = live(null, { delivery: null, alerts: null }, { token: null });
    const labels = { alertname: 'PayHere', severity: 'critical', instance: 'elsewhere' };
    const alerts = [{ status: 'firing', labels, annotations: { summary: 'https://evil.example' } }];
    expect(here.hears({ version: '4', alerts }, true, null)?.kind).toBe('unproven');
    await here.passes(MINUTE);
    expect(here.told).toEqual([]);
  });

  test('what Alertmanager could not send for lack of the token is sent by us', async () => {
    const alertmanager = await pretendAlertmanager();
    const here = live(alertmanager.url, { delivery: null, alerts: null }, { token: null });
    await here.until('alertmanager-by-us');
    here.fires('a');
    await here.passes(2 * MINUTE);
    expect(here.told).toEqual([]);
    expect(here.hears({ version: '4', alerts: [] }, true, null)?.kind).toBe('unproven');
    expect(here.owner()).toBe('us');
    await here.passes(10 * SECOND);
    expect(here.told).toEqual(['a firing']);
    here.fires('b');
    await here.passes(10 * SECOND);
    expect(here.told).toEqual(['a firing', 'b firing']);
  });

  test('a Prometheus and an Alertmanager that are asked deliver without any message; user agents do not count', async () => {
    const alertmanager = await pretendAlertmanager();
    const prometheus = await pretendPrometheus();
    const proof = { token: null, prometheus: `${prometheus.url}/prom` };
    const here = live(alertmanager.url, { delivery: null, alerts: null }, proof);
    // Somebody else reads the metrics in its name, and no rules are loaded.
    prometheus.instance = null;
    await here.passes(3 * MINUTE, { prometheus: true, heartbeats: false });
    expect(here.owner()).toBe('alertmanager-by-us');
    expect(here.reasons()[0]).toMatch(/^Prometheus does not read the metrics \(it has no sample/u);
    prometheus.instance = 'mac:9638';
    await here.passes(2 * MINUTE);
    expect([here.owner(), here.reasons()]).toEqual([
      'alertmanager-by-us',
      ['no heartbeat of Alertmanager has arrived yet'],
    ]);
    alertmanager.alerts = [{ labels: { alertname: 'Watchdog' } }];
    await here.until('engine');
    expect(here.saved.delivery).toMatchObject({ owner: 'engine', instance: 'mac:9638' });
    expect(prometheus.queries[0]).toContain('process_start_time_seconds');
    expect(prometheus.paths).toEqual(new Set(['/prom/api/v1/query']));
    await here.passes(5 * MINUTE);
    expect(here.owner()).toBe('engine');
    prometheus.instance = null;
    await here.until('alertmanager-by-us', { prometheus: true, heartbeats: false });
    prometheus.instance = 'mac:9638';
    await here.until('engine');
    here.reload(alertmanager.url, { token: null });
    expect(here.owner()).toBe('alertmanager-by-us');
  });
});
