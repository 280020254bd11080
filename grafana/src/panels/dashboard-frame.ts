// Frame of a dashboard: variables, annotations, and links to the other dashboards.
import {
  AdHocVariableBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type Annotation, annotationQuery } from './annotations.ts';
import { DATASOURCE } from './panel.ts';
import { arrange, type Section } from './grid-layout.ts';
import type { Rules } from '../queries/rule-thresholds.ts';

const TAG = 'mcp-watchdog';

export interface Frame {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly from: string;
  /** `one` allows the choice of a single server, `many` of several; without it the dashboard is about machines. */
  readonly servers?: 'one' | 'many';
  /** Allows filters by any label. */
  readonly filters?: boolean;
  readonly annotations: readonly Annotation[];
  readonly sections: readonly Section[];
}

export function dashboard(frame: Frame, rules: Rules): Dashboard {
  const builder = new DashboardBuilder(frame.title)
    .uid(`mcp-watchdog-${frame.uid}`)
    .description(frame.description)
    .tags([TAG])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .timezone('browser')
    .refresh('30s')
    .time({ from: frame.from, to: 'now' })
    .link(toOthers())
    .annotations(frame.annotations.map(annotationQuery))
    .variables(variablesOf(frame));
  return { ...builder.build(), panels: arrange(frame.sections, rules) };
}

/** Menu of all dashboards with the tag; they open with the same time range and variables. */
function toOthers(): DashboardLinkBuilder {
  return new DashboardLinkBuilder('MCP watchdog')
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);
}

function variablesOf({ servers, filters }: Frame): Parameters<DashboardBuilder['variables']>[0] {
  const machines = 'mcp_watchdog_build_info';
  const chosen = [
    new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    anyOf('job', 'Job', `label_values(${machines}, job)`),
    anyOf('instance', 'Instance', `label_values(${machines}{job=~"$job"}, instance)`),
  ];
  const named = 'label_values(mcp_watchdog_server_info{job=~"$job", instance=~"$instance"}, server)';
  if (servers === 'one') chosen.push(query('server', 'Server', named));
  if (servers === 'many') chosen.push(anyOf('server', 'Server', named));
  return filters === true
    ? [...chosen, new AdHocVariableBuilder('filters').label('Filters').datasource(DATASOURCE)]
    : chosen;
}

function anyOf(name: string, label: string, text: string): QueryVariableBuilder {
  return query(name, label, text)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ selected: true, text: 'All', value: '$__all' });
}

function query(name: string, label: string, text: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .query(text)
    .definition(text)
    .datasource(DATASOURCE)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc);
}
