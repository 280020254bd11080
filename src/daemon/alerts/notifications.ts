// How alerts reach the person: what the policy lets through goes to the channels, and all of it into the records.
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import type { NotifyKind, NotifySuppression } from '../../core/model/vocabulary.ts';
import type { ChannelReport, SendResult } from '../../core/model/notification.ts';
import type { NotificationInput } from '../../core/notification/notification-policy.ts';
import type { NotificationRules } from '../../core/notification/notification-state.ts';
import type { Status } from '../../core/model/status.ts';
import { INHIBITED_BY } from '../../core/notification/notification-state.ts';
import { openAlertLog } from '../../notify/alert-log.ts';
import { createDispatcher, type Dispatcher } from '../../notify/dispatcher.ts';
import { childEnvironment } from '../../supervisor/environment.ts';
import { systemClock } from '../../system/time/clock.ts';
import { type NotificationController, openNotificationController } from './notification-controller.ts';
import type { DaemonContext } from '../context.ts';
import type { StateStore } from '../home/state-store.ts';
import type { Projections } from '../home/projections.ts';
import type { Reloader } from '../config/reload.ts';

export interface Notifications {
  /** What concerns the policy beside the alerts themselves. */
  take(input: NotificationInput): void;
  /** Which alerts are not to be told for now, whoever asks. */
  silence(isSilenced: NonNullable<NotificationRules['isSilenced']>): void;
  /** One notification through every channel, now; what became of each. */
  test(): Promise<readonly ChannelReport[]>;
  /** What an earlier daemon left untold is told from now on. */
  begin(): void;
}

export interface NotificationsParts {
  readonly status: () => Status;
  readonly redactedBus: Projections['redactedBus'];
  readonly stateStore: Pick<StateStore, 'alerts' | 'setAlerts'>;
  readonly reloader: Pick<Reloader, 'onSettings'>;
  readonly settings: Pick<DaemonConfig, 'alerts'>;
}

/** How long a channel may go on when the daemon ends; a program that ignores its end takes a second more. */
const LAST_WORDS = 1000;

export function openNotifications(context: DaemonContext, parts: NotificationsParts): Notifications {
  const { clock, log, paths, teardown } = context;
  const dispatcher = openChannels(context, parts);
  const desk = openDesk(context, parts, dispatcher);
  const alertLog = openAlertLog({
    path: paths.alertsLog,
    clock: systemClock,
    onTrouble: (err) =>
      err === null ? log.info({}, 'The log of alerts works again') : log.error({ err }, 'Cannot log alerts'),
  });
  const unsubscribe = parts.redactedBus.subscribe((event) => {
    if (event.kind === 'alert') {
      alertLog.write(event);
      const { kind: _, at, ...alert } = event;
      desk.take({ kind: 'alert', at, alert });
    } else if (event.kind === 'gap') {
      desk.take({ kind: event.cause === 'sleep' ? 'woke' : 'tick', at: event.at });
    }
  });
  teardown.add('notifications', async () => {
    unsubscribe();
    desk.close();
    await dispatcher.close(LAST_WORDS);
    await alertLog.close();
  });
  return {
    take: (input) => desk.take(input),
    silence: (isSilenced) => desk.silence(isSilenced),
    test: () => dispatcher.test(),
    begin() {
      desk.take({ kind: 'tick', at: clock.now() });
    },
  };
}

function openChannels({ bus, clock }: DaemonContext, { settings, reloader }: NotificationsParts): Dispatcher {
  const dispatcher = createDispatcher({
    settings: settings.alerts.notify,
    clock,
    environment: childEnvironment(process.env, {}),
    platform: process.platform,
    onResult: (channel, outcome) => bus.publish({ kind: 'notified', channel, ...resultOf(outcome) }),
    onDropped: (channel, reason, count) => publishSpared(bus, channel, { reason, count }),
  });
  let current = JSON.stringify(settings.alerts.notify);
  reloader.onSettings(({ alerts }) => {
    if (JSON.stringify(alerts.notify) === current) return;
    current = JSON.stringify(alerts.notify);
    dispatcher.replace(alerts.notify);
  });
  return dispatcher;
}

function resultOf(outcome: SendResult) {
  const { result, detail } = outcome;
  return { result, reason: outcome.result === 'failed' ? outcome.reason : null, detail, count: 1 };
}

function publishSpared(
  bus: DaemonContext['bus'],
  channel: NotifyKind,
  spared: { readonly reason: NotifySuppression; readonly count: number },
): void {
  bus.publish({ kind: 'notified', channel, result: 'suppressed', detail: null, ...spared });
}

function openDesk(
  { bus, clock }: DaemonContext,
  parts: NotificationsParts,
  dispatcher: Dispatcher,
): NotificationController {
  const rulesOf = ({ alerts }: NotificationsParts['settings']) => ({
    repeatEvery: alerts.repeatEvery,
    inhibitedBy: INHIBITED_BY,
  });
  const desk = openNotificationController({
    clock,
    stateStore: parts.stateStore,
    rules: rulesOf(parts.settings),
    onTell: (notification) => dispatcher.send(notification),
    onSpared(spared) {
      for (const kind of dispatcher.kinds()) publishSpared(bus, kind, spared);
    },
  });
  parts.reloader.onSettings((settings) => desk.setRules(rulesOf(settings)));
  return desk;
}
