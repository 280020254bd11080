// Results of queries as people read them: a table, a chart of one series, a line for each of several.
import { neutralise } from '../../core/base/text.ts';
import type { MatrixElement, Point, QueryData, VectorElement } from '../../core/metrics/query-result.ts';
import { paint, timeOfDay, type ViewOptions } from '../views/style.ts';
import { type Column, layoutTable } from '../views/table.ts';
import { drawChart, drawSpark, shortNumber } from './chart.ts';

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
  const columns: readonly Column<VectorElement>[] = [
    { title: 'SERIES', cell: ({ metric }) => ({ text: labelText(metric) }), shrinksTo: 24 },
    { title: 'VALUE', align: 'right', cell: ({ value }) => ({ text: value[1], style: 'bold' }) },
  ];
  return layoutTable(elements, columns, options);
}

function seriesLines(all: readonly MatrixElement[], options: ViewOptions): string[] {
  const [first] = all;
  const last = all.flatMap(({ values }) => values.at(-1)?.[0] ?? []);
  const period = `${timeOfDay((first?.values[0]?.[0] ?? 0) * 1000)} to ${timeOfDay(Math.max(...last) * 1000)}`;
  if (all.length === 1 && first !== undefined)
    return [
      labelText(first.metric),
      ...drawChart(first.values, options),
      paint(period, 'dim', options.colour),
    ];
  const shown = all.slice(0, MOST_SERIES);
  const more = all.length - shown.length;
  return [
    ...layoutTable(shown, seriesColumns(all), options),
    '',
    paint(more > 0 ? `${period}; ${more} more series, all with --json` : period, 'dim', options.colour),
  ];
}

function seriesColumns(all: readonly MatrixElement[]): readonly Column<MatrixElement>[] {
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
    cell: (one) => ({ text: shortNumber(pick(numbers(one)) ?? Number.NaN) }),
    leaves: title === 'LAST' ? 0 : 1,
  });
  return [
    { title: 'SERIES', cell: ({ metric }) => ({ text: labelText(metric) }), shrinksTo: 16 },
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
