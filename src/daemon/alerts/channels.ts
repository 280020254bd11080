// Notification channels of the config: they follow reloads and publish every result on the bus.
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import type { ChannelReport, Notification, SendResult } from '../../core/model/notification.ts';
import type { NotifyKind, NotifySuppression } from '../../core/model/vocabulary.ts';
import { pageUrl } from '../../core/status/page-url.ts';
import { createDispatcher, type Dispatcher, type SendTo } from '../../notify/dispatcher.ts';
import { childEnvironment } from '../../supervisor/environment.ts';
import type { DaemonContext } from '../context.ts';
import type { Reloader } from '../config/reload.ts';
import { platform } from '../../system/platform.ts';

interface Suppression {
  readonly reason: NotifySuppression;
  readonly count: number;
}

export interface Channels {
  /** Sends a notification through every channel, or those named. */
  send(notification: Notification, options?: SendTo): void;
  /** Returns the names of the channels. */
  names(): readonly string[];
  /** Publishes, for every channel, that notifications were suppressed. */
  suppress(suppressed: Suppression): void;
  /** Sends a test notification through every channel and returns each result. */
  test(): Promise<readonly ChannelReport[]>;
}

/** ms that a channel may go on when the daemon ends; a program that ignores SIGTERM takes a second more. */
const CLOSE_TIMEOUT = 1000;

export function openChannels(
  { bus, clock, teardown }: DaemonContext,
  {
    settings,
    reloader,
    url,
  }: {
    readonly settings: Pick<DaemonConfig, 'alerts'>;
    readonly reloader: Pick<Reloader, 'onSettings'>;
    /** Where the page is served. */
    readonly url: string;
  },
): Channels {
  const publishSuppressed = (channel: NotifyKind, suppressed: Suppression): void =>
    bus.publish({ kind: 'notified', channel, result: 'suppressed', detail: null, ...suppressed });
  const dispatcher = createDispatcher({
    settings: settings.alerts.notify,
    clock,
    environment: childEnvironment(process.env, {}),
    platform,
    page: pageUrl(url),
    onResult: (channel, outcome) => bus.publish({ kind: 'notified', channel, ...resultOf(outcome) }),
    onDropped: (channel, reason, count) => publishSuppressed(channel, { reason, count }),
  });
  followSettings(dispatcher, settings, reloader);
  teardown.add('notification channels', () => dispatcher.close(CLOSE_TIMEOUT));
  return {
    send: (notification, options) => dispatcher.send(notification, options),
    names: () => dispatcher.names(),
    suppress(suppressed) {
      for (const kind of dispatcher.kinds()) publishSuppressed(kind, suppressed);
    },
    test: () => dispatcher.test(),
  };
}

function followSettings(
  dispatcher: Dispatcher,
  { alerts }: Pick<DaemonConfig, 'alerts'>,
  reloader: Pick<Reloader, 'onSettings'>,
): void {
  let current = JSON.stringify(alerts.notify);
  reloader.onSettings(({ alerts: { notify } }) => {
    const next = JSON.stringify(notify);
    if (next === current) return;
    current = next;
    dispatcher.replace(notify);
  });
}

function resultOf(outcome: SendResult) {
  const { result, detail } = outcome;
  return { result, reason: outcome.result === 'failed' ? outcome.reason : null, detail, count: 1 };
}
