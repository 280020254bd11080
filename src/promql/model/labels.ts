// Label sets of series: identity, comparison, projection.
import { memoize } from './memoize.ts';

/** A label that is empty is one that is not there. The metric's name is the label `__name__`. Never changed once made. */
export type Labels = Readonly<Record<string, string>>;

export const NAME = '__name__';

export function isLabelName(text: string): boolean {
  return /^[a-zA-Z_]\w*$/u.test(text);
}

/** Empty when it is not there; a label may be called `constructor`. */
export function labelIn(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';
}

// Half of a surrogate pair: no text that came as UTF-8 has one.
const BETWEEN = '\uD800';

/** The same text for equal sets, whatever their order. */
export function writeKey(labels: Labels): string {
  let key = '';
  for (const name of Object.keys(labels).sort()) {
    const value = labels[name];
    if (value !== '') key += `${name}${BETWEEN}${value}${BETWEEN}`;
  }
  return key;
}

export const withoutName = memoize((labels: Labels) =>
  Object.hasOwn(labels, NAME) ? without(labels, [NAME]) : labels,
);

export function without(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}

function only(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(
    Object.entries(labels).filter(([name, value]) => value !== '' && names.includes(name)),
  );
}

/** An empty value takes the label away. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  if (value === labelIn(labels, name)) return labels;
  return value === '' ? without(labels, [name]) : { ...labels, [name]: value };
}

/** Which labels count where elements are grouped or matched: only these, or all but these and the name. */
export interface LabelSelection {
  readonly mode: 'only' | 'without';
  readonly names: readonly string[];
  readonly apply: (labels: Labels) => Labels;
}

export function createLabelSelection(mode: LabelSelection['mode'], names: readonly string[]): LabelSelection {
  const dropped = [...names, NAME];
  const of = memoize((labels: Labels) => (mode === 'only' ? only(labels, names) : without(labels, dropped)));
  return { mode, names, apply: of };
}

/** `up{job="a"}`, for messages. */
export function formatLabels(labels: Labels): string {
  const { [NAME]: name = '', ...rest } = labels;
  const pairs = Object.keys(rest)
    .sort()
    .map((label) => `${label}=${JSON.stringify(rest[label])}`);
  return name !== '' && pairs.length === 0 ? name : `${name}{${pairs.join(', ')}}`;
}
