// Projections of the bus: status, metrics, state file, journal and log, subscribed in the order in which they must learn.
import { statSync } from 'node:fs';
import { reduceStatus } from '../../core/status/reduce-status.ts';
import { firingAlerts, restoreNotifications } from '../../core/notification/saved-notifications.ts';
import { readServerHistory } from '../../core/status/server-history.ts';
import { scrubEvent } from '../../core/status/scrub-event.ts';
import type { Redactor } from '../../core/base/text.ts';
import type { WatchdogEvent } from '../../core/model/events.ts';
import { noEngines, type Status } from '../../core/model/status.ts';
import { backedUpStateFiles } from '../../housekeeping/backup.ts';
import { openJournal } from '../../journal/journal.ts';
import { createRecorder, type Recorder } from '../../metrics/recorder.ts';
import { openStateFile } from '../../supervisor/state-file.ts';
import type { Bus } from '../../system/bus.ts';
import { systemClock } from '../../system/time/clock.ts';
import type { DaemonContext } from '../context.ts';
import { counterSlotPaths, openCounterSlots } from './counter-slots.ts';
import { followEnds } from './recent-ends.ts';
import { openStateStore, type StateStore } from './state-store.ts';
import { logEvent } from './log-events.ts';

export interface Projections {
  readonly status: () => Status;
  /** The bus with known secrets redacted from what others wrote. */
  readonly redactedBus: Pick<Bus, 'subscribe'>;
  readonly recorder: Recorder;
  readonly stateStore: StateStore;
  /** Unplanned ends of a server under a daemon that was killed, as times of the lifecycles; to be asked once, when it is added. */
  readonly recentEnds: (server: string) => readonly number[];
  /** When the daemon before this one saved its state last, ms since the epoch; null for none. */
  readonly lastAliveAt: number | null;
}

export function openProjections({
  bus,
  clock,
  log,
  paths,
  redactor,
  version,
  teardown,
}: DaemonContext): Projections {
  const lastAliveAt = timeOfLastChange([paths.state, ...counterSlotPaths(paths.state)]);
  const file = openStateFile(paths.state, () => backedUpStateFiles(paths));
  if (file.recovered !== null) log.error({ recovered: file.recovered }, 'The state file was damaged');
  const remembered = (server: string) => readServerHistory(stateStore.past(server));

  const empty = emptyStatus({ version, paths });
  const alerts = firingAlerts(restoreNotifications(file.initial.alerts));
  let current: Status = { ...empty, daemon: { ...empty.daemon, alerts } };
  const status = (): Status => current;
  const scrubOnce = createEventScrubber(redactor);
  const redactedBus: Projections['redactedBus'] = {
    subscribe: (subscriber) => bus.subscribe((event) => subscriber(scrubOnce(event))),
  };
  redactedBus.subscribe((event) => {
    current = reduceStatus(current, event, remembered);
  });
  const recorder = createRecorder({
    bus: redactedBus,
    clock,
    status,
    build: { version, nodeVersion: process.versions.node },
  });
  const slots = openCounterSlots(paths.state);
  const ends = followEnds(bus, clock);
  const { stamp, counters: saved } = file.initial;
  recorder.restore((stamp === undefined ? null : slots.read(stamp)) ?? saved);

  const stateStore = openStateStore({
    file,
    bus,
    clock: systemClock,
    status,
    counters: () => recorder.counters(),
    slots,
    ends,
  });
  teardown.add('state', () => {
    ends.clear();
    stateStore.save({ durable: true });
  });

  // Journal and log use the time of day, not awake time.
  const journal = openJournal({ path: paths.journal, clock: systemClock, redactor });
  bus.subscribe(journal.record);
  teardown.add('journal', () => journal.close());
  bus.subscribe((event) => logEvent(event, log));
  const recentEnds = (server: string) => ends.restore(server, stateStore.past(server));
  return { status, redactedBus, recorder, stateStore, recentEnds, lastAliveAt };
}

/** Scrubs each event once for all its readers: it comes to one after the other. */
function createEventScrubber({ scrub }: Pick<Redactor, 'scrub'>): (event: WatchdogEvent) => WatchdogEvent {
  const scrubText = (text: string): string => scrub(text);
  let last: { readonly event: WatchdogEvent; readonly scrubbed: WatchdogEvent } | null = null;
  return (event) => {
    if (last?.event !== event) last = { event, scrubbed: scrubEvent(event, scrubText) };
    return last.scrubbed;
  };
}

/** Of the newest of these files, ms since the epoch; null for none. */
function timeOfLastChange(paths: readonly string[]): number | null {
  const last = Math.max(...paths.map(timeOfChange));
  return Number.isFinite(last) ? last : null;
}

function timeOfChange(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return -Infinity;
  }
}

/** Builds the status from before anything is known. */
export function emptyStatus({ version, paths }: Pick<DaemonContext, 'version' | 'paths'>): Status {
  return {
    daemon: {
      version,
      pid: process.pid,
      home: paths.home,
      startedAt: systemClock.now(),
      listen: null,
      config: { path: paths.config, ok: false, error: null, loadedAt: null },
      lastTickAt: null,
      gaps: { count: 0, sleptMs: 0, lastWakeAt: null },
      braked: false,
      lastScrapeAt: null,
      orphans: null,
      alerts: [],
      delivery: noEngines(systemClock.now()),
      deafChannels: {},
      lastPersistFailureAt: null,
    },
    servers: [],
  };
}
