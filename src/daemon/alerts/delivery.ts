// Who delivers alerts: what is heard of Prometheus and Alertmanager comes together here.
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import type { EvaluatedAlert } from '../../core/delivery/alertmanager-post.ts';
import type { DeliverySettings } from '../../core/delivery/delivery.ts';
import type { WatchdogEvent } from '../../core/model/events.ts';
import type { Status } from '../../core/model/status.ts';
import { AlertmanagerPoller } from './alertmanager-poller.ts';
import type { DaemonContext } from '../context.ts';
import { DeliveryController } from './delivery-controller.ts';
import type { StateStore } from '../home/state-store.ts';
import type { Notifications } from './notifications.ts';
import type { Reloader } from '../config/reload.ts';

export type Delivery = Pick<DeliveryController, 'hear'>;

export interface DeliveryParts {
  readonly settings: Pick<DaemonConfig, 'alerts'>;
  readonly reloader: Pick<Reloader, 'onSettings'>;
  readonly stateStore: Pick<StateStore, 'delivery' | 'setDelivery'>;
  readonly status: () => Status;
  readonly notifying: Pick<Notifications, 'take' | 'silence'>;
  readonly alerting: { state(): ReadonlyMap<string, readonly EvaluatedAlert[]> };
}

/** Between two looks at the time, ms, at most. */
const TICK = 5000;
/** Alertmanager is asked at least so often, ms. */
const ASK_AT_LEAST = 30_000;
/** A posted alert lasts for so many rounds, as Prometheus has it, and at least for so many ms. */
const ROUNDS_LASTING = 4;
const LEAST_LASTING = 60_000;

export function openDelivery(context: DaemonContext, parts: DeliveryParts): Delivery {
  const { bus, clock, teardown } = context;
  const { notifying, status, alerting } = parts;
  let settings = settingsOf(parts.settings);
  const desk = new DeliveryController({
    ...context,
    ...parts,
    settings,
    firing: () => status().daemon.alerts,
    ruled: () => [...alerting.state().values()].flat(),
    tell: (input) => notifying.take(input),
    onToPost: () => asking.hurry(),
  });
  const asking = openAsking(context, desk, () => settings);
  notifying.silence((alert, at) => desk.isSilenced(alert, at));
  const unsubscribe = bus.subscribe((event) => hearNews(event, desk));
  let cancelTick = (): void => {};
  const tick = (): void => {
    cancelTick = clock.after(Math.min(TICK, settings.every), tick);
    desk.take({ kind: 'tick' });
  };
  parts.reloader.onSettings((next) => {
    const { url } = settings;
    settings = settingsOf(next);
    desk.replace(settings, settings.url !== url);
    asking.follow(settings);
  });
  teardown.add('delivery', () => {
    unsubscribe();
    cancelTick();
    asking.close();
  });
  desk.begin();
  tick();
  asking.follow(settings);
  return desk;
}

function hearNews(event: WatchdogEvent, desk: DeliveryController): void {
  if (event.kind === 'alert') desk.alerted(event);
  else if (event.kind === 'scraped') desk.scraped(event);
  else if (event.kind === 'gap' && event.cause === 'sleep') desk.take({ kind: 'woke' });
}

function openAsking(
  { clock, log }: DaemonContext,
  desk: DeliveryController,
  settings: () => Settings,
): AlertmanagerPoller {
  return new AlertmanagerPoller({
    clock,
    toPost: () => desk.toPost(Math.max(LEAST_LASTING, ROUNDS_LASTING * settings().every)),
    onPosted: () => desk.posted(),
    onAnswer: (trouble) => desk.take({ kind: 'asked', isReady: trouble === null, trouble }),
    onSilences: (silences) => desk.learnSilences(silences),
    onFault: (err) => log.error({ err }, 'Cannot ask Alertmanager'),
  });
}

interface Settings extends DeliverySettings {
  readonly url: string | null;
  /** Ms between two questions to Alertmanager. */
  readonly every: number;
}

function settingsOf({ alerts: { alertmanager, evaluateEvery } }: Pick<DaemonConfig, 'alerts'>): Settings {
  const { url } = alertmanager;
  return { url, hasAlertmanager: url !== null, every: Math.min(ASK_AT_LEAST, evaluateEvery) };
}
