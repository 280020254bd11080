// Link to the service manager: sd_notify under systemd, a watchdog of the event loop under launchd.
import type { WatchdogEvent } from '../../core/model/events.ts';
import type { Status } from '../../core/model/status.ts';
import { truncate, neutralise } from '../../core/base/text.ts';
import { isHealthy } from '../../core/status/health-summary.ts';
import type { Bus } from '../../system/bus.ts';
import { type Clock, systemClock } from '../../system/time/clock.ts';
import { startEventLoopWatchdog } from '../../system/time/event-loop-watchdog.ts';
import type { Logger } from '../../system/files/log.ts';
import {
  createSystemdNotifier,
  type SystemdNotifier,
  takeSystemdSettings,
} from '../../system/time/systemd-notify.ts';

export interface ServiceManagerParts {
  readonly bus: Bus;
  readonly log: Logger;
  readonly status: () => Status;
  /** Holds NOTIFY_SOCKET and the like, which are removed from it. */
  readonly environment?: Record<string, string | undefined>;
  /** Not the awake clock: it must run while nothing else may fall due. */
  readonly clock?: Clock;
}

export interface ServiceManagerLink {
  /** Announces the shutdown, which takes at most `longest` ms. */
  stopping(longest: number): void;
  /** Announces a reload for as long as `work` takes. */
  reloading<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Ms within which changes are sent as one line: each call costs a process. */
const STATUS_DELAY = 1000;
const LONGEST_STATUS = 300;

/**
 * Opens the link. Under systemd: READY once a config was applied or refused, WATCHDOG from the event loop twice per
 * requested interval, and STATUS with the health of the servers. Under launchd, which has none of this: the event loop
 * watchdog. Else nothing.
 */
export function openServiceManagerLink(parts: ServiceManagerParts): ServiceManagerLink {
  const { log, environment = process.env, clock = systemClock } = parts;
  const settings = takeSystemdSettings(environment);
  if (settings !== null) {
    const onMissing = (): void =>
      log.error({}, 'systemd-notify is not on the PATH: systemd gets neither status nor keep-alive');
    const notify = createSystemdNotifier({ ...settings, clock, onMissing });
    return speak(parts, { notify, clock, watchdog: settings.watchdog });
  }
  const isWatched = environment['MCP_WATCHDOG_SERVICE'] === 'launchd';
  const onFault = (err: unknown): void => log.error({ err }, 'The event loop watchdog has failed');
  const stop = isWatched ? startEventLoopWatchdog({ clock, onFault }) : () => Promise.resolve();
  return { stopping: () => {}, reloading: (work) => work(), close: stop };
}

interface SdNotifier {
  readonly notify: SystemdNotifier;
  readonly clock: Clock;
  readonly watchdog: number | null;
}

function speak(
  { bus, status }: ServiceManagerParts,
  { notify, clock, watchdog }: SdNotifier,
): ServiceManagerLink {
  const stopPulse = startKeepAlive({ notify, clock, watchdog });
  const picture = createStatusLine(status, { notify, clock });
  const unsubscribe = bus.subscribe((event) => {
    if (event.kind === 'config-loaded') picture.ready();
    // After so long a pause the keep-alive is overdue.
    else if (event.kind === 'gap') notify.notify({ WATCHDOG: '1' });
    else if (CHANGES_THE_PICTURE.has(event.kind)) picture.changed();
  });
  const close = async (): Promise<void> => {
    unsubscribe();
    picture.stop();
    stopPulse();
    await notify.flush();
  };
  return {
    reloading(work) {
      notify.notify({ RELOADING: '1' });
      return work().finally(() => notify.notify({ READY: '1' }));
    },
    stopping(longest) {
      picture.stop();
      const microseconds = String(Math.ceil((longest + CLOSING) * 1000));
      notify.notify({ STOPPING: '1', STATUS: 'stopping', EXTEND_TIMEOUT_USEC: microseconds });
    },
    close,
  };
}

/** Ms that the rest takes, beside the stop grace of the servers. */
const CLOSING = 60_000;

const CHANGES_THE_PICTURE: ReadonlySet<WatchdogEvent['kind']> = new Set([
  'server-added',
  'server-changed',
  'server-removed',
  'transition',
  'health',
]);

/** Sends WATCHDOG, which only a running event loop can do. */
function startKeepAlive({ notify, clock, watchdog }: SdNotifier): () => void {
  if (watchdog === null) return () => {};
  const interval = watchdog / 2;
  let cancel = clock.after(interval, beat);

  function beat(): void {
    cancel = clock.after(interval, beat);
    notify.notify({ WATCHDOG: '1' });
  }

  return () => cancel();
}

interface StatusLine {
  /** Sends the status at once after a config was applied or refused, with READY the first time. */
  ready(): void;
  changed(): void;
  stop(): void;
}

function createStatusLine(
  status: () => Status,
  { notify, clock }: Pick<SdNotifier, 'notify' | 'clock'>,
): StatusLine {
  let sent: string | null = null;
  let cancel: (() => void) | null = null;

  function tell(line = formatStatusLine(status())): void {
    if (line === sent) return;
    notify.notify({ ...(sent === null ? { READY: '1' } : {}), STATUS: line });
    sent = line;
  }

  function changed(): void {
    // Before the config was read there is nothing to send.
    if (sent === null) return;
    cancel ??= clock.after(STATUS_DELAY, () => {
      cancel = null;
      tell();
    });
  }

  return {
    ready() {
      const { daemon, servers } = status();
      // The servers of a new config are added after it was applied.
      tell(daemon.config.ok && servers.length === 0 ? 'starting' : undefined);
      changed();
    },
    changed,
    stop: () => cancel?.(),
  };
}

/** Formats `3 of 4 healthy`, or why the config was refused. */
export function formatStatusLine({ daemon, servers }: Status): string {
  const { ok, error } = daemon.config;
  const problem = ok ? null : truncate(neutralise(`config invalid: ${error ?? 'unknown'}`), LONGEST_STATUS);
  const wrong = servers.filter((server) => !isHealthy(server)).length;
  const health = `${servers.length - wrong} of ${servers.length} healthy`;
  if (problem === null) return servers.length === 0 ? 'no servers configured' : health;
  return servers.length === 0 ? problem : `${health}; ${problem}`;
}
