// Labels of absent()'s result, derived from the matchers of its selector.
import { type Labels, NAME } from '../model/labels.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
import type { Matcher } from '../model/syntax-tree.ts';

/**
 * Returns one label for each `=` matcher; a label with a second matcher is left out, since its value is not certain. Prometheus
 * 2 forgets another matcher before the first `=`.
 */
export function impliedLabels(matchers: readonly Matcher[], generation: PrometheusMajor = 3): Labels {
  const labels = new Map<string, string>();
  const named = new Set<string>();
  for (const { label, operator, value } of matchers) {
    if (label === NAME) continue;
    if (operator === '=' && !named.has(label)) {
      labels.set(label, value);
      named.add(label);
    } else {
      labels.delete(label);
      if (generation === 3) named.add(label);
    }
  }
  return Object.fromEntries([...labels].filter(([, value]) => value !== ''));
}
