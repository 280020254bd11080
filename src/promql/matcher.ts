// Which values of a label a matcher takes.
import type { Matcher } from './syntax.ts';

/** @throws SyntaxError for a regular expression that JavaScript does not know */
export function createMatcher({
  label,
  operator,
  value,
}: {
  label: string;
  operator: string;
  value: string;
}): Matcher {
  switch (operator) {
    case '=':
      return { label, operator, value, matches: (other) => other === value };
    case '!=':
      return { label, operator, value, matches: (other) => other !== value };
    case '=~':
    case '!~': {
      const pattern = anchored(value);
      const wanted = operator === '=~';
      return { label, operator, value, matches: (other) => pattern.test(other) === wanted };
    }
    default:
      throw new SyntaxError(`There is no matcher ${operator}`);
  }
}

/** Prometheus anchors every pattern at both ends. */
export function anchored(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, 'su');
}

/** Whether a series without any labels is left out by it: some matcher of a selector must be so. */
export function selectsSomething({ matches }: Matcher): boolean {
  return !matches('');
}
