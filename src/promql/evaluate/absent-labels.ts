// Labels of absent()'s result, derived from the matchers of its selector.
import { type Labels, NAME } from '../model/labels.ts';
import type { Matcher } from '../model/syntax-tree.ts';

/** One label for each `=`; where another matcher of the same label follows, they imply no single value. */
export function impliedLabels(matchers: readonly Matcher[]): Labels {
  const labels = new Map<string, string>();
  const named = new Set<string>();
  for (const { label, operator, value } of matchers) {
    if (label === NAME) continue;
    if (operator === '=' && !named.has(label)) {
      labels.set(label, value);
      named.add(label);
    } else labels.delete(label);
  }
  return Object.fromEntries([...labels].filter(([, value]) => value !== ''));
}
