// Exposition in the format OpenMetrics 1.0, with exemplars.
import type { MetricSample } from '../core/model/alert-rules.ts';
import { fullMetricName, METRIC_NAMES, METRICS, PROCESS_METRICS } from '../core/metrics/metric-catalogue.ts';
import type { Exemplars } from './exemplars.ts';

export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

interface Family {
  /** Without the suffix of its samples. */
  readonly name: string;
  readonly type: string;
  readonly help: string | null;
}

/** By the name of a sample. */
const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ...METRIC_NAMES.flatMap((metric) => {
    const { type, help } = METRICS[metric];
    return familyEntries(fullMetricName(metric), type, help);
  }),
  ...PROCESS_METRICS.flatMap(({ name, type }) => familyEntries(name, type, null)),
]);

function familyEntries(name: string, type: string, help: string | null): [string, Family][] {
  const own = { name: type === 'counter' ? name.replace(/_total$/u, '') : name, type, help };
  const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  return suffixes.map((suffix) => [name + suffix, own]);
}

/** Writes all samples; those of one family stand together. */
export function renderOpenMetrics(
  samples: readonly MetricSample[],
  exemplars: Pick<Exemplars, 'find'>,
): string {
  const texts = new Map<string, string>();
  const lines = new BucketLines(exemplars);
  for (const sample of samples) {
    const family = FAMILIES.get(sample.name) ?? { name: sample.name, type: 'unknown', help: null };
    const before = texts.get(family.name) ?? headerOf(family);
    texts.set(family.name, before + lines.write(sample));
  }
  return `${[...texts.values()].join('')}# EOF\n`;
}

function headerOf({ name, type, help }: Family): string {
  const described = help === null ? '' : `# HELP ${name} ${escaped(help)}\n`;
  return `# TYPE ${name} ${type}\n${described}`;
}

/** Lines of samples; an exemplar goes to the lowest bucket that counts its value. */
class BucketLines {
  readonly #exemplars: Pick<Exemplars, 'find'>;
  /** Bound of the bucket before, of the same histogram; the buckets of one come in growing order. */
  #below = -Infinity;

  constructor(exemplars: Pick<Exemplars, 'find'>) {
    this.#exemplars = exemplars;
  }

  write({ name, labels, value }: MetricSample): string {
    const { le, ...others } = labels;
    if (le === undefined) return `${name}${labelText(labels)} ${numberText(value)}\n`;
    const bound = le === '+Inf' ? Infinity : Number(le);
    const exemplar = this.#exemplarAt(others, bound);
    return `${name}${labelText({ ...others, le: boundText(bound) })} ${numberText(value)}${exemplar}\n`;
  }

  #exemplarAt(labels: MetricSample['labels'], bound: number): string {
    const below = this.#below;
    this.#below = bound === Infinity ? -Infinity : bound;
    const found = this.#exemplars.find(labels);
    if (found === null || found.value > bound || found.value <= below) return '';
    const { traceId, spanId, value, at } = found;
    return ` # {trace_id="${traceId}",span_id="${spanId}"} ${numberText(value)} ${at / 1000}`;
  }
}

function labelText(labels: MetricSample['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** A canonical float: `1.0`. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : numberText(bound);
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function escaped(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`).replaceAll('"', String.raw`\"`);
}
