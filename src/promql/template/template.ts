// Templates of alert texts, in Go's language with the functions of Prometheus.
import type { Labels } from '../model/labels.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
import type { Vector } from '../model/value.ts';
import { hasAlertFunction } from './alert-functions.ts';
import { BUILTINS } from './builtins.ts';
import { fillTemplate } from './fill-template.ts';
import { parseTemplate } from './parse-template.ts';
import { TemplateError } from './template-error.ts';
import { queriesIn, type TemplateQuery } from './template-queries.ts';
import type { ParsedTemplate } from './template-tree.ts';
import { Dictionary, FillError, Sample } from './template-value.ts';

export { TemplateError } from './template-error.ts';

export interface TemplateData {
  readonly labels: Labels;
  readonly value: number;
  /** Evaluates an expression at the moment of the alert; without it there are no results. @throws for what cannot be evaluated */
  readonly query?: (text: string) => Vector;
  readonly externalLabels?: Labels;
  readonly externalUrl?: string;
  /** Milliseconds since the epoch. */
  readonly at?: number;
  readonly generation?: PrometheusMajor;
}

export interface Template {
  /** Source text. */
  readonly text: string;
  /** Fills in; an error stands in the text, as in Prometheus. */
  readonly render: (data: TemplateData) => string;
  /** What is wrong with the text, so that nothing can be filled in; null when nothing is. */
  readonly fault: string | null;
  /** Expressions that it asks for, as far as they stand in it. */
  readonly queries: readonly TemplateQuery[];
}

/** Compiles a template. @throws TemplateError */
export function compileTemplate(text: string): Template {
  if (!text.includes('{{')) return { text, render: () => text, fault: null, queries: [] };
  const parsed = parseTemplate(text, (name) => Object.hasOwn(BUILTINS, name) || hasAlertFunction(name));
  return { text, render: (data) => render(parsed, data), fault: null, queries: queriesIn(parsed) };
}

/** Compiles a template; one that cannot be read becomes one that says why wherever it is filled in. */
export function compileLenient(text: string): Template {
  try {
    return compileTemplate(text);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { text, render: () => expansionError(error), fault: error.message, queries: [] };
  }
}

function render(parsed: ParsedTemplate, data: TemplateData): string {
  const { labels, value, externalLabels = {}, externalUrl = '', at = 0, generation = 3 } = data;
  const root = new Dictionary(
    {
      Labels: new Dictionary(labels),
      ExternalLabels: new Dictionary(externalLabels),
      ExternalURL: externalUrl,
      Value: value,
    },
    null,
  );
  const query = (text: string): readonly Sample[] => answer(data, text);
  try {
    return fillTemplate(parsed, root, { query, externalUrl, now: at / 1000, generation });
  } catch (error) {
    if (error instanceof FillError) return expansionError(error);
    throw error;
  }
}

function answer({ query }: TemplateData, text: string): readonly Sample[] {
  try {
    return (query?.(text) ?? []).map((element) => new Sample(element));
  } catch (error) {
    throw new FillError(error instanceof Error ? error.message : String(error));
  }
}

function expansionError({ message }: Error): string {
  return `<error expanding template: ${message}>`;
}
