// Label matchers, and the regular expressions they accept.
import { labelIn, type Labels } from './labels.ts';
import type { Matcher } from './syntax-tree.ts';

/** @throws SyntaxError for a regular expression that JavaScript does not know, or Prometheus does not */
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

/** Looking around and back, `\c` and `\u`, and empty classes: of JavaScript only, or another thing there. */
const FOREIGN = /^(?:\\[1-9kcu]|\(|\[)/u;

/**
 * Prometheus anchors every pattern at both ends. `(?i)` is understood at the beginning.
 *
 * @throws SyntaxError
 */
export function anchored(pattern: string): RegExp {
  const [, flags = '', rest = pattern] = /^\(\?([is]+)\)([\s\S]*)$/u.exec(pattern) ?? [];
  for (const [token] of rest.matchAll(/\\[\s\S]|\(\?<?[=!]|\[\^?\]/gu))
    if (FOREIGN.test(token)) throw new SyntaxError(`Prometheus has no ${token} in a regular expression`);
  const named = rest.replaceAll(/(?<!\\)\(\?P</gu, '(?<');
  return new RegExp(`^(?:${named})$`, flags.includes('i') ? 'isu' : 'su');
}

/** Whether a series without any labels is left out by it: some matcher of a selector must be so. */
export function selectsSomething({ matches }: Matcher): boolean {
  return !matches('');
}

export function matchesAll(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every(({ label, matches }) => matches(labelIn(labels, label)));
}
