// Label sets of series: identity, comparison, projection.
import { memoize } from './memoize.ts';
import { sharedLabels } from './shared-labels.ts';

/** An empty label counts as missing. The metric name is the label `__name__`. Never changed once created. */
export type Labels = Readonly<Record<string, string>>;

export const NAME = '__name__';

export function isLabelName(text: string): boolean {
  return /^[a-zA-Z_]\w*$/u.test(text);
}

/** Value of a label, empty when it is missing; a label may be called `constructor`. */
export function labelIn(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';
}

// Half of a surrogate pair, which no text decoded from UTF-8 contains.
const BETWEEN = '\uD800';

/** Returns the same text for equal label sets, whatever their order. */
export function writeKey(labels: Labels): string {
  let key = '';
  for (const name of Object.keys(labels).sort()) {
    const value = labels[name];
    if (value !== '') key += `${name}${BETWEEN}${value}${BETWEEN}`;
  }
  return key;
}

export const withoutName = memoize((labels: Labels) =>
  Object.hasOwn(labels, NAME) ? sharedLabels(without(labels, [NAME])) : labels,
);

export function without(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}

function only(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(
    Object.entries(labels).filter(([name, value]) => value !== '' && names.includes(name)),
  );
}

/** Sets a label; an empty value removes it. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  if (value === labelIn(labels, name)) return labels;
  return value === '' ? without(labels, [name]) : { ...labels, [name]: value };
}

/** Labels used for grouping or matching: only the named ones, or all but the named ones and the metric name. */
export interface LabelSelection {
  readonly mode: 'only' | 'without';
  readonly names: readonly string[];
  readonly apply: (labels: Labels) => Labels;
}

export function createLabelSelection(mode: LabelSelection['mode'], names: readonly string[]): LabelSelection {
  const dropped = [...names, NAME];
  const of = memoize((labels: Labels) =>
    sharedLabels(mode === 'only' ? only(labels, names) : without(labels, dropped)),
  );
  return { mode, names, apply: of };
}

/** Formats labels for messages: `up{job="a"}`. */
export function formatLabels(labels: Labels): string {
  const { [NAME]: name = '', ...rest } = labels;
  const pairs = Object.keys(rest)
    .sort()
    .map((label) => `${label}=${JSON.stringify(rest[label])}`);
  return name !== '' && pairs.length === 0 ? name : `${name}{${pairs.join(', ')}}`;
}
