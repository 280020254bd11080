// Panel kinds: stat, time series, bars, state timeline, heatmap and table.
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  HeatmapCellLayout,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import * as heatmapPanel from '@grafana/grafana-foundation-sdk/heatmap';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { type PlacedPanel, type PanelOptions, applyPanelOptions } from './panel.ts';
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard';
import { asColumns, type Column } from './table-columns.ts';

/** Shortest step of counts: with a shorter one the windows overlap, and one event shows as several. */
const COUNTED = '1m';

const LEGEND = new VizLegendOptionsBuilder()
  .displayMode(LegendDisplayMode.List)
  .placement(LegendPlacement.Bottom)
  .showLegend(true)
  .calcs([]);
/** With the last and the largest value of each line, by which tables of lines are read. */
const LEGEND_WITH_VALUES = new VizLegendOptionsBuilder()
  .displayMode(LegendDisplayMode.Table)
  .placement(LegendPlacement.Bottom)
  .showLegend(true)
  .sortBy('Max')
  .sortDesc(true)
  .calcs(['lastNotNull', 'max']);
/** A server has the same colour wherever it is drawn. */
const BY_NAME = new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName);
const ALL_SORTED = new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending);

/** Stat panel: one number, or with `names` one name for each series. */
export function stat(facts: PanelOptions & { readonly names?: boolean }): PlacedPanel {
  const builder = new StatBuilder()
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false))
    .graphMode(BigValueGraphMode.None)
    .colorMode(facts.steps === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
    .textMode(facts.names === true ? BigValueTextMode.Name : BigValueTextMode.Value)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds));
  return applyPanelOptions(builder, { ...facts, instant: true });
}

/** Time series. Thresholds are drawn as dashed lines. */
export function lines(facts: PanelOptions): PlacedPanel {
  const builder = new TimeseriesBuilder()
    .legend(LEGEND_WITH_VALUES)
    .colorScheme(BY_NAME)
    .tooltip(ALL_SORTED)
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(VisibilityMode.Auto)
    .axisSoftMin(0)
    .thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(
        facts.steps === undefined ? GraphThresholdsStyleMode.Off : GraphThresholdsStyleMode.Dashed,
      ),
    );
  for (const [end, properties] of Object.entries(facts.unlike ?? {}))
    builder.overrideByRegexp(`/${end}$/`, [...properties]);
  return applyPanelOptions(coloured(builder, facts), facts);
}

/** Gives the series their fixed colours. */
function coloured(builder: TimeseriesBuilder, { colours = {} }: PanelOptions): TimeseriesBuilder {
  for (const [name, fixedColor] of Object.entries(colours))
    builder.overrideByRegexp(`/^(?:.* )?${name}$/`, [{ id: 'color', value: { mode: 'fixed', fixedColor } }]);
  return builder;
}

/** Style of lines that are configured, not measured. */
export const DASHED = [
  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
  { id: 'custom.fillOpacity', value: 0 },
];

/** Stacked bars: events in each step. */
export function bars(facts: PanelOptions): PlacedPanel {
  const builder = new TimeseriesBuilder()
    .legend(LEGEND)
    .colorScheme(BY_NAME)
    .tooltip(ALL_SORTED)
    .drawStyle(GraphDrawStyle.Bars)
    .lineWidth(0)
    .fillOpacity(80)
    .axisSoftMin(0)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
    .interval(COUNTED);
  return applyPanelOptions(coloured(builder, facts), facts);
}

/** State timeline: one row for each series, coloured by its value. */
export function timeline(facts: PanelOptions): PlacedPanel {
  const builder = new StateTimelineBuilder()
    .showValue(VisibilityMode.Auto)
    .mergeValues(true)
    .rowHeight(0.85)
    .fillOpacity(75)
    .lineWidth(0)
    .perPage(20)
    .legend(new VizLegendOptionsBuilder().showLegend(false).calcs([]))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds));
  return applyPanelOptions(builder, facts);
}

/** Heatmap of a histogram over time. Its unit is that of the buckets. */
export function heatmap(facts: PanelOptions): PlacedPanel {
  const builder = new heatmapPanel.PanelBuilder()
    .calculate(false)
    .rowsFrame({ build: () => ({ layout: HeatmapCellLayout.Auto }) })
    .color({
      build: () => ({
        ...heatmapPanel.defaultHeatmapColorOptions(),
        mode: heatmapPanel.HeatmapColorMode.Scheme,
        scheme: 'Oranges',
      }),
    })
    .yAxis({ build: () => ({ unit: facts.unit }) })
    .cellGap(1)
    .interval(COUNTED)
    .tooltip({ build: () => ({ mode: TooltipDisplayMode.Single, yHistogram: true }) });
  return applyPanelOptions(builder, { ...facts, format: 'heatmap' });
}

/** Table with the given columns in their order; the others are hidden. */
export function table(facts: PanelOptions & { readonly columns: readonly Column[] }): PlacedPanel {
  const builder = new TableBuilder()
    .showHeader(true)
    .filterable(true)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds));
  return applyPanelOptions(asColumns(builder, facts.columns), { ...facts, instant: true, format: 'table' });
}
