// Metrics recorder: turns bus events and the status into samples and the text of /metrics.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { EventKind, WatchdogEvent } from '../core/model/events.ts';
import type { Status } from '../core/model/status.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import { createExemplars } from './exemplars.ts';
import type { Format } from './exposition.ts';
import { createMetricRegistry } from './metric-registry.ts';
import { OPEN_METRICS_TYPE } from './open-metrics.ts';
import { createServerGauges, createWatchdogGauges, type WatchdogFacts } from './gauges.ts';
import { createServerCounters } from './server-counters.ts';
import { createScrapeCache, type ScrapeCache, type Urgency } from './scrape-cache.ts';
import type { SavedCounters } from './counter-store.ts';

const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  'open-metrics': OPEN_METRICS_TYPE,
};

/** Time in which changed servers are updated before others have a turn of the event loop, ms. */
const SLICE = 4;
/** Where news come faster than they are written, the rest is for the next reading. */
const MOST_SLICES = 100;

export interface Recorder {
  /** One consistent exposition, cached until something changes; in OpenMetrics with exemplars of the requests through the gateway. */
  render(format?: Format): Promise<{ readonly text: Buffer; readonly contentType: string }>;
  /** The samples of the metrics that are wanted, as the text would show them now. */
  samples(wants: (name: string) => boolean): Promise<readonly MetricSample[]>;
  /** Returns the event counters as plain JSON for the state file, up to date with the last event. */
  counters(): SavedCounters;
  /** Adds counters saved by an earlier daemon. To be called once; what is not valid is left out. */
  restore(saved: unknown): void;
  dispose(): void;
}

export interface RecorderOptions {
  /** Must be redacted: labels show what servers say of themselves. */
  readonly bus: Pick<Bus, 'subscribe'>;
  readonly clock: Clock;
  /** The snapshot that web page and command line show; its reducer must see the events that `bus` carries. */
  readonly status: () => Status;
  readonly build: WatchdogFacts['build'];
}

const URGENCY: Readonly<Record<EventKind, Urgency>> = {
  'server-added': 'now',
  'server-changed': 'now',
  'server-removed': 'now',
  transition: 'now',
  spawned: 'now',
  exited: 'now',
  restarted: 'now',
  'start-failed': 'now',
  waiting: 'now',
  installed: 'now',
  'using-installed': 'now',
  handshake: 'now',
  health: 'now',
  condition: 'soon',
  gap: 'now',
  'config-loaded': 'now',
  'state-persist-failed': 'now',
  'state-persisted': 'now',
  probed: 'soon',
  sampled: 'soon',
  collected: 'soon',
  ticked: 'soon',
  'install-progress': 'never',
  limit: 'never',
  'log-dropped': 'never',
  exchanged: 'soon',
  'tools-changed': 'now',
  'client-refused': 'soon',
  brake: 'never',
  listening: 'never',
  gateway: 'never',
  reaped: 'never',
  'orphan-reaped': 'now',
  orphans: 'soon',
  notified: 'now',
  alert: 'now',
  job: 'never',
  scraped: 'never',
  evaluated: 'soon',
  recorded: 'soon',
  delivery: 'now',
  engine: 'soon',
  acted: 'soon',
  'update-checked': 'now',
  'update-moved': 'now',
  'update-settled': 'now',
};

export function createRecorder({ bus, clock, status, build }: RecorderOptions): Recorder {
  const exemplars = createExemplars();
  const registry = createMetricRegistry(exemplars);
  const counters = createServerCounters(
    registry.histogram('probe_duration_seconds'),
    registry.histogram('mcp_server_operation_duration_seconds'),
  );
  const gauges = createServerGauges();
  const ownGauges = createWatchdogGauges();
  let evaluation: WatchdogFacts['evaluation'] = null;
  let history: WatchdogFacts['history'] = null;
  const collectors = new Map<string, { took: number; ok: boolean }>();
  /** Servers whose samples in the registry are out of date. */
  const changed = new Set<string>();
  const cacheOf = (format: Format): ScrapeCache =>
    createScrapeCache(clock, () => upToDate(() => registry.text(format)));
  const caches = { text: cacheOf('text'), 'open-metrics': cacheOf('open-metrics') };

  function invalidate(urgency: Urgency): void {
    caches.text.invalidate(urgency);
    caches['open-metrics'].invalidate(urgency);
  }

  function onEvent(event: WatchdogEvent): void {
    if (event.kind === 'collected') {
      collectors.set(event.collector, { took: event.took, ok: event.error === null });
      // A collector that fails takes its values away from every server.
      if (event.error !== null) for (const { name } of status().servers) changed.add(name);
    } else counters.record(event);
    exemplars.record(event);
    if (event.kind === 'evaluated') evaluation = event;
    if (event.kind === 'recorded') history = event.size;
    if ('server' in event) changed.add(event.server);
    invalidate(URGENCY[event.kind]);
  }

  function forget(server: string): void {
    gauges.forget(server);
    registry.replaceGroups(server, []);
  }

  /** Updates servers for a slice of time; false when some are left. */
  function updateSome(): boolean {
    if (changed.size === 0) return true;
    const end = clock.monotonic() + SLICE;
    const servers = new Map(status().servers.map((server) => [server.name, server]));
    for (const name of changed) {
      if (clock.monotonic() > end) return false;
      changed.delete(name);
      const server = servers.get(name);
      const facts = counters.facts(name);
      if (server !== undefined && facts !== undefined)
        registry.replaceGroups(name, [...gauges.takeChanged(server, facts), counters.takeCounters(name)], {
          server: name,
        });
      else forget(name);
    }
    return true;
  }

  /**
   * Reads the registry once it is up to date. What fits into a slice is read in the same turn, with no event in between, so
   * that all values are of one moment; of hundreds of servers those of each are: others have their turn between slices, and
   * before all is read.
   */
  async function upToDate<T>(read: () => Promise<T>): Promise<T> {
    let slices = 1;
    for (; !updateSome() && slices < MOST_SLICES; slices += 1) await nextTurn();
    if (slices > 1) await nextTurn();
    registry.replaceGroups('', [
      ...ownGauges(status(), { build, collectors, evaluation, history }),
      counters.takeCounters(null),
    ]);
    return await read();
  }

  const unsubscribe = bus.subscribe(onEvent);
  return {
    render: async (format = 'text') => ({
      text: await caches[format].current(),
      contentType: CONTENT_TYPES[format],
    }),
    samples: (wants) => upToDate(() => registry.samples(wants)),
    counters: () => counters.save(),
    restore(saved) {
      counters.restore(saved);
      for (const { name } of status().servers) changed.add(name);
      invalidate('now');
    },
    dispose: unsubscribe,
  };
}
