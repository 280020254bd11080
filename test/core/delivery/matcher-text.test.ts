// Matchers as they are written in Alertmanager's config, and what is none.
import { describe, expect, test } from 'vitest';
import { readMatchers } from '../../../src/core/delivery/matcher-text.ts';

describe('readMatchers()', () => {
  test.each<readonly [text: string, expected: readonly (readonly [string, string, string])[]]>([
    ['severity = critical', [['severity', '=', 'critical']]],
    ['severity="critical"', [['severity', '=', 'critical']]],
    ['severity=~"warning|info"', [['severity', '=~', 'warning|info']]],
    ['severity =~ warning|info', [['severity', '=~', 'warning|info']]],
    ['team != ""', [['team', '!=', '']]],
    ['team !~ "a.+"', [['team', '!~', 'a.+']]],
    ['team =', [['team', '=', '']]],
    [
      '{severity="critical", team =~ "a,b"}',
      [
        ['severity', '=', 'critical'],
        ['team', '=~', 'a,b'],
      ],
    ],
    [
      'a="x",b=y,',
      [
        ['a', '=', 'x'],
        ['b', '=', 'y'],
      ],
    ],
    [String.raw`path = "a\\b\"c\nd"`, [['path', '=', 'a\\b"c\nd']]],
    ['"name of many words" = x', [['name of many words', '=', 'x']]],
    ['alertname=~"(?i)mcp.*"', [['alertname', '=~', '(?i)mcp.*']]],
  ])('reads %s', (text, expected) => {
    const read = readMatchers(text);
    if (typeof read === 'string') throw new Error(read);
    const operators = read.map(({ name, value, isEqual, isRegex }) => [
      name,
      `${isEqual ? (isRegex ? '=' : '') : '!'}${isRegex ? '~' : '='}`,
      value,
    ]);
    expect(operators).toEqual(expected);
  });

  test.each([
    ['severity', /^"severity" is not a matcher/u],
    ['= critical', /is not a matcher/u],
    ['a="x" b="y"', /is not a matcher/u],
    ['a="x', /is not a matcher/u],
    ['', /^a matcher is empty$/u],
    ['{}', /^a matcher is empty$/u],
    ['a=~"("', /^"\(" is not a regular expression/u],
    [`a=~"${'x'.repeat(1001)}"`, /longer than 1000 characters/u],
  ])('refuses %j', (text, expected) => {
    expect(readMatchers(text)).toMatch(expected);
  });

  test('reads a text of a megabyte in no time, whatever it is', () => {
    for (const text of ['a=b,', '"', '{', 'a=', 'a="\\'].map((part) => part.repeat(2 ** 18))) {
      const start = process.cpuUsage();
      readMatchers(text);
      const { user } = process.cpuUsage(start);
      expect(user).toBeLessThan(10_000_000);
    }
  });
});
