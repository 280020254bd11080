// The rules of Grafana's dashboard-linter 0.2, each as a function from a dashboard to its faults. Stricter where it is
// lenient: it knows some kinds of panels only, these hold for all.
import { parser } from '@prometheus-io/lezer-promql';
import * as units from '@grafana/grafana-foundation-sdk/units';
import type { Selector } from '../../src/promql/model/syntax-tree.ts';
import {
  filledIn,
  type Read,
  selectorsIn,
  type Target,
  treeOf,
  type Variable,
  visits,
} from './read-dashboards.ts';

export const LINTER: Readonly<Record<string, (read: Read) => readonly string[]>> = {
  'template-datasource-rule': ({ variables }) => {
    const sources = variables.filter(({ type }) => type === 'datasource');
    return [
      ...(sources.length === 1 ? [] : [`${sources.length} data source variables`]),
      ...sources.filter(({ name }) => name !== 'datasource').map(({ name }) => `named ${name}`),
      ...sources.filter(({ label }) => label !== 'Data source').map(({ label }) => `labelled ${label}`),
      ...sources.filter(({ query }) => query !== 'prometheus').map(({ name }) => `${name}: not Prometheus`),
    ];
  },

  'template-job-rule': ({ variables }) => templateFaults(variables, 'job'),

  'template-instance-rule': ({ variables }) => templateFaults(variables, 'instance'),

  'template-label-promql-rule': ({ variables }) =>
    queriesIn(variables).flatMap(({ name, query }) => {
      const [, values = '', text = ''] = /^(\w+)\((.+?)(?:,\s*\w+)?\)$/u.exec(query) ?? [];
      if (!['label_names', 'label_values', 'metrics', 'query_result'].includes(values))
        return [`${name}: ${query}`];
      return isPromql(text) ? [] : [`${name}: no PromQL: ${text}`];
    }),

  'template-on-time-change-reload-rule': ({ variables }) =>
    queriesIn(variables)
      .filter(({ refresh }) => refresh !== 2)
      .map(({ name, refresh }) => `${name}: refresh ${refresh}`),

  'uneditable-dashboard': ({ dashboard }) => (dashboard.editable ? ['it can be edited'] : []),

  'panel-datasource-rule': ({ panels }) =>
    panels.filter(({ datasource }) => !isTemplated(datasource)).map(({ title }) => title),

  'panel-title-description-rule': ({ panels }) =>
    panels
      .filter(({ title, description }) => !isText(title) || !isText(description))
      .map(({ id, title }) => `${id} ${title}`),

  'panel-units-rule': ({ panels }) =>
    panels.flatMap(({ title, fieldConfig }) => {
      const overrides = fieldConfig.overrides.flatMap(({ properties }) =>
        properties.filter(({ id }) => id === 'unit').map(({ value }) => String(value)),
      );
      return [fieldConfig.defaults.unit ?? 'none at all', ...overrides]
        .filter((unit) => !VALID_UNITS.has(unit))
        .map((unit) => `${title}: ${unit}`);
    }),

  'panel-no-targets-rule': ({ panels }) =>
    panels.filter(({ targets }) => (targets ?? []).length === 0).map(({ title }) => title),

  'target-promql-rule': ({ targets }) => targets.filter(({ expr }) => !isPromql(expr)).map(said),

  'target-rate-interval-rule': ({ targets }) =>
    targets.flatMap((target) =>
      [...target.expr.matchAll(/\bi?rate\((?:[^()[\]]*)\[([^\]]*)\]/gu)]
        .filter(([, range]) => range !== '$__rate_interval')
        .map(([found]) => `${target.where}: ${found}`),
    ),

  'target-job-rule': ({ targets }) => unmatched(targets, 'job'),

  'target-instance-rule': ({ targets }) => unmatched(targets, 'instance'),

  // Over the whole selector's name: a counter that is read as it stands falls with each restart.
  'target-counter-agg-rule': ({ targets }) =>
    targets.flatMap((target) =>
      visits(treeOf(target.expr))
        .filter(
          ({ node }) => node.kind === 'selector' && /_(?:total|bucket|count|sum)$/u.test(node.name ?? ''),
        )
        .filter(({ parents: [range, call] }) => {
          if (range?.kind !== 'range' || call?.kind !== 'call') return true;
          return !['rate', 'irate', 'increase'].includes(call.name);
        })
        .map(() => said(target)),
    ),

  // There is no Loki here: a query of another source would go unchecked.
  'target-logql-rule': ({ targets }) =>
    targets.filter(({ datasource }) => datasource?.type !== 'prometheus').map(said),
  'target-logql-auto-rule': ({ targets }) => targets.filter(({ expr }) => expr.includes('$__auto')).map(said),
};

const VALID_UNITS = new Set<string>(Object.values(units).filter((unit) => typeof unit === 'string'));

function templateFaults(variables: readonly Variable[], name: string): string[] {
  const variable = variables.find((one) => one.name === name);
  if (variable === undefined) return ['missing'];
  const { type, multi, allValue, label, datasource } = variable;
  const faults: string[] = [];
  if (type !== 'query') faults.push(`type ${type}`);
  if (!isTemplated(datasource)) faults.push('not from $datasource');
  if (label?.toLowerCase() !== name || !/^[A-Z]/u.test(label)) faults.push(`labelled ${label}`);
  if (multi !== true) faults.push('only one can be chosen');
  if (allValue !== '.+') faults.push(`all is ${allValue}`);
  return faults;
}

function queriesIn(variables: readonly Variable[]): Variable[] {
  return variables.filter(({ type }) => type === 'query');
}

function isTemplated(source: Target['datasource']): boolean {
  return source?.type === 'prometheus' && source.uid === '$datasource';
}

function isText(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== '';
}

/** By the grammar of Prometheus itself. */
function isPromql(expr: string): boolean {
  let isWhole = expr.trim() !== '';
  parser.parse(filledIn(expr)).iterate({
    enter({ type }) {
      if (type.isError) isWhole = false;
    },
  });
  return isWhole;
}

function unmatched(targets: readonly Target[], label: string): string[] {
  const follows = ({ matchers }: Selector): boolean =>
    matchers.some((one) => one.label === label && one.operator === '=~' && one.value === `$${label}`);
  return targets.filter(({ expr }) => !selectorsIn(expr).every(follows)).map(said);
}

function said({ where, expr }: Target): string {
  return `${where}: ${expr}`;
}
