// Common options of all panels; the compiler demands a description and an advice for each.
import {
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  type DynamicConfigValue,
  type Panel,
  type ThresholdsConfig,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type Threshold,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { SeriesColours } from './series-colours.ts';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';

export interface Query {
  readonly expr: string;
  /** `{{label}}` is replaced by the label's value. */
  readonly legend: string;
}

export interface PanelOptions {
  /** Must never change: the id of the panel, and with it every link to it, is derived from it. */
  readonly key: string;
  readonly title: string;
  /** What the panel shows. */
  readonly shows: string;
  /** What to do when it is bad, or how to read it when it cannot be. */
  readonly act: string;
  /** Text while there is nothing to show, with the reason. */
  readonly empty: string;
  /** An id of Grafana's value formats. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Number of the 24 columns. */
  readonly width: number;
  /** Alerts about the same problem; their runbooks are linked. */
  readonly alerts?: readonly string[];
  readonly steps?: readonly Threshold[];
  readonly mappings?: readonly ValueMapping[];
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  /** Overrides for lines, by the end of their legend. */
  readonly unlike?: Readonly<Record<string, readonly DynamicConfigValue[]>>;
  /** Fixed colours of series by their meaning. */
  readonly colours?: SeriesColours;
  /** Target of a click on a series. */
  readonly leadsTo?: 'server';
}

export interface PlacedPanel {
  readonly key: string;
  readonly width: number;
  readonly alerts: readonly string[];
  readonly panel: Panel;
}

/** Methods of the builders of all panel kinds, which have no common type. */
interface Builder {
  readonly title: (text: string) => unknown;
  readonly description: (text: string) => unknown;
  readonly datasource: (source: typeof DATASOURCE) => unknown;
  readonly unit: (unit: string) => unknown;
  readonly decimals: (count: number) => unknown;
  readonly min: (value: number) => unknown;
  readonly max: (value: number) => unknown;
  readonly noValue: (text: string) => unknown;
  readonly mappings: (mappings: ValueMapping[]) => unknown;
  readonly thresholds: (thresholds: { build: () => ThresholdsConfig }) => unknown;
  readonly dataLinks: (links: { build: () => DashboardLink }[]) => unknown;
  readonly withTarget: (query: DataqueryBuilder) => unknown;
  readonly build: () => Panel;
}

export const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;
const SERVER_PAGE = '/d/mcp-watchdog-server?${datasource:queryparam}&${job:queryparam}&${__url_time_range}';

export function applyPanelOptions(
  builder: Builder,
  facts: PanelOptions & { readonly instant?: boolean; readonly format?: 'table' | 'heatmap' },
): PlacedPanel {
  builder.title(facts.title);
  builder.description(`${facts.shows}\n\n${facts.act}`);
  builder.datasource(DATASOURCE);
  builder.unit(facts.unit);
  builder.noValue(facts.empty);
  builder.mappings([...(facts.mappings ?? [])]);
  builder.thresholds(thresholdsOf(facts.steps ?? [{ value: null, color: 'text' }]));
  if (facts.decimals !== undefined) builder.decimals(facts.decimals);
  if (facts.min !== undefined) builder.min(facts.min);
  if (facts.max !== undefined) builder.max(facts.max);
  if (facts.leadsTo === 'server') builder.dataLinks([linkToServer('__field.labels')]);
  for (const [index, query] of facts.queries.entries()) builder.withTarget(targetOf(query, index, facts));
  return { key: facts.key, width: facts.width, alerts: facts.alerts ?? [], panel: builder.build() };
}

/** Link to the dashboard of one server; `fields` says where to find its name and its machine's. */
export function linkToServer(fields: '__field.labels' | '__data.fields'): DashboardLinkBuilder {
  return new DashboardLinkBuilder('Open this server')
    .type(DashboardLinkType.Link)
    .url(`${SERVER_PAGE}&var-instance=\${${fields}.instance}&var-server=\${${fields}.server}`);
}

/** Thresholds: green below the bound, then the colour. */
export function above(bound: number, color: 'orange' | 'red'): Threshold[] {
  return [
    { value: null, color: 'green' },
    { value: bound, color },
  ];
}

/** Thresholds: the colour below the bound, then green. */
export function below(bound: number, color: 'orange' | 'red'): Threshold[] {
  return [
    { value: null, color },
    { value: bound, color: 'green' },
  ];
}

function thresholdsOf(steps: readonly Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...steps]);
}

function targetOf(
  { expr, legend }: Query,
  index: number,
  { instant, format }: { readonly instant?: boolean; readonly format?: 'table' | 'heatmap' },
): DataqueryBuilder {
  const query = new DataqueryBuilder()
    .refId(LETTERS.charAt(index))
    .datasource(DATASOURCE)
    .expr(expr)
    .legendFormat(legend)
    .format(FORMATS[format ?? 'lines']);
  return instant === true ? query.instant() : query.range();
}

const LETTERS = 'ABCDEFGHIJKL';
const FORMATS = {
  lines: PromQueryFormat.TimeSeries,
  table: PromQueryFormat.Table,
  heatmap: PromQueryFormat.Heatmap,
} as const;
