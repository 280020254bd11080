// What the dashboards ask Prometheus: every panel, variable and annotation as a question that can be put to it.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const GRAFANA = fileURLToPath(new URL('../../grafana', import.meta.url));

interface Target {
  readonly refId?: string;
  readonly expr?: string;
  readonly legendFormat?: string;
  readonly format?: string;
  readonly instant?: boolean;
}

interface Panel {
  readonly id?: number;
  readonly type: string;
  readonly title?: string;
  readonly targets?: readonly Target[];
  readonly panels?: readonly Panel[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query?: string | { readonly query?: string };
  readonly current?: { readonly value?: string | readonly string[] };
}

interface Annotation {
  readonly name: string;
  readonly expr?: string;
  readonly titleFormat?: string;
  readonly textFormat?: string;
  readonly tagKeys?: string;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating?: { readonly list?: readonly Variable[] };
  readonly annotations?: { readonly list?: readonly Annotation[] };
}

/** One question; `needs` are the labels that every series of the answer must have, or any where they are a mark's. */
export interface Question {
  /** Which one it is, for people: dashboard, panel, query. */
  readonly name: string;
  readonly kind: 'range' | 'instant' | 'mark' | 'values';
  readonly expr: string;
  readonly needs: readonly string[];
}

/** The span of time that a dashboard shows, and how often was scraped; all in seconds. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly scrape: number;
}

export function readDashboards(folder = `${GRAFANA}/dashboards`): Dashboard[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name): Dashboard => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')));
}

export function questionsOf(dashboard: Dashboard, span: Span): Question[] {
  const fill = (text: string): string => substitute(text, dashboard, span);
  return [
    ...panelsOf(dashboard.panels).flatMap((panel) =>
      (panel.targets ?? []).map((target) => ofTarget(dashboard, panel, target, fill)),
    ),
    ...(dashboard.templating?.list ?? []).flatMap((variable) => ofVariable(dashboard, variable, fill)),
    ...(dashboard.annotations?.list ?? []).flatMap((annotation) => ofAnnotation(dashboard, annotation, fill)),
  ];
}

/** Those in collapsed rows too. */
function panelsOf(panels: readonly Panel[]): readonly Panel[] {
  return panels.flatMap((panel) => [panel, ...panelsOf(panel.panels ?? [])]);
}

function ofTarget(
  dashboard: Dashboard,
  panel: Panel,
  target: Target,
  fill: (text: string) => string,
): Question {
  return {
    name: `${dashboard.uid} / ${panel.title ?? '?'} / ${target.refId ?? '?'}`,
    kind: target.instant === true ? 'instant' : 'range',
    expr: fill(target.expr ?? ''),
    // A table has columns, and no legend.
    needs: target.format === 'table' ? [] : labelsIn(target.legendFormat),
  };
}

function ofVariable(
  dashboard: Dashboard,
  { name, type, query }: Variable,
  fill: (text: string) => string,
): Question[] {
  if (type !== 'query') return [];
  const text = typeof query === 'object' ? query.query : query;
  return [{ name: `${dashboard.uid} / $${name}`, kind: 'values', expr: fill(text ?? ''), needs: [] }];
}

function ofAnnotation(
  dashboard: Dashboard,
  { name, expr, titleFormat, textFormat, tagKeys }: Annotation,
  fill: (text: string) => string,
): Question[] {
  if (expr === undefined) return [];
  const tags = (tagKeys ?? '').split(',').filter((key) => key.trim() !== '');
  const needs = [...labelsIn(titleFormat), ...labelsIn(textFormat), ...tags.map((key) => key.trim())];
  return [{ name: `${dashboard.uid} / annotation ${name}`, kind: 'mark', expr: fill(expr), needs }];
}

function labelsIn(format = ''): string[] {
  return [...format.matchAll(/\{\{\s*(\w+)\s*\}\}/gu)].map(([, label]) => label ?? '');
}

/** As Grafana's Prometheus data source fills in its own variables, and `All` of the others. */
function substitute(text: string, dashboard: Dashboard, { start, end, step, scrape }: Span): string {
  const own: Readonly<Record<string, string>> = {
    __rate_interval: `${Math.max(step + scrape, 4 * scrape)}s`,
    __interval: `${step}s`,
    __interval_ms: String(step * 1000),
    __range: `${Math.ceil(end - start)}s`,
    __range_s: String(Math.ceil(end - start)),
    __range_ms: String(Math.ceil(end - start) * 1000),
  };
  const others = Object.fromEntries(
    (dashboard.templating?.list ?? []).map((one) => [one.name, valueOf(one)]),
  );
  const values: Readonly<Record<string, string>> = { ...own, ...others };
  return text.replaceAll(
    /\$(?:\{(\w+)(?::\w+)?\}|(\w+))/gu,
    (whole, braced: string | undefined, bare: string | undefined) => values[braced ?? bare ?? ''] ?? whole,
  );
}

function valueOf({ type, current, query }: Variable): string {
  if (type === 'query') return '.+';
  const value = current?.value;
  const first = typeof value === 'string' ? value : value?.[0];
  return first ?? (typeof query === 'string' ? (query.split(',')[0] ?? '') : '');
}
