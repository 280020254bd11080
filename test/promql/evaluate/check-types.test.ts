import { describe, expect, test } from 'vitest';
import { parse } from '../../../src/promql/parse/parse.ts';
import { PromqlError } from '../../../src/promql/model/syntax-tree.ts';

describe('an expression that makes no sense is refused:', () => {
  test.each([
    [
      'a pattern of label_replace',
      'label_replace(up, "a", "", "b", "(?=x)")',
      'Cannot read the regular expression "(?=x)" (no (?=), found at character 1',
    ],
    [
      'a comparison of numbers',
      'up + (1 > 2)',
      'A comparison of two numbers must say bool at character 7: 1 > 2',
    ],
    ['a range as a result', 'up[5m]', 'A rule must come to numbers, not to a range at character 1: up[5m]'],
    ['a text as a result', '"a"', 'A rule must come to numbers, not to a string at character 1: "a"'],
    ['too few arguments', 'clamp(up, 1)', 'clamp takes 3 arguments, got 2 at character 1: clamp(up, 1)'],
    ['too many arguments', 'round(up, 1, 2)', 'round takes 1 to 2 arguments, got 3'],
    ['too few texts', 'label_join(up, "a")', 'label_join takes at least 3 arguments, got 2'],
    ['another type of argument', 'rate(up)', 'Here must be a range, not a vector at character 6: up'],
    ['a name that no label has', 'label_join(up, "", "")', '"" is no name of a label, found at character 1'],
    ['a missing parameter', 'topk(up)', 'topk takes two arguments at character 1'],
    ['a needless parameter', 'sum(1, up)', 'sum takes one argument at character 1'],
    ['bool where nothing is compared', 'a + bool b', 'bool is for comparisons only'],
    ['set operators on numbers', 'up and 1', 'and is for vectors only'],
    ['groups of a set operator', 'a or on (x) group_left () b', 'or takes no group_left or group_right'],
    ['matching with a number', 'a + on (x) 1', 'on, ignoring and group are for two vectors only'],
    ['a label in on and in group', 'a + on (x) group_left (x) b', 'A label cannot be in both on and group'],
    ['a sign of a text', '-"a"', 'Operators take numbers and vectors, not a string at character 2: "a"'],
    [
      'an operator on a range',
      'up[5m] + up',
      'Operators take numbers and vectors, not a range at character 1',
    ],
  ])('%s', (_, text, message) => {
    expect(() => parse(text)).toThrow(PromqlError);
    expect(() => parse(text)).toThrow(message);
  });
});

test.each([
  'up + 1',
  '1 + 1',
  '1 > bool 2',
  'up > 1',
  '-(1)',
  'time() - 3',
  'clamp(up, scalar(up), 2 * 3)',
  'round(up)',
  'hour()',
  'label_join(up, "a", "")',
  'topk(scalar(up), up)',
  'quantile(0.5, up)',
  'count_values("a", up)',
  'a * on (x) group_left (y) b',
])('%s makes sense', (text) => expect(() => parse(text)).not.toThrow());

test('a name that only Prometheus 3 knows as one of a label is refused for Prometheus 2', () => {
  expect(() => parse('label_join(up, "0", "")')).not.toThrow();
  expect(() => parse('label_join(up, "0", "")', { generation: 2 })).toThrow('"0" is no name of a label');
});
