// Reader of matchers as Alertmanager's config and amtool write them: `severity =~ "warning|info"`, several with commas.
import { compilePattern, type LabelMatcher } from './label-matcher.ts';

/** A foreign pattern runs in our process: longer ones are not tried. */
const LONGEST_PATTERN = 1000;

/** Name, operator, and a quoted or plain value, up to a comma. */
const ONE =
  /^\s*(?:"(?<quotedName>(?:[^"\\]|\\.)+)"|(?<name>[A-Za-z_:][\w:]*))\s*(?<operator>=~|!~|!=|=)\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^",{}]*?))\s*(?:,|$)/su;

/** Reads the matchers of a text; returns why it cannot, for people. */
export function readMatchers(text: string): readonly LabelMatcher[] | string {
  const matchers: LabelMatcher[] = [];
  let rest = text.trim().replace(/^\{(.*)\}$/su, '$1');
  while (rest.trim() !== '') {
    const found = ONE.exec(rest);
    if (found?.groups === undefined) return `"${text}" is not a matcher such as severity =~ "warning|info"`;
    const { quotedName, name, operator = '=', quoted, plain = '' } = found.groups;
    const matcher = matcherOf({
      name: name ?? unquoted(quotedName ?? ''),
      operator,
      value: quoted === undefined ? plain : unquoted(quoted),
    });
    if (typeof matcher === 'string') return matcher;
    matchers.push(matcher);
    rest = rest.slice(found[0].length);
  }
  return matchers.length > 0 ? matchers : 'a matcher is empty';
}

/** Builds a matcher; returns why it cannot, for people. */
export function matcherOf({
  name,
  operator,
  value,
}: {
  readonly name: string;
  readonly operator: string;
  readonly value: string;
}): LabelMatcher | string {
  const isRegex = operator.endsWith('~');
  if (isRegex && value.length > LONGEST_PATTERN)
    return `the regular expression of ${name} is longer than ${LONGEST_PATTERN} characters`;
  if (isRegex && compilePattern(value) === null)
    return `"${value}" is not a regular expression that can be read`;
  return { name, value, isRegex, isEqual: !operator.startsWith('!') };
}

function unquoted(text: string): string {
  return text.replaceAll(/\\(.)/gsu, (whole, letter: string) => {
    if (letter === 'n') return '\n';
    return letter === '"' || letter === '\\' ? letter : whole;
  });
}
