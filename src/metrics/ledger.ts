// What the news say about servers beyond their status: facts for the gauges, counts and probe durations.
import type { EventOf, ProbeName, ProbeResult, WatchdogEvent } from '../core/events.ts';
import { everyLabelSet } from '../core/metric-definition.ts';
import { METRICS, type MetricName } from '../core/metrics.ts';
import type { ServerSpec } from '../core/server.ts';
import { type Durations, durationSamples, NO_DURATIONS, observe } from './durations.ts';
import { probesOf, type ServerFacts } from './gauges.ts';
import type { Labels, Sample } from './sample.ts';
import type { SavedCounters } from './saved-counters.ts';
import { createTally, type Tally } from './tally.ts';

export interface Ledger {
  enter(event: WatchdogEvent): void;
  facts(server: string): ServerFacts | undefined;
  /** Counters and histograms of one server, or with null of the watchdog. */
  samples(server: string | null): Sample[];
  save(): SavedCounters;
  restore(saved: unknown): void;
}

const LIFE: readonly MetricName[] = [
  'server_restarts_total',
  'server_start_failures_total',
  'server_cpu_seconds_total',
];
const PROBING: readonly MetricName[] = ['probes_total', 'probe_failures_total'];
const OWN: readonly MetricName[] = [
  'system_wakeups_total',
  'system_sleep_seconds_total',
  'state_persist_failures_total',
];

type Page = { -readonly [Key in keyof ServerFacts]: ServerFacts[Key] } & {
  /** The processor seconds that the counter already has. */
  cpuSeen: number;
  durations: Partial<Record<ProbeName, Durations>>;
};

interface Book {
  readonly pages: Map<string, Page>;
  readonly tally: Tally;
}

export function createLedger(): Ledger {
  const book: Book = { pages: new Map(), tally: createTally() };
  const { pages, tally } = book;
  for (const metric of OWN) tally.add(metric, {}, 0);
  return {
    enter: (event) => enter(event, book),
    facts: (server) => pages.get(server),
    samples(server) {
      const page = server === null ? undefined : pages.get(server);
      if (page === undefined) return tally.of(server);
      return [...tally.of(server).filter((sample) => fits(sample, page.spec)), ...histograms(page)];
    },
    save: () => tally.save(),
    restore: (saved) => tally.restore(saved),
  };
}

function enter(event: WatchdogEvent, book: Book): void {
  if (!('server' in event)) return countOwn(event, book.tally);
  if (event.kind === 'server-added') return add(event, book);
  if (event.kind === 'server-changed') return change(event, book);
  if (event.kind === 'server-removed') return remove(event, book);
  const page = book.pages.get(event.server);
  if (page === undefined) return;
  note(page, event);
  count(page, event, book.tally);
}

function add({ server, spec, at }: EventOf<'server-added'>, { pages, tally }: Book): void {
  pages.set(server, {
    spec,
    isDone: false,
    wantedSince: at,
    lastSuccess: {},
    protocolVersion: null,
    cpuSeen: 0,
    durations: {},
  });
  makeCounters(spec, tally);
}

function change({ server, spec }: EventOf<'server-changed'>, { pages, tally }: Book): void {
  const page = pages.get(server);
  if (page === undefined) return;
  if (page.spec.probe.kind !== spec.probe.kind) page.durations = {};
  page.spec = spec;
  makeCounters(spec, tally);
}

function remove({ server }: EventOf<'server-removed'>, { pages, tally }: Book): void {
  pages.delete(server);
  tally.forget(server);
}

type ServerNews = Exclude<
  Extract<WatchdogEvent, { server: string }>,
  { kind: 'server-added' | 'server-changed' | 'server-removed' }
>;

function note(page: Page, event: ServerNews): void {
  if (event.kind === 'handshake') page.protocolVersion = event.handshake.protocolVersion;
  if (event.kind === 'probed' && event.result.outcome === 'passed') {
    page.lastSuccess = { ...page.lastSuccess, [event.probe]: event.at };
    const durations = page.durations[event.probe] ?? NO_DURATIONS;
    page.durations[event.probe] = observe(durations, event.result.took / 1000);
  }
  if (event.kind === 'transition') {
    const { from, to, at } = event;
    page.isDone = to.phase === 'stopped' && to.because === 'completed';
    if (from.wanted === 'down' && to.wanted === 'up') page.wantedSince = at;
  }
}

function count(page: Page, event: ServerNews, tally: Tally): void {
  const { server } = event;
  if (event.kind === 'restarted') tally.add('server_restarts_total', { server, reason: event.reason }, 1);
  if (event.kind === 'start-failed') tally.add('server_start_failures_total', { server }, 1);
  if (event.kind === 'probed') countProbe({ server, probe: event.probe }, event.result, tally);
  if (event.kind === 'sampled') {
    const { cpuSeconds } = event.usage;
    tally.add('server_cpu_seconds_total', { server }, Math.max(0, cpuSeconds - page.cpuSeen));
    page.cpuSeen = cpuSeconds;
  }
}

function countProbe(labels: Labels, result: ProbeResult, tally: Tally): void {
  if (result.outcome === 'inconclusive') return;
  tally.add('probes_total', labels, 1);
  if (result.outcome === 'failed') tally.add('probe_failures_total', { ...labels, reason: result.reason }, 1);
}

function countOwn(event: WatchdogEvent, tally: Tally): void {
  if (event.kind === 'state-persist-failed') tally.add('state_persist_failures_total', {}, 1);
  if (event.kind === 'gap' && event.cause === 'sleep') {
    tally.add('system_wakeups_total', {}, 1);
    tally.add('system_sleep_seconds_total', {}, Math.max(0, event.duration) / 1000);
  }
}

/** Every series that may ever count for this server is there with 0, so that its first increase is seen as one. */
function makeCounters({ name: server, source, probe: policy }: ServerSpec, tally: Tally): void {
  if (source.kind !== 'url') for (const metric of LIFE) preset(metric, { server }, tally);
  for (const probe of probesOf(policy))
    for (const metric of PROBING) preset(metric, { server, probe }, tally);
}

function preset(metric: MetricName, known: Labels, tally: Tally): void {
  for (const labels of everyLabelSet(METRICS[metric], known)) tally.add(metric, labels, 0);
}

function histograms({ spec, durations }: Page): Sample[] {
  return probesOf(spec.probe).flatMap((probe) =>
    durationSamples(durations[probe] ?? NO_DURATIONS, { server: spec.name, probe }),
  );
}

/** False for what was counted while the config was another. */
function fits({ metric, labels }: Sample, { source, probe }: ServerSpec): boolean {
  if (LIFE.includes(metric)) return source.kind !== 'url';
  return probesOf(probe).some((name) => name === labels['probe']);
}
