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

/** Lookaround, backreferences, `\c`, `\u` and empty classes: unknown to Prometheus, or with another meaning. */
const UNSUPPORTED = /^(?:\\[1-9kcu]|\(|\[)/u;

/**
 * Compiles a pattern anchored at both ends, as in Prometheus. `(?i)` is supported at the start.
 *
 * @throws SyntaxError
 */
export function anchored(pattern: string): RegExp {
  const [, flags = '', rest = pattern] = /^\(\?([is]+)\)([\s\S]*)$/u.exec(pattern) ?? [];
  for (const [token] of rest.matchAll(/\\[\s\S]|\(\?<?[=!]|\[\^?\]/gu))
    if (UNSUPPORTED.test(token)) throw new SyntaxError(`Prometheus has no ${token} in a regular expression`);
  const named = rest.replaceAll(/(?<!\\)\(\?P</gu, '(?<');
  const compiled = new RegExp(`^(?:${named})$`, flags.includes('i') ? 'isu' : 'su');
  // V8 finds out only with the first text, and for each width of characters apart, that a pattern is too large.
  for (const text of ['', '\u0100']) compiled.test(text);
  return compiled;
}

/** Whether the matcher excludes the empty value, as at least one matcher of a selector must. */
export function excludesEmpty({ matches }: Matcher): boolean {
  return !matches('');
}

export function matchesAll(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every(({ label, matches }) => matches(labelIn(labels, label)));
}
