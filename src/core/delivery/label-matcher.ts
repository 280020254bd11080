// Matchers of labels, as Alertmanager has them in silences and inhibition rules.

export type LabelSet = Readonly<Record<string, string>>;

export interface LabelMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

/** True when all matchers match; a missing label counts as empty, as in Alertmanager. */
export function matchesAll(matchers: readonly LabelMatcher[], labels: LabelSet): boolean {
  return matchers.every(({ name, value, isRegex, isEqual }) => {
    const actual = labels[name] ?? '';
    const matches = isRegex ? matchesWhole(value, actual) : actual === value;
    return matches === isEqual;
  });
}

function matchesWhole(pattern: string, text: string): boolean {
  return compilePattern(pattern)?.test(text) === true;
}

/** Compiled patterns; emptied when there are too many. */
const compiled = new Map<string, RegExp | null>();
const MOST_COMPILED = 2000;

/** Compiles a pattern of Go that has to match the whole text; null for one that is not understood. */
export function compilePattern(pattern: string): RegExp | null {
  let known = compiled.get(pattern);
  if (known !== undefined) return known;
  known = compile(pattern);
  if (compiled.size >= MOST_COMPILED) compiled.clear();
  compiled.set(pattern, known);
  return known;
}

function compile(pattern: string): RegExp | null {
  // Go writes flags at the front of the pattern, JavaScript apart from it.
  const [, flags = '', rest = ''] = /^(?:\(\?([is]+)\))?(.*)$/su.exec(pattern) ?? [];
  try {
    return new RegExp(`^(?:${rest})$`, `u${[...new Set(flags)].join('')}`);
  } catch {
    return null;
  }
}
