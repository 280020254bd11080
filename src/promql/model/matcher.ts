// Label matchers.
import { labelIn, type Labels } from './labels.ts';
import { compileAnchored } from '../regexp/compile.ts';
import type { PrometheusMajor } from './series-source.ts';
import type { Matcher } from './syntax-tree.ts';

/** @throws SyntaxError for a regular expression that Prometheus does not know */
export function createMatcher(
  { label, operator, value }: { label: string; operator: string; value: string },
  generation: PrometheusMajor = 3,
): Matcher {
  switch (operator) {
    case '=':
      return { label, operator, value, matches: (other) => other === value };
    case '!=':
      return { label, operator, value, matches: (other) => other !== value };
    case '=~':
    case '!~': {
      const pattern = compileAnchored(value, { dotMatchesNewline: generation === 3 });
      const wanted = operator === '=~';
      return { label, operator, value, matches: (other) => pattern.test(other) === wanted };
    }
    default:
      throw new SyntaxError(`There is no matcher ${operator}`);
  }
}

/** Whether the matcher excludes the empty value, as at least one matcher of a selector must. */
export function excludesEmpty({ matches }: Matcher): boolean {
  return !matches('');
}

export function matchesAll(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every(({ label, matches }) => matches(labelIn(labels, label)));
}
