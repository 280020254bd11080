// Results of queries as people read them: a table, a chart of one series, a line for each of several.
import { neutralise } from '../../core/base/text.ts';
import type { MatrixElement, Point, QueryData, VectorElement } from '../../core/metrics/query-result.ts';
import { paint, timeOfDay, type ViewOptions } from '../views/style.ts';
import { type Column, layoutTable } from '../views/table.ts';
import { drawChart, drawSpark, shortNumber, shortSize } from './chart.ts';

/** Series of a range that are drawn; more are only counted. */
const MOST_SERIES = 20;
/** Columns of the small line of a series. */
const SPARK = 32;
const NOTHING = 'No series: nothing matches, or nothing was measured at that time';

/** Lines for a terminal. */
export function queryLines(data: QueryData, options: ViewOptions): string[] {
  switch (data.resultType) {
    case 'scalar':
    case 'string':
      return [neutralise(data.result[1])];
    case 'vector':
      return data.result.length === 0 ? [NOTHING] : elementLines(data.result, options);
    case 'matrix':
      return data.result.length === 0 ? [NOTHING] : seriesLines(data.result, options);
    default:
      return data satisfies never;
  }
}

/** One row for each value, separated by tabs: time in seconds, value, labels. */
export function plainRows(data: QueryData): string[] {
  const row = (labels: string, [time, value]: Point): string =>
    [time, neutralise(value), labels].filter((cell) => cell !== '').join('\t');
  switch (data.resultType) {
    case 'scalar':
    case 'string':
      return [row('', data.result)];
    case 'vector':
      return data.result.map(({ metric, value }) => row(labelText(metric), value));
    case 'matrix':
      return data.result.flatMap(({ metric, values }) =>
        values.map((point) => row(labelText(metric), point)),
      );
    default:
      return data satisfies never;
  }
}

function elementLines(elements: readonly VectorElement[], options: ViewOptions): string[] {
  const { heading, textOf } = namesOf(elements, options.width - ROOM);
  const columns: readonly Column<VectorElement>[] = [
    { title: 'SERIES', cell: ({ metric }) => ({ text: textOf(metric) }), shrinksTo: 24 },
    { title: 'VALUE', align: 'right', cell: ({ value }) => ({ text: value[1], style: 'bold' }) },
  ];
  return [...heading, ...layoutTable(elements, columns, options)];
}

/** Columns that the values of a table need, or at the least the last one of a range. */
const ROOM = 12;

type Metric = VectorElement['metric'];

/** Names for the rows of a table: only what differs, below what all have, where the whole would not fit. */
function namesOf(
  series: readonly { readonly metric: Metric }[],
  width: number,
): { readonly heading: string[]; readonly textOf: (metric: Metric) => string } {
  const [first, ...others] = series.map(({ metric }) => metric);
  const isLong = series.some(({ metric }) => labelText(metric).length > width);
  if (first === undefined || others.length === 0 || !isLong) return { heading: [], textOf: labelText };
  const isCommon = (label: string): boolean => others.every((metric) => metric[label] === first[label]);
  const common = Object.fromEntries(Object.entries(first).filter(([label]) => isCommon(label)));
  const shared = labelText(common);
  const differing = (metric: Metric): string =>
    labelText(Object.fromEntries(Object.entries(metric).filter(([label]) => !(label in common))));
  return { heading: shared === '{}' ? [] : [shared], textOf: differing };
}

function seriesLines(all: readonly MatrixElement[], options: ViewOptions): string[] {
  const [first] = all;
  const last = all.flatMap(({ values }) => values.at(-1)?.[0] ?? []);
  const period = `${timeOfDay((first?.values[0]?.[0] ?? 0) * 1000)} to ${timeOfDay(Math.max(...last) * 1000)}`;
  if (all.length === 1 && first !== undefined)
    return [
      labelText(first.metric),
      ...drawChart(first.values, { ...options, write: writerFor(first.metric) }),
      paint(period, 'dim', options.colour),
    ];
  const shown = all.slice(0, MOST_SERIES);
  const more = all.length - shown.length;
  const { heading, textOf } = namesOf(shown, options.width - ROOM - SPARK);
  return [
    ...heading,
    ...layoutTable(shown, seriesColumns(all, textOf), options),
    '',
    paint(more > 0 ? `${period}; ${more} more series, all with --json` : period, 'dim', options.colour),
  ];
}

/** Only what is still called a metric of bytes is one: a rate of it has no name. */
function writerFor({ __name__: name = '' }: Metric): (value: number) => string {
  return name.endsWith('_bytes') ? shortSize : shortNumber;
}

function seriesColumns(
  all: readonly MatrixElement[],
  textOf: (metric: Metric) => string,
): readonly Column<MatrixElement>[] {
  const times = all.flatMap(({ values }) => values.map(([time]) => time));
  const period = {
    start: times.reduce((a, b) => Math.min(a, b), Infinity),
    end: times.reduce((a, b) => Math.max(a, b), 0),
  };
  const numbers = ({ values }: MatrixElement): number[] =>
    values.map(([, value]) => Number(value)).filter(Number.isFinite);
  const column = (title: string, pick: (list: number[]) => number | undefined): Column<MatrixElement> => ({
    title,
    align: 'right',
    cell: (one) => ({ text: writerFor(one.metric)(pick(numbers(one)) ?? Number.NaN) }),
    leaves: title === 'LAST' ? 0 : 1,
  });
  return [
    { title: 'SERIES', cell: ({ metric }) => ({ text: textOf(metric) }), shrinksTo: 16 },
    {
      title: '',
      cell: ({ values }) => ({ text: drawSpark(values, period, SPARK), style: 'cyan' }),
      leaves: 2,
    },
    column('LAST', (list) => list.at(-1)),
    column('MIN', (list) =>
      list.reduce<number | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined),
    ),
    column('MAX', (list) =>
      list.reduce<number | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined),
    ),
  ];
}

/** `up{job="a"}`, without the labels that every series of one daemon has. */
function labelText(metric: Readonly<Record<string, string>>): string {
  const { __name__: name = '', job: _job, instance: _instance, ...labels } = metric;
  const pairs = Object.keys(labels)
    .sort()
    .map((label) => `${label}=${JSON.stringify(labels[label])}`);
  return neutralise(name !== '' && pairs.length === 0 ? name : `${name}{${pairs.join(', ')}}`);
}
