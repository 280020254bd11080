// The committed dashboards as data, and their queries as trees.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from '../../src/promql/parse/parse.ts';
import type { Expression, Selector } from '../../src/promql/model/syntax-tree.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(ROOT, 'grafana', 'dashboards');
export const FILES = readdirSync(FOLDER).sort();

interface Source {
  readonly type: string;
  readonly uid: string;
}

interface Query {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly datasource?: Source;
}

interface Link {
  readonly url?: string;
  readonly placement?: string;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: Source;
  readonly targets?: readonly Query[];
  readonly links?: readonly Link[];
  readonly transformations?: readonly {
    readonly id: string;
    readonly options: { readonly include?: { readonly names: readonly string[] } };
  }[];
  readonly options?: unknown;
  /** Of a row that is collapsed: what is below it. */
  readonly panels?: readonly Panel[];
  readonly collapsed?: boolean;
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit?: string;
      readonly noValue?: string;
      readonly mappings?: readonly unknown[];
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null }[] };
      readonly custom?: unknown;
    };
    readonly overrides: readonly {
      readonly matcher?: { readonly id: string; readonly options?: string };
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly label?: string;
  readonly query: string;
  readonly refresh?: number;
  readonly multi?: boolean;
  readonly allValue?: string;
  readonly datasource?: Source;
}

interface Annotation extends Link {
  readonly name: string;
  readonly expr: string;
  readonly titleFormat?: string;
  readonly enable: boolean;
  readonly useValueForTime?: boolean;
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly editable: boolean;
  readonly schemaVersion: number;
  readonly tags: readonly string[];
  readonly links: readonly Link[];
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly Annotation[] };
}

export interface Read {
  readonly name: string;
  readonly dashboard: Dashboard;
  readonly all: readonly Panel[];
  /** Without the headings. */
  readonly panels: readonly Panel[];
  readonly variables: readonly Variable[];
  readonly annotations: readonly Annotation[];
  readonly targets: readonly Target[];
}

export interface Target extends Query {
  readonly panel: Panel;
  /** For messages. */
  readonly where: string;
}

export const DASHBOARDS: readonly Read[] = FILES.map((file) =>
  readDashboard(file.replace('.json', ''), JSON.parse(readFileSync(join(FOLDER, file), 'utf8'))),
);

export function readDashboard(name: string, dashboard: Dashboard): Read {
  const all = expanded(dashboard.panels);
  const panels = all.filter(({ type }) => type !== 'row');
  return {
    name,
    dashboard,
    all,
    panels,
    variables: dashboard.templating.list,
    annotations: dashboard.annotations.list,
    targets: panels.flatMap((panel) =>
      (panel.targets ?? []).map((target) =>
        Object.assign({ panel, where: `${name}: ${panel.title}: ${target.refId}` }, target),
      ),
    ),
  };
}

/** With every row open, as it looks then. */
function expanded(panels: readonly Panel[]): Panel[] {
  let shift = 0;
  return panels.flatMap((panel) => {
    const below = panel.panels ?? [];
    const moved = [panel, ...below].map((one) =>
      // The very objects, so that a test can spoil them; only what follows an open row is moved.
      shift === 0 ? one : { ...one, gridPos: { ...one.gridPos, y: one.gridPos.y + shift } },
    );
    const bottom = Math.max(...below.map(({ gridPos }) => gridPos.y + gridPos.h));
    if (below.length > 0) shift += bottom - panel.gridPos.y - panel.gridPos.h;
    return moved;
  });
}

const INTERVALS: Readonly<Record<string, string>> = {
  $__rate_interval: '1m',
  $__interval: '15s',
  $__range: '6h',
};

/** With Grafana's intervals filled in; its other variables stand in strings, where they do no harm. */
export function filledIn(expr: string): string {
  return expr.replaceAll(/\$__(?:rate_interval|interval|range)/gu, (name) => INTERVALS[name] ?? name);
}

/** The tree. Our engine has no subqueries: in place of one stands what it is about, whose labels are the same. */
export function treeOf(expr: string): Expression {
  return parse(filledIn(expr).replaceAll(/\w+_over_time\((\(.*\))\[\w+:\w+\]\)/gu, '$1'));
}

export interface Visit {
  readonly node: Expression;
  /** The nearest first. */
  readonly parents: readonly Expression[];
}

export function visits(node: Expression, parents: readonly Expression[] = []): Visit[] {
  const below = childrenOf(node).flatMap((child) => visits(child, [node, ...parents]));
  return [{ node, parents }, ...below];
}

export function selectorsIn(expr: string): Selector[] {
  return visits(treeOf(expr)).flatMap(({ node }) => (node.kind === 'selector' ? [node] : []));
}

function childrenOf(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case 'range':
      return [node.selector];
    case 'call':
      return node.args;
    case 'aggregation':
      return node.parameter === null ? [node.operand] : [node.parameter, node.operand];
    case 'signed':
      return [node.operand];
    case 'operation':
      return [node.left, node.right];
    default:
      return [];
  }
}
