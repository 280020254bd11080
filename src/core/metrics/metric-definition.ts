// Definitions of metrics: type, unit, help, labels, and the prefix of the name.

/** `timestamp` is seconds since the epoch, `boolean` 0 or 1, `info` always 1 with the text in the labels. */
export type MetricUnit = 'seconds' | 'timestamp' | 'bytes' | 'boolean' | 'count' | 'info';

/** Label name to its closed list of values; null for a value that comes from the config or the system. */
type MetricLabels = Readonly<Record<string, readonly string[] | null>>;

/** Before the names of our own metrics. */
export const METRIC_PREFIX = 'mcp_watchdog_';

export interface MetricDefinition {
  /** Before the name in the catalogue: `METRIC_PREFIX`, or nothing where a standard fixes the whole name. */
  readonly prefix: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly unit: MetricUnit;
  /** One stable sentence: Prometheus shows it, and warns when it changes. */
  readonly help: string;
  readonly labels: MetricLabels;
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets?: readonly number[];
  /** Counts events, so that it goes on counting after our own restart. */
  readonly survives?: true;
}

type Options = Partial<Pick<MetricDefinition, 'prefix' | 'labels' | 'survives'>>;

export function gauge(unit: MetricUnit, help: string, options: Options = {}): MetricDefinition {
  return { type: 'gauge', unit, help, prefix: METRIC_PREFIX, labels: {}, ...options };
}

export function counter(unit: MetricUnit, help: string, options: Options = {}): MetricDefinition {
  return { type: 'counter', unit, help, prefix: METRIC_PREFIX, labels: {}, ...options };
}

export function histogram(
  unit: MetricUnit,
  help: string,
  options: Options & { readonly buckets: readonly number[] },
): MetricDefinition {
  return { type: 'histogram', unit, help, prefix: METRIC_PREFIX, labels: {}, ...options };
}

/** Every combination of the closed lists, with the open labels taken from `known`, which also narrows a closed one. */
export function everyLabelSet(
  { labels }: MetricDefinition,
  known: Readonly<Record<string, string>>,
): Record<string, string>[] {
  let sets: Record<string, string>[] = [{}];
  for (const [label, list] of Object.entries(labels)) {
    const given = known[label];
    const values = given === undefined ? (list ?? []) : [given];
    const longer: Record<string, string>[] = [];
    for (const set of sets) for (const value of values) longer.push(withLabel(set, label, value));
    sets = longer;
  }
  return sets;
}

/** Returns the labels with one more. Copied one by one: in code that runs rarely V8 gives each `{ ...labels }` a hidden class of its own. */
export function withLabel(
  labels: Readonly<Record<string, string>>,
  label: string,
  text: string,
): Record<string, string> {
  const more: Record<string, string> = {};
  for (const known in labels) more[known] = labels[known] ?? '';
  more[label] = text;
  return more;
}
