// What an expression is made of, as far as its text tells: names, selectors, groupings. Its grammar is promtool's to check.

interface Selector {
  readonly metric: string;
  /** What stands before it, without spaces, such as `sum without (reason) (increase(`. */
  readonly before: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

interface Grouping {
  readonly keyword: string;
  readonly labels: readonly string[];
}

const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan']);
const GROUPING = /\b(by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)/gu;
const MATCHER = /(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/gu;

export function groupingsOf(expression: string): Grouping[] {
  return [...withoutTexts(expression).matchAll(GROUPING)].map(([, keyword = '', labels = '']) => ({
    keyword,
    labels: labels.split(',').flatMap((label) => (label.trim() === '' ? [] : [label.trim()])),
  }));
}

/** Every selector, whatever it selects: metrics, and what other rules record. */
export function selectorsOf(expression: string): Selector[] {
  const bare = blank(blank(withoutTexts(expression), GROUPING), /\{[^}]*\}|\[[^\]]*\]/gu);
  return [...bare.matchAll(/(?<![\w.:])[a-zA-Z_:][\w:]*/gu)].flatMap(({ 0: name, index }) => {
    const rest = expression.slice(index + name.length);
    if (KEYWORDS.has(name.toLowerCase()) || isCalled(bare.slice(index + name.length))) return [];
    const braces = /^\s*\{([^}]*)\}/u.exec(rest)?.[1] ?? '';
    const matchers = [...braces.matchAll(MATCHER)].map(([, label = '', operator = '', value = '']) => ({
      label,
      operator,
      value,
    }));
    return [{ metric: name, before: expression.slice(0, index).replaceAll(/\s/gu, ''), matchers }];
  });
}

/** A function, or an aggregation: `sum(`, `sum without (…) (`, where the grouping is blank by now. */
function isCalled(after: string): boolean {
  return /^\s*\(/u.test(after);
}

function withoutTexts(expression: string): string {
  return blank(expression, /"[^"]*"/gu);
}

/** Keeps the length, so that places stay where they were. */
function blank(text: string, pattern: RegExp): string {
  return text.replaceAll(pattern, (found) =>
    found.startsWith('"') ? `"${'_'.repeat(found.length - 2)}"` : ' '.repeat(found.length),
  );
}
