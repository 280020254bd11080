// Exposition in the format OpenMetrics 1.0, with exemplars.
import type { MetricSample } from '../core/model/alert-rules.ts';
import { fullMetricName, METRIC_NAMES, METRICS, PROCESS_METRICS } from '../core/metrics/metric-catalogue.ts';
import type { Exemplar, Exemplars } from './exemplars.ts';

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

/** Creates a writer, which keeps the beginning of each line: series nearly always come with the labels object of before. */
export function createOpenMetricsWriter(exemplars: Pick<Exemplars, 'find'>) {
  const heads = new Map<string, WeakMap<MetricSample['labels'], string>>();

  function headOf({ name, labels }: MetricSample): string {
    const known = heads.get(name) ?? new WeakMap<MetricSample['labels'], string>();
    heads.set(name, known);
    const found = known.get(labels);
    if (found !== undefined) return found;
    const head = `${name}${labelText(labels)} `;
    known.set(labels, head);
    return head;
  }

  /** Writes all samples; those of one family stand together, the buckets of a series in growing order. */
  return (samples: readonly MetricSample[]): string => {
    const texts = new Map<string, string>();
    let below = -Infinity;
    for (const sample of samples) {
      const family = FAMILIES.get(sample.name) ?? { name: sample.name, type: 'unknown', help: null };
      let line = headOf(sample) + numberText(sample.value);
      const { le } = sample.labels;
      if (le !== undefined) {
        const bound = boundOf(le);
        line += exemplarText(exemplars.find(sample.labels), { below, bound });
        below = bound === Infinity ? -Infinity : bound;
      }
      texts.set(family.name, `${texts.get(family.name) ?? headerOf(family)}${line}\n`);
    }
    return `${[...texts.values()].join('')}# EOF\n`;
  };
}

function headerOf({ name, type, help }: Family): string {
  const described = help === null ? '' : `# HELP ${name} ${escaped(help)}\n`;
  return `# TYPE ${name} ${type}\n${described}`;
}

/** An exemplar goes to the lowest bucket that counts its value. */
function exemplarText(exemplar: Exemplar | null, { below, bound }: { below: number; bound: number }): string {
  if (exemplar === null || exemplar.value > bound || exemplar.value <= below) return '';
  const { traceId, spanId, value, at } = exemplar;
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${numberText(value)} ${at / 1000}`;
}

function boundOf(le: string): number {
  return le === '+Inf' ? Infinity : Number(le);
}

function labelText(labels: MetricSample['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('"', String.raw`\"`);
}
