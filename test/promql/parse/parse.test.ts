import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, parseQuery } from '../../../src/promql/parse/parse.ts';
import { type Expression, PromqlError } from '../../../src/promql/model/syntax-tree.ts';
import { createRandom } from '../support/random.ts';
import { randomExpression } from '../support/random-expression.ts';

type Of<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;

/** With all brackets that were left out. */
function written(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
    case 'string':
      return JSON.stringify(expression.value);
    case 'selector':
      return writtenSelector(expression);
    case 'range':
      return `${written(expression.selector)}[${expression.range}]`;
    case 'subquery':
      return `${written(expression.operand)}[${expression.range}:${expression.step ?? ''}]${writtenTiming(expression)}`;
    case 'call':
      return `${expression.name}(${expression.args.map(written).join()})`;
    case 'aggregation':
      return writtenAggregation(expression);
    case 'signed':
      return `(${expression.isNegative ? '-' : '+'}${written(expression.operand)})`;
    case 'operation':
      return writtenOperation(expression);
    default:
      return expression satisfies never;
  }
}

function writtenTiming({ offset, fixedAt }: Pick<Of<'selector'>, 'offset' | 'fixedAt'>): string {
  return `${offset === 0 ? '' : `@-${offset}`}${fixedAt === null ? '' : `@${fixedAt}`}`;
}

function writtenSelector({ name, matchers, ...timing }: Of<'selector'>): string {
  const list = matchers.map(({ label, operator, value }) => label + operator + value).join();
  return `${name ?? ''}${list === '' ? '' : `{${list}}`}${writtenTiming(timing)}`;
}

function writtenAggregation({ operator, grouping, parameter, operand }: Of<'aggregation'>): string {
  const args = parameter === null ? [operand] : [parameter, operand];
  return `${operator} ${grouping.mode}(${grouping.names.join()})(${args.map(written).join()})`;
}

function writtenOperation({ operator, isBool, matching, left, right }: Of<'operation'>): string {
  const { choice, many, include } = matching;
  const isPlain = choice.mode === 'without' && choice.names.length === 0;
  const clause = isPlain ? '' : ` ${choice.mode}(${choice.names.join()})`;
  const group = many === null ? '' : ` group_${many}(${include.join()})`;
  return `(${written(left)} ${operator}${isBool ? ' bool' : ''}${clause}${group} ${written(right)})`;
}

describe('parse()', () => {
  test.each([
    ['up', 'up'],
    ['job:up:sum', 'job:up:sum'],
    [`up{job="a",b!='b',c=~"c",d!~\`d\`,}`, 'up{job=a,b!=b,c=~c,d!~d}'],
    ['{__name__="up"}', 'up{__name__=up}'],
    ['{"up", job="a"}', 'up{__name__=up,job=a}'],
    ['up offset 5m', 'up@-300000'],
    ['up offset -5m', 'up@--300000'],
    ['rate(up[5m] offset 1h30m)', 'rate(up@-5400000[300000])'],
    ['rate(up[300])', 'rate(up[300000])'],
    ['up @ 1.5', 'up@1500'],
    ['up @ -1', 'up@-1000'],
    ['up @ start()', 'up@start'],
    ['rate(up[5m] @ end() offset 1m)', 'rate(up@-60000@end[300000])'],
    ['rate(up[5m] offset 1m @ end())', 'rate(up@-60000@end[300000])'],
    ['max_over_time(up[1h:])', 'max_over_time(up[3600000:])'],
    [
      'max_over_time(rate(up[5m])[1h:1m] @ 7 offset 5m)',
      'max_over_time(rate(up[300000])[3600000:60000]@-300000@7000)',
    ],
    ['max_over_time((a - b)[1h:1m])', 'max_over_time((a - b)[3600000:60000])'],
    ['max_over_time((a offset 1m)[1h:1m] offset 2m)', 'max_over_time(a@-60000[3600000:60000]@-120000)'],
    ['up # why\n', 'up'],
    ['1h', '3600'],
    ['(((1)))', '1'],
    ['vector(1)', 'vector(1)'],
    ['label_join(up, "a", "-", "b", "c")', 'label_join(up,"a","-","b","c")'],
    ['sum(up)', 'sum only()(up)'],
    ['SUM BY (a, b,) (up)', 'sum only(a,b)(up)'],
    ['sum(up) without (a)', 'sum without(a)(up)'],
    ['topk by (a) (3, up)', 'topk only(a)(3,up)'],
    ['count_values("v", up)', 'count_values only()("v",up)'],
    ['up > bool 1', '(up > bool 1)'],
    ['a AND ON (x) b', '(a and only(x) b)'],
    ['a / ignoring (x) group_left (y, z) b', '(a / without(x) group_left(y,z) b)'],
    ['a * on () group_right () b', '(a * only() group_right() b)'],
    ['a == on (x) group_left b', '(a == only(x) group_left() b)'],
  ])('reads %s', (text, tree) => expect(written(parse(text))).toBe(tree));

  // The judge of these is Prometheus, in differential.test.ts.
  test.each([
    ['a - b offset 5m', '(a - b@-300000)'],
    ['a offset 1s - b offset 5m * c', '(a@-1000 - (b@-300000 * c))'],
    ['-a offset 5m', '(-a@-300000)'],
    ['a or b and c unless d', '(a or ((b and c) unless d))'],
    ['a + b > c', '((a + b) > c)'],
    ['a - b - c', '((a - b) - c)'],
    ['a ^ b ^ c', '(a ^ (b ^ c))'],
    ['-2 ^ 2', '(-(2 ^ 2))'],
    ['-a * b', '((-a) * b)'],
    ['a ^ -b * c', '((a ^ (-b)) * c)'],
    ['a % b atan2 c', '((a % b) atan2 c)'],
    ['+a', '(+a)'],
    ['a - b @ 1 ^ c', '(a - (b@1000 ^ c))'],
    ['-a @ end()', '(-a@end)'],
    ['a * sum_over_time(b[1h:1m]) - c', '((a * sum_over_time(b[3600000:60000])) - c)'],
  ])('links %s as operators are strong', (text, tree) => expect(written(parse(text))).toBe(tree));

  test('says where the parts stand', () => {
    const expression = parse('  sum(up) >  bool 2');
    expect(expression).toMatchObject({
      from: 2,
      to: 19,
      left: { from: 2, to: 9 },
      right: { from: 18, to: 19 },
    });
  });
});

describe('durations', () => {
  test.each([
    ['up[5m * 2]', 600_000],
    ['up[1h / 7]', 514_285],
    ['up[step() * 3]', 90_000],
    ['up[range()]', 3_600_000],
    ['up[min_of(step(), 10s)]', 10_000],
  ])('%s is %d ms', (text, range) => {
    const options = { step: 30_000, range: 3_600_000 };
    expect(parseQuery(text, options).expression).toMatchObject({ range });
  });

  test('are computed from Prometheus 3 on', () => {
    expect(() => parse('sum_over_time(up[5m * 2])', { generation: 2 })).toThrow(
      'Arithmetic with durations is there from Prometheus 3 on, found at character 18: 5m * 2',
    );
  });
});

describe('parse() refuses', () => {
  test.each([
    ['what is no PromQL', 'up + * up', 'Cannot read the expression at character 6: * up'],
    ['half of one', 'up +', 'The expression ends too early at character 5: up +'],
    ['nothing', '', 'The expression ends too early at character 1: '],
    ['a bracket too many', 'sum(up))', 'Cannot read the expression at character 8: )'],
    [
      'an unknown function',
      'up + nonsense(up)',
      'There is no function nonsense at character 6: nonsense(up)',
    ],
    ['a word that is none', 'up and and (b)', 'Cannot read the expression at character 12: (b)'],
    ['a list that is not closed', 'sum by (a (up)', 'Cannot read the expression at character 11: (up)'],
    [
      'a function that it lacks',
      '1 + info(up)',
      'This engine has no function info, found at character 5: info(up)',
    ],
    [
      'a subquery of a number',
      'max_over_time(1[5m:1m])',
      'A subquery takes a vector, not a scalar at character 15: 1',
    ],
    ['a subquery of nothing', 'max_over_time(up[0s:1m])', 'must be longer than 0'],
    ['@ twice', 'sum(up @ 5 @ 6)', 'One @ may follow a selector, and directly at character 5'],
    ['@ without a time', 'sum(up @ NaN)', '@ needs a time in seconds at character 10: NaN'],
    ['@ behind what is computed', 'sum(up) @ 5', '@ must follow a selector at character 1'],
    [
      'a duration that is computed to nothing',
      'rate(up[5m-6m])',
      'A range must be longer than 0 at character 6: up[5m-6m]',
    ],
    ['a duration that is divided by 0', 'rate(up[5m/0])', 'A duration is divided by 0 at character 9: 5m/0'],
    ['a fill', 'a + fill(0) b', 'This engine has no such modifier, found at character 5: fill(0)'],
    [
      'a regular expression that Go has not',
      'up{a=~"(?=b)"}',
      'Cannot read the regular expression (no (?=) at character 4: a=~"(?=b)"',
    ],
    ['everything', 'up + {}', 'A selector must ask for something that is not empty at character 6: {}'],
    ['two names', 'up{__name__="down"}', 'A selector can have only one name at character 1'],
    ['a range of nothing', 'rate(up[0s])', 'A range must be longer than 0 at character 6: up[0s]'],
    [
      'a range of what is computed',
      'rate((up)[5m])',
      'A range must follow the name or the matchers directly at character 6',
    ],
    ['an offset of what is computed', 'sum(up) offset 5m', 'An offset must follow a selector at character 1'],
    [
      'an offset of brackets',
      '(up) offset 5m',
      'One offset may follow a selector, and directly at character 1',
    ],
    [
      'two offsets',
      'up offset 5m offset 1m',
      'One offset may follow a selector, and directly at character 1',
    ],
    ['a string that is not closed', 'up{a="b}', 'The expression ends too early at character 9: up{a="b}'],
    [
      'an escape that there is not',
      String.raw`up{a="\q"}`,
      String.raw`Cannot read the string at character 6: "\q"`,
    ],
  ])('%s', (_, text, message) => {
    expect(() => parse(text)).toThrow(PromqlError);
    expect(() => parse(text)).toThrow(message);
  });

  test('what is nested so deeply that the stack would end', () => {
    expect(() => parse(`${'('.repeat(10_000)}1${')'.repeat(10_000)}`)).toThrow('nested too deeply');
    expect(() => parse(`1${' + 1'.repeat(10_000)}`)).toThrow('nested too deeply');
    expect(() => parse(`1${' + 1'.repeat(100)}`)).not.toThrow();
    // More than any stack: there the parser gives up before it can be asked how deep it is.
    expect(() => parse(`${'('.repeat(30_000)}1${')'.repeat(30_000)}`)).toThrow('nested too deeply');
  });

  test('with the position and the construct apart', () => {
    try {
      parse('up +\n  info(up)');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ position: 7, construct: 'info(up)' });
    }
  });
});

describe('whatever is written', () => {
  const WORDS =
    'up job sum by without on ignoring group_left bool offset and or unless rate absent label_replace topk inf nan 5m 1 0x 1e "a" "( \' ` ( ) { } [ ] , = == =~ !~ != < > + - * / % ^ @ : # \n \\ é constructor __proto__'.split(
      ' ',
    );

  test('parse() never throws anything but a PromqlError', () => {
    const soup = fc.array(fc.constantFrom(...WORDS), { maxLength: 20 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.oneof(soup, fc.string(), fc.string({ unit: 'binary' })), (text) => {
        expect(faultOf(text)).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });

  test('a good expression with a change somewhere is read, or refused properly', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.constantFrom(...WORDS, ''), (seed, place, word) => {
        const text = randomExpression(createRandom(seed));
        const at = place % text.length;
        expect(faultOf(text)).toBeNull();
        expect(faultOf(text.slice(0, at) + word + text.slice(at + 1))).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  /** What came out that should not have. */
  function faultOf(text: string): unknown {
    try {
      parse(text);
      return null;
    } catch (error) {
      if (!(error instanceof PromqlError)) return error;
      return error.position <= text.length ? null : error.position;
    }
  }
});
