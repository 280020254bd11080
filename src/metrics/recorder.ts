// Metrics recorder: turns bus events and the status into samples and the text of /metrics.
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { EventKind, WatchdogEvent } from '../core/model/events.ts';
import type { Status } from '../core/model/status.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import { createMetricRegistry } from './metric-registry.ts';
import { serverGauges, watchdogGauges, type WatchdogFacts } from './gauges.ts';
import { createServerCounters } from './server-counters.ts';
import { createScrapeCache, type Urgency } from './scrape-cache.ts';
import type { SavedCounters } from './saved-counters.ts';

/** The only format that is ever served, whatever the client would accept. */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface Recorder {
  /** One consistent picture, cached until something changes. */
  render(): Promise<{ readonly text: Buffer; readonly contentType: string }>;
  /** The samples of the metrics that are wanted, as the text would show them now. */
  samples(wants: (name: string) => boolean): Promise<readonly MetricSample[]>;
  /** The event counters, as plain JSON for the state file; up to date with the last event. */
  counters(): SavedCounters;
  /** Adds what `counters()` gave in an earlier life, to be called once; what cannot be believed is left out. */
  restore(saved: unknown): void;
  dispose(): void;
}

export interface RecorderOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  /** The snapshot that page and command line show; its fold must see the events that `bus` carries. */
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
  gap: 'now',
  'config-loaded': 'now',
  'state-persist-failed': 'now',
  probed: 'soon',
  sampled: 'soon',
  collected: 'soon',
  ticked: 'soon',
  'install-progress': 'never',
  limit: 'never',
  'log-dropped': 'never',
  brake: 'never',
  listening: 'never',
  reaped: 'never',
  'orphan-reaped': 'now',
  orphans: 'soon',
  notified: 'now',
  alert: 'now',
  job: 'never',
  scraped: 'never',
  evaluated: 'soon',
  delivery: 'now',
  engine: 'soon',
  'update-checked': 'now',
  'update-moved': 'now',
  'update-settled': 'now',
};

export function createRecorder({ bus, clock, status, build }: RecorderOptions): Recorder {
  const board = createMetricRegistry();
  const ledger = createServerCounters(board.probeDurations);
  let evaluation: WatchdogFacts['evaluation'] = null;
  const collectors = new Map<string, { took: number; ok: boolean }>();
  /** Servers whose samples are no longer what the board shows. */
  const changed = new Set<string>();
  const renderer = createScrapeCache(clock, produce);

  function learn(event: WatchdogEvent): void {
    if (event.kind === 'collected') {
      collectors.set(event.collector, { took: event.took, ok: event.error === null });
      // A collector that fails takes its values away from every server.
      if (event.error !== null) for (const { name } of status().servers) changed.add(name);
    } else ledger.record(event);
    if (event.kind === 'evaluated') evaluation = event;
    if ('server' in event) changed.add(event.server);
    renderer.invalidate(URGENCY[event.kind]);
  }

  function update(): void {
    const now = status();
    const servers = new Map(now.servers.map((server) => [server.name, server]));
    for (const name of changed) {
      const server = servers.get(name);
      const facts = ledger.facts(name);
      const isThere = server !== undefined && facts !== undefined;
      board.replaceSamples(name, isThere ? [...serverGauges(server, facts), ...ledger.counters(name)] : []);
    }
    changed.clear();
    board.replaceSamples('', [
      ...watchdogGauges(now, { build, collectors, evaluation }),
      ...ledger.counters(null),
    ]);
  }

  // Everything is brought up to date and read in one go, with no event in between: the picture is of one moment.
  function produce(): Promise<string> {
    update();
    return board.text();
  }

  const unsubscribe = bus.subscribe(learn);
  return {
    render: async () => ({ text: await renderer.current(), contentType: CONTENT_TYPE }),
    samples(wants) {
      update();
      return board.samples(wants);
    },
    counters: () => ledger.save(),
    restore(saved) {
      ledger.restore(saved);
      for (const { name } of status().servers) changed.add(name);
      renderer.invalidate('now');
    },
    dispose: unsubscribe,
  };
}
