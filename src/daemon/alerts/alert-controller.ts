// Controller of alert delivery: decides who notifies (we, or Prometheus with Alertmanager), and runs the notification policy.
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import type { EvaluatedAlert } from '../../core/delivery/alertmanager-post.ts';
import type { DeliverySettings } from '../../core/delivery/delivery.ts';
import { readSavedDelivery } from '../../core/delivery/saved-delivery.ts';
import type { WatchdogEvent } from '../../core/model/events.ts';
import type { Status } from '../../core/model/status.ts';
import { type AlertLog, openAlertLog } from '../../notify/alert-log.ts';
import { systemClock } from '../../system/time/clock.ts';
import { untilTick } from '../../system/time/tick.ts';
import type { Reloader } from '../config/reload.ts';
import type { DaemonContext } from '../context.ts';
import type { Projections } from '../home/projections.ts';
import type { StateStore } from '../home/state-store.ts';
import { AlertSilences } from './alert-silences.ts';
import type { AlertmanagerInbox } from './alertmanager-inbox.ts';
import { AlertmanagerPoller } from './alertmanager-poller.ts';
import type { Channels } from './channels.ts';
import type { OwnSilences } from './silence-book.ts';
import { PrometheusPoller } from './prometheus-poller.ts';
import { DeliveryRunner } from './delivery-runner.ts';
import { type NotificationRunner, startNotificationRunner } from './notification-runner.ts';

export interface AlertController {
  /** Lets the policy decide on what an earlier daemon left unreported. */
  begin(): void;
}

export interface AlertControllerParts {
  readonly settings: Pick<DaemonConfig, 'alerts'>;
  readonly reloader: Pick<Reloader, 'onSettings'>;
  readonly stateStore: Pick<StateStore, 'alerts' | 'setAlerts' | 'delivery' | 'setDelivery'>;
  readonly redactedBus: Projections['redactedBus'];
  readonly status: () => Status;
  readonly alerting: { state(): ReadonlyMap<string, readonly EvaluatedAlert[]> };
  readonly inbox: Pick<AlertmanagerInbox, 'subscribe' | 'setToken'>;
  readonly channels: Pick<Channels, 'send' | 'names' | 'suppress'>;
  readonly page: { readonly silences: Pick<OwnSilences, 'active' | 'follow'> };
}

/** ms between two checks of the time, at most. */
const TICK = 5000;
/** ms between two polls of Alertmanager, at most. */
const MAX_POLL_INTERVAL = 30_000;
/** A posted alert is valid for this many polls, as with Prometheus, and at least for this many ms. */
const VALID_POLLS = 4;
const MIN_VALIDITY = 60_000;

/** Opens the controller: what others deliver is muted from here on, and Alertmanager is polled. */
export function openAlertController(context: DaemonContext, parts: AlertControllerParts): AlertController {
  const { clock, teardown } = context;
  const evaluated = (): EvaluatedAlert[] => [...parts.alerting.state().values()].flat();
  const saved = readSavedDelivery(parts.stateStore.delivery());
  const silences = new AlertSilences({ saved, evaluated, own: () => parts.page.silences.active() });
  const notifications = startNotifications(context, parts, silences);
  let settings = settingsOf(parts.settings);
  const delivery = new DeliveryRunner({
    ...context,
    stateStore: parts.stateStore,
    settings,
    saved,
    silences,
    firing: () => parts.status().daemon.alerts,
    evaluated,
    notifications,
    onToPost: () => poller.pollNow(),
  });
  const poller = createPoller(context, { delivery, silences, settings: () => settings });
  parts.page.silences.follow({
    client: () => poller.client,
    silences: () => silences.silences,
    owner: () => delivery.owner,
  });
  const prometheus = new PrometheusPoller({
    clock,
    startedAt: clock.now() / 1000 - process.uptime(),
    onReport: (report) => delivery.takePrometheusReport(report),
    onFault: (err) => context.log.error({ err }, 'Cannot ask Prometheus'),
  });
  const follow = (): void => {
    parts.inbox.setToken(settings.token);
    poller.follow(settings);
    prometheus.follow({ url: settings.prometheusUrl, every: settings.every });
  };
  const unsubscribe = subscribe(context, parts, delivery);
  parts.reloader.onSettings((next) => {
    const { url } = settings;
    settings = settingsOf(next);
    delivery.replace(settings, { isOtherAlertmanager: settings.url !== url });
    follow();
  });
  delivery.begin();
  const stopTicking = tickEvery(clock, () => Math.min(TICK, settings.every), delivery);
  follow();
  teardown.add('alert delivery', () => {
    unsubscribe();
    stopTicking();
    poller.close();
    prometheus.close();
  });
  return { begin: () => notifications.begin() };
}

/** Starts the notification policy and the alert log, both fed with redacted events. */
function startNotifications(
  context: DaemonContext,
  { settings, stateStore, channels, redactedBus, reloader }: AlertControllerParts,
  silences: AlertSilences,
): NotificationRunner {
  const { clock, teardown } = context;
  const rules = rulesOf(settings);
  const runner = startNotificationRunner({
    clock,
    stateStore,
    rules: { ...rules, isSilenced: (alert, at) => silences.cover(alert, at) },
    channels,
  });
  reloader.onSettings((next) => runner.setRules(rulesOf(next)));
  const alertLog = openLog(context);
  const unsubscribe = redactedBus.subscribe((event) => {
    if (event.kind === 'alert') {
      alertLog.write(event);
      const { kind: _, at, ...alert } = event;
      runner.take({ kind: 'alert', at, alert });
    } else if (event.kind === 'gap') {
      runner.take({ kind: event.cause === 'sleep' ? 'woke' : 'tick', at: event.at });
    }
  });
  teardown.add('notifications', async () => {
    unsubscribe();
    runner.close();
    await alertLog.close();
  });
  return runner;
}

function openLog({ paths, log }: DaemonContext): AlertLog {
  return openAlertLog({
    path: paths.alertsLog,
    clock: systemClock,
    onTrouble: (err) =>
      err === null
        ? log.info({}, 'Alert log can be written again')
        : log.error({ err }, 'Cannot write the alert log'),
  });
}

/** Feeds bus events and messages of Alertmanager to the delivery. */
function subscribe(
  { bus }: DaemonContext,
  { inbox }: AlertControllerParts,
  delivery: DeliveryRunner,
): () => void {
  const stops = [
    bus.subscribe((event) => takeEvent(event, delivery)),
    inbox.subscribe({
      receive: (message, options) => delivery.receive(message, options),
      refuse: () => delivery.refuse(),
    }),
  ];
  return () => stops.forEach((stop) => stop());
}

function takeEvent(event: WatchdogEvent, delivery: DeliveryRunner): void {
  if (event.kind === 'alert') delivery.takeAlert(event);
  else if (event.kind === 'scraped') delivery.takeScrape(event);
  else if (event.kind === 'gap' && event.cause === 'sleep') delivery.take({ kind: 'woke' });
}

function createPoller(
  { clock, log }: DaemonContext,
  {
    delivery,
    silences,
    settings,
  }: { delivery: DeliveryRunner; silences: AlertSilences; settings: () => PollSettings },
): AlertmanagerPoller {
  /** Polls come closer together when there is something to post; a signal must recur. */
  let heardAt = -Infinity;
  return new AlertmanagerPoller({
    clock,
    asksHeartbeat: () => settings().hasPrometheus && !settings().hasToken,
    onHeartbeat() {
      const at = clock.monotonic();
      if (at - heardAt < 0.9 * settings().every) return;
      heardAt = at;
      delivery.take({ kind: 'heartbeat' });
    },
    toPost: () => delivery.toPost(Math.max(MIN_VALIDITY, VALID_POLLS * settings().every)),
    onPosted: () => delivery.posted(),
    onPolled: (trouble) => delivery.take({ kind: 'asked', isReady: trouble === null, trouble }),
    asksAlerts: () => delivery.asksAlerts,
    instance: () => silences.instance,
    onAlerts: (alerts) => delivery.takeAlerts(alerts),
    onSilences: (list) => delivery.replaceSilences(list),
    onFault: (err) => log.error({ err }, 'Cannot poll Alertmanager'),
  });
}

function tickEvery(
  clock: DaemonContext['clock'],
  interval: () => number,
  delivery: DeliveryRunner,
): () => void {
  let cancel = (): void => {};
  const tick = (): void => {
    cancel = clock.after(untilTick(clock, interval()), tick);
    delivery.take({ kind: 'tick' });
  };
  tick();
  return () => cancel();
}

function rulesOf({ alerts }: Pick<DaemonConfig, 'alerts'>) {
  return { repeatEvery: alerts.repeatEvery, routing: alerts.alertmanager.routing };
}

interface PollSettings extends DeliverySettings {
  readonly url: string | null;
  readonly prometheusUrl: string | null;
  readonly token: string | null;
  /** ms between two polls of Alertmanager */
  readonly every: number;
}

function settingsOf({ alerts }: Pick<DaemonConfig, 'alerts'>): PollSettings {
  const { alertmanager, prometheus, webhookToken, evaluateEvery } = alerts;
  return {
    url: alertmanager.url,
    prometheusUrl: prometheus.url,
    token: webhookToken,
    hasAlertmanager: alertmanager.url !== null,
    hasPrometheus: prometheus.url !== null,
    hasToken: webhookToken !== null,
    every: Math.min(MAX_POLL_INTERVAL, evaluateEvery),
  };
}
