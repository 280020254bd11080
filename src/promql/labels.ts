// What names a series: its labels, and how two sets of them are compared.

/** A label that is empty is one that is not there. The metric's name is the label `__name__`. */
export type Labels = Readonly<Record<string, string>>;

export const NAME = '__name__';

/** The same text for equal sets, whatever their order. */
export function keyOf(labels: Labels): string {
  return Object.keys(labels)
    .filter((name) => labels[name] !== '')
    .sort()
    .map((name) => `${name}\u0001${labels[name]}`)
    .join('\u0002');
}

export function withoutName(labels: Labels): Labels {
  if (!(NAME in labels)) return labels;
  const { [NAME]: _, ...rest } = labels;
  return rest;
}

export function without(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}

export function only(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(
    Object.entries(labels).filter(([name, value]) => value !== '' && names.includes(name)),
  );
}

/** An empty value takes the label away. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  if (value !== '') return { ...labels, [name]: value };
  return name in labels ? without(labels, [name]) : labels;
}

/** `up{job="a"}`, for messages. */
export function formatLabels(labels: Labels): string {
  const { [NAME]: name = '', ...rest } = labels;
  const pairs = Object.keys(rest)
    .sort()
    .map((label) => `${label}=${JSON.stringify(rest[label])}`);
  return name !== '' && pairs.length === 0 ? name : `${name}{${pairs.join(', ')}}`;
}
