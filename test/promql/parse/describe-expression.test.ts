// Described expressions beside the answers of `/api/v1/parse_query` of Prometheus 3.14, which were recorded: what
// makes them is no part of its Go module that can be called.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FUNCTIONS } from '../../../src/promql/functions/functions.ts';
import { describeExpression } from '../../../src/promql/parse/describe-expression.ts';
import { parseQuery } from '../../../src/promql/parse/parse.ts';

interface Recorded {
  readonly query: string;
  readonly tree: unknown;
}

const RECORDED: readonly Recorded[] = JSON.parse(
  readFileSync(new URL('../fixtures/parsed-expressions.json', import.meta.url), 'utf8'),
);

function described(text: string): unknown {
  const { expression } = parseQuery(text, { generation: 3, step: 60_000, range: 3_600_000 });
  return JSON.parse(JSON.stringify(describeExpression(expression)));
}

describe('describeExpression()', () => {
  test.each(RECORDED)('describes $query as Prometheus does', ({ query, tree }) => {
    expect(described(query)).toEqual(tree);
  });

  test('counts arguments that may be left out or repeated as Prometheus does', () => {
    const variadic = ['round', 'year', 'label_join', 'sort_by_label', 'rate'].map((name) => {
      const args = FUNCTIONS[name]?.takes.map((type) => ARGUMENTS[type]).join(', ');
      return Object(Object(described(`${name}(${args})`))['func'])['variadic'];
    });
    expect(variadic).toEqual([1, 1, -1, -1, 0]);
  });
});

const ARGUMENTS = { vector: 'up', range: 'up[5m]', scalar: '2', string: '"a"' };
