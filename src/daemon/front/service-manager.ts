// What the service manager is told of the daemon, and who ends it when its event loop is stuck.
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
  /** Where systemd says how to reach it; what it says is taken out. */
  readonly environment?: Record<string, string | undefined>;
  /** Time that passes also while nothing else may fall due. */
  readonly clock?: Clock;
}

export interface ServiceManagerLink {
  /** The end begins, and takes at most so many ms. */
  stopping(longest: number): void;
  /** Tells that a reload is under way while `work` is done. */
  reloading<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Changes within this time are told in one line: a call costs a process. */
const STATUS_DELAY = 1000;
const LONGEST_STATUS = 300;

/**
 * Under systemd: READY once a config was taken over or found wrong, a sign of life from the event loop at twice the pace
 * that is asked for, and how the servers are. Under launchd, which does none of this: the dead man. Else nothing.
 */
export function openServiceManagerLink(parts: ServiceManagerParts): ServiceManagerLink {
  const { log, environment = process.env, clock = systemClock } = parts;
  const settings = takeSystemdSettings(environment);
  if (settings !== null) {
    const onMissing = (): void =>
      log.error({}, 'systemd-notify is not on the PATH: systemd cannot be told that we live');
    const notify = createSystemdNotifier({ ...settings, clock, onMissing });
    return speak(parts, { notify, clock, watchdog: settings.watchdog });
  }
  const isWatched = environment['MCP_WATCHDOG_SERVICE'] === 'launchd';
  const onFault = (err: unknown): void => log.error({ err }, 'Nobody watches the event loop any more');
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
    // Whoever was away for so long owes a sign of life at once.
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

/** What the rest takes, beside the grace of the servers. */
const CLOSING = 60_000;

const CHANGES_THE_PICTURE: ReadonlySet<WatchdogEvent['kind']> = new Set([
  'server-added',
  'server-changed',
  'server-removed',
  'transition',
  'health',
]);

/** A sign of life that only a running event loop can give. */
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
  /** A config was taken over or refused: told at once, with READY the first time. */
  ready(): void;
  changed(): void;
  stop(): void;
}

function createStatusLine(
  status: () => Status,
  { notify, clock }: Pick<SdNotifier, 'notify' | 'clock'>,
): StatusLine {
  let told: string | null = null;
  let cancel: (() => void) | null = null;

  function tell(line = formatStatusLine(status())): void {
    if (line === told) return;
    notify.notify({ ...(told === null ? { READY: '1' } : {}), STATUS: line });
    told = line;
  }

  function changed(): void {
    // Before the config was looked at there is nothing to tell.
    if (told === null) return;
    cancel ??= clock.after(STATUS_DELAY, () => {
      cancel = null;
      tell();
    });
  }

  return {
    ready() {
      const { daemon, servers } = status();
      // The servers of a new config are put in place after it was taken over.
      tell(daemon.config.ok && servers.length === 0 ? 'starting' : undefined);
      changed();
    },
    changed,
    stop: () => cancel?.(),
  };
}

/** `3 of 4 healthy`, or what keeps the config from being taken over. */
export function formatStatusLine({ daemon, servers }: Status): string {
  const { ok, error } = daemon.config;
  const problem = ok ? null : truncate(neutralise(`config invalid: ${error ?? 'unknown'}`), LONGEST_STATUS);
  const wrong = servers.filter((server) => !isHealthy(server)).length;
  const health = `${servers.length - wrong} of ${servers.length} healthy`;
  if (problem === null) return servers.length === 0 ? 'no servers configured' : health;
  return servers.length === 0 ? problem : `${health}; ${problem}`;
}
