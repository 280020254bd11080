// Samples as the metric data of OpenTelemetry's SDK: what its exporters take.
import type { MetricSample } from '../../core/model/alert-rules.ts';
import {
  fullMetricName,
  METRIC_NAMES,
  METRICS,
  PROCESS_METRICS,
} from '../../core/metrics/metric-catalogue.ts';
import type { MetricUnit } from '../../core/metrics/metric-definition.ts';

/** Seconds and nanoseconds since the epoch. */
type HrTime = readonly [seconds: number, nanoseconds: number];

// The numbers of the SDK's enums.
const DATA_POINT = { histogram: 0, gauge: 2, counter: 3 } as const;
const CUMULATIVE = 1;
const DOUBLE = 1;

interface HistogramValue {
  readonly buckets: { readonly boundaries: readonly number[]; readonly counts: readonly number[] };
  readonly sum: number;
  readonly count: number;
}

interface DataPoint {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: Readonly<Record<string, string>>;
  readonly value: number | HistogramValue;
}

export interface MetricData {
  readonly descriptor: {
    readonly name: string;
    readonly description: string;
    readonly unit: string;
    readonly valueType: number;
  };
  readonly aggregationTemporality: number;
  readonly dataPointType: number;
  readonly isMonotonic: boolean;
  readonly dataPoints: DataPoint[];
}

interface Definition {
  readonly name: string;
  readonly type: keyof typeof DATA_POINT;
  readonly description: string;
  readonly unit: string;
}

const UNITS: Readonly<Record<MetricUnit, string>> = {
  seconds: 's',
  timestamp: 's',
  bytes: 'By',
  boolean: '1',
  count: '1',
  info: '1',
};

const DEFINITIONS: readonly Definition[] = [
  ...METRIC_NAMES.map((metric) => {
    const { type, help, unit } = METRICS[metric];
    return { name: fullMetricName(metric), type, description: help, unit: UNITS[unit] };
  }),
  ...PROCESS_METRICS.map(({ name, type }) => ({ name, type, description: '', unit: '' })),
];

/** Converts one reading. @param times ms since the epoch: the start of the counters, and the reading */
export function toMetricData(
  samples: readonly MetricSample[],
  { start, end }: { readonly start: number; readonly end: number },
): MetricData[] {
  const byName = groupByName(samples);
  const times = { startTime: toHrTime(start), endTime: toHrTime(end) };
  return DEFINITIONS.flatMap(({ name, type, description, unit }) => {
    const dataPoints =
      type === 'histogram'
        ? histogramPoints(name, byName).map((point) => ({ ...times, ...point }))
        : (byName.get(name) ?? []).map(({ labels, value }) => ({ ...times, attributes: labels, value }));
    if (dataPoints.length === 0) return [];
    return [
      {
        descriptor: { name, description, unit, valueType: DOUBLE },
        aggregationTemporality: CUMULATIVE,
        dataPointType: DATA_POINT[type],
        isMonotonic: type === 'counter',
        dataPoints,
      },
    ];
  });
}

function groupByName(samples: readonly MetricSample[]): Map<string, MetricSample[]> {
  const groups = new Map<string, MetricSample[]>();
  for (const sample of samples) {
    const group = groups.get(sample.name);
    if (group === undefined) groups.set(sample.name, [sample]);
    else group.push(sample);
  }
  return groups;
}

/** Puts the buckets of each label set together: here each counts itself, in the samples also those below. */
function histogramPoints(
  name: string,
  byName: ReadonlyMap<string, readonly MetricSample[]>,
): Pick<DataPoint, 'attributes' | 'value'>[] {
  const sums = byName.get(`${name}_sum`) ?? [];
  const counts = byName.get(`${name}_count`) ?? [];
  const buckets = byName.get(`${name}_bucket`) ?? [];
  const each = sums.length === 0 ? 0 : buckets.length / sums.length;
  // Samples of one histogram come in the same order, series by series.
  return sums.map(({ labels, value: sum }, index) => {
    const own = buckets.slice(index * each, (index + 1) * each);
    return {
      attributes: labels,
      value: {
        buckets: {
          boundaries: own.flatMap(({ labels: { le } }) => (le === '+Inf' ? [] : [Number(le)])),
          counts: own.map(({ value }, at) => value - (own[at - 1]?.value ?? 0)),
        },
        sum,
        count: counts[index]?.value ?? 0,
      },
    };
  });
}

function toHrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
