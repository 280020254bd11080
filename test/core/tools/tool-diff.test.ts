import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareTools, describeLosses, type Tool } from '../../../src/core/tools/tool-diff.ts';

type Schema = Readonly<Record<string, unknown>> | boolean;

const tool = (name: string, inputSchema: unknown = { type: 'object' }): Tool => ({ name, inputSchema });

/** What one property `x` takes no longer. */
function lost(before: Schema, after: Schema): readonly string[] {
  const wrap = (x: Schema): Tool => tool('t', { type: 'object', properties: { x } });
  return compareTools([wrap(before)], [wrap(after)]).narrowed.map(({ what }) => what);
}

/** What a tool takes no longer. */
function lostInput(before: unknown, after: unknown): readonly string[] {
  return compareTools([tool('t', before)], [tool('t', after)]).narrowed.map(({ what }) => what);
}

describe('compareTools()', () => {
  test('names tools that are gone and tools that are new', () => {
    const changes = compareTools([tool('a'), tool('b'), tool('c')], [tool('d'), tool('b')]);
    expect(changes).toEqual({ removed: ['a', 'c'], added: ['d'], narrowed: [] });
    expect(describeLosses(changes)).toBe('2 tools are gone: a, c');
  });

  test('has nothing to say of new tools only', () => {
    const changes = compareTools([tool('a')], [tool('a'), tool('b')]);
    expect(describeLosses(changes)).toBeNull();
  });

  test('describes losses in one harmless line, however many there are', () => {
    const before = Array.from({ length: 500 }, (_, index) => tool(`tool${index}\u001B[31m\n`));
    const words = describeLosses(compareTools(before, [])) ?? '';
    expect(words).toMatch(/^500 tools are gone: tool0\\x0a, tool1\\x0a, tool2\\x0a and 497 more$/);
  });
});

describe('a property', () => {
  test.each<[string, Schema, Schema, string]>([
    ['another type', { type: 'string' }, { type: 'number' }, '"x" takes no string any more'],
    ['one type of two', { type: ['string', 'null'] }, { type: 'string' }, '"x" takes no null any more'],
    [
      'a union without null',
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
      { type: 'string' },
      '"x" takes no null any more',
    ],
    ['any, then one type', {}, { type: 'string' }, '"x" takes only string'],
    ['true, then one type', true, { type: 'string' }, '"x" takes only string'],
    ['fractions', { type: 'number' }, { type: 'integer' }, '"x" takes only whole numbers'],
    ['nothing', { type: 'string' }, false, '"x" takes nothing any more'],
    ['an enum that is new', { type: 'string' }, { enum: ['a', 'b'] }, '"x" takes only "a", "b"'],
    [
      'an enum that lost one',
      { enum: ['a', 'b', 'c'] },
      { enum: ['a', 'c', 'd'] },
      '"x" no longer takes "b"',
    ],
    ['a const', { enum: ['a', 'b'] }, { const: 'a' }, '"x" no longer takes "b"'],
    [
      'consts in a union',
      { anyOf: [{ const: 'a' }, { const: 'b' }] },
      { enum: ['a'] },
      '"x" no longer takes "b"',
    ],
    ['an enum that became a number', { enum: ['a', 1] }, { type: 'integer' }, '"x" no longer takes "a"'],
    ['a boolean', { type: 'boolean' }, { const: true }, '"x" no longer takes false'],
    ['a minimum', { type: 'integer', minimum: 1 }, { type: 'integer', minimum: 2 }, '"x" must be at least 2'],
    ['a new maximum', { type: 'integer' }, { type: 'integer', maximum: 50 }, '"x" must be at most 50'],
    [
      'an exclusive one',
      { type: 'number', minimum: 0 },
      { type: 'number', exclusiveMinimum: 0 },
      '"x" must be more than 0',
    ],
    [
      'draft 4',
      { type: 'number', maximum: 9 },
      { type: 'number', maximum: 9, exclusiveMaximum: true },
      '"x" must be less than 9',
    ],
    ['a step', { type: 'integer' }, { type: 'integer', multipleOf: 5 }, '"x" must be a multiple of 5'],
    [
      'a length',
      { type: 'string', maxLength: 100 },
      { type: 'string', maxLength: 10 },
      '"x" must have at most 10 characters',
    ],
    [
      'a least length',
      { type: 'string' },
      { type: 'string', minLength: 1 },
      '"x" must have at least 1 characters',
    ],
    [
      'a pattern',
      { type: 'string' },
      { type: 'string', pattern: '^a' },
      '"x" must match a pattern that was not there before',
    ],
    ['entries', { type: 'array' }, { type: 'array', maxItems: 3 }, '"x" must have at most 3 entries'],
    [
      'unique entries',
      { type: 'array' },
      { type: 'array', uniqueItems: true },
      '"x" must not have the same entry twice',
    ],
    [
      'the type of entries',
      { type: 'array', items: { type: ['string', 'number'] } },
      { type: 'array', items: { type: 'string' } },
      '"x[]" takes no number any more',
    ],
    [
      'a tuple',
      { type: 'array', prefixItems: [{ type: 'string' }, {}] },
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'null' }] },
      '"x[1]" takes only null',
    ],
    [
      'a nested property',
      { type: 'object', properties: { y: { type: 'string' } } },
      { type: 'object', properties: { y: { type: 'null' } } },
      '"x.y" takes no string any more',
    ],
    [
      'values of a map',
      { type: 'object', additionalProperties: {} },
      { type: 'object', additionalProperties: { type: 'string' } },
      '"x.*" takes only string',
    ],
    [
      'a map',
      { type: 'object' },
      { type: 'object', additionalProperties: false },
      '"x" takes no further properties',
    ],
    [
      'in all parts of a union',
      { type: 'string' },
      {
        anyOf: [
          { type: 'string', maxLength: 9 },
          { type: 'string', maxLength: 9, minLength: 4 },
        ],
      },
      '"x" must have at most 9 characters',
    ],
    [
      'in allOf',
      { type: 'string' },
      { allOf: [{ type: 'string' }, { maxLength: 9 }] },
      '"x" must have at most 9 characters',
    ],
  ])('that takes less is found: %s', (_, before, after, words) => {
    expect(lost(before, after)).toEqual([words]);
    expect(lost(before, before)).toEqual([]);
    expect(lost(after, after)).toEqual([]);
  });

  test.each<[string, Schema, Schema]>([
    ['takes more types', { type: 'string' }, { type: ['string', 'null'] }],
    ['takes null in a union', { type: 'string' }, { anyOf: [{ type: 'string' }, { type: 'null' }] }],
    ['takes fractions', { type: 'integer' }, { type: 'number' }],
    ['takes more values', { enum: ['a'] }, { enum: ['a', 'b'] }],
    ['takes any value', { enum: ['a'] }, { type: 'string' }],
    ['names both booleans', { type: 'boolean' }, { enum: [true, false] }],
    ['spells a union otherwise', { enum: ['a', 'b'] }, { oneOf: [{ const: 'a' }, { const: 'b' }] }],
    [
      'has the bounds of a double',
      { type: 'integer' },
      { type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 },
    ],
    ['has an empty pattern', { type: 'string' }, { type: 'string', pattern: '^.*$' }],
    ['has another pattern', { type: 'string', pattern: '^a' }, { type: 'string', pattern: '^a+' }],
    [
      'says a format by a pattern',
      { type: 'string', format: 'email' },
      { type: 'string', format: 'email', pattern: '@' },
    ],
    ['said the same by allOf', { type: 'number', allOf: [{ minimum: 1 }] }, { type: 'number', minimum: 1 }],
    [
      'had a condition that may say the same',
      { type: 'string', not: { const: '' } },
      { type: 'string', minLength: 1 },
    ],
    ['has a condition that is new', { type: 'string' }, { type: 'string', not: { const: '' } }],
    ['has a type of its own', { type: 'string' }, { type: 'any' }],
    [
      'is closed now',
      { type: 'object', properties: { y: {} } },
      { type: 'object', properties: { y: {} }, additionalProperties: false },
    ],
    ['refers to what is not there', { type: 'string' }, { $ref: '#/$defs/none' }],
    ['refers to somewhere else', { type: 'string' }, { $ref: 'https://example.org/schema' }],
    ['is no schema', { type: 'string' }, { $ref: 7, type: 'string' }],
    [
      'is described otherwise',
      { type: 'string', description: 'a' },
      { type: 'string', title: 'b', default: '' },
    ],
  ])('that %s is not called narrower', (_, before, after) => {
    expect(lost(before, after)).toEqual([]);
  });
});

describe('an input', () => {
  const object = (properties: object, more: object = {}): object => ({ type: 'object', properties, ...more });

  test('with a property that is now required', () => {
    const before = object({ a: {}, b: {} }, { required: ['a'] });
    expect(lostInput(before, object({ a: {}, b: {}, c: {} }, { required: ['a', 'b', 'c'] }))).toEqual([
      '"b" is now required',
      '"c" is now required',
    ]);
  });

  test('with a property that is gone, and what becomes of calls that give it', () => {
    const before = object({ a: {}, b: {} });
    expect(lostInput(before, object({ a: {} }))).toEqual(['"b" is gone, and is ignored at best']);
    expect(lostInput(before, object({ a: {} }, { additionalProperties: false }))).toEqual([
      '"b" is gone, and calls that give it are refused',
    ]);
    expect(lostInput(before, object({ a: {} }, { additionalProperties: {} }))).toEqual([]);
  });

  test('behind references, in either document', () => {
    const before = {
      $defs: { text: { type: ['string', 'null'] } },
      ...object({ a: { $ref: '#/$defs/text' } }),
    };
    const after = {
      definitions: { 'a/b': { type: 'string' } },
      ...object({ a: { $ref: '#/definitions/a~1b' } }),
    };
    expect(lostInput(before, after)).toEqual(['"a" takes no null any more']);
    expect(lostInput(before, before)).toEqual([]);
  });

  test('that was missing, or is nothing that can be read', () => {
    expect(lostInput(undefined, object({ a: {} }))).toEqual([]);
    for (const odd of [null, 7, 'text', [], { type: 5 }, { properties: [] }, { required: 'a' }]) {
      expect(lostInput(object({}), odd)).toEqual([]);
      expect(lostInput(odd, object({}))).toEqual([]);
    }
  });

  test('with names that only look like parts of every object', () => {
    const before: unknown = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"toString":{}}}',
    );
    expect(lostInput(before, object({}))).toHaveLength(2);
    expect(lostInput(object({}), before)).toEqual([]);
  });
});

describe('a hostile schema', () => {
  /** `wrap` around itself, so many times. */
  function nest(depth: number, wrap: (inner: unknown) => unknown): unknown {
    let schema: unknown = { type: 'string' };
    for (let level = 0; level < depth; level += 1) schema = wrap(schema);
    return schema;
  }
  const wide = (count: number, schema: unknown): Record<string, unknown> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`property${index}`, schema]));
  const doubling = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [
      `d${index}`,
      { allOf: [{ $ref: `#/$defs/d${index + 1}` }, { $ref: `#/$defs/d${index + 1}` }] },
    ]),
  );
  const self = { $ref: '#' };
  const branching = { type: 'object', properties: wide(20, self) };

  test.each<[string, () => unknown]>([
    [
      '10,000 levels of properties',
      () => nest(10_000, (inner) => ({ type: 'object', properties: { a: inner } })),
    ],
    ['10,000 levels of allOf', () => nest(10_000, (inner) => ({ allOf: [inner] }))],
    ['10,000 levels of lists', () => nest(10_000, (inner) => ({ type: 'array', items: inner }))],
    ['an enum of 10,000 levels', () => ({ enum: [nest(10_000, (inner) => [inner])] })],
    ['a reference to itself', () => ({ $ref: '#' })],
    ['references in a circle', () => ({ $ref: '#/a', a: { $ref: '#/b' }, b: { $ref: '#/a' } })],
    ['a schema that contains itself twenty times', () => branching],
    ['references that double at each level', () => ({ $ref: '#/$defs/d0', $defs: doubling })],
    ['5 MB of properties', () => ({ type: 'object', properties: wide(120_000, { type: 'string' }) })],
    ['5 MB of values', () => ({ enum: Array.from({ length: 500_000 }, (_, index) => `value${index}`) })],
    ['5 MB of names', () => ({ required: Array.from({ length: 500_000 }, (_, index) => `name${index}`) })],
    ['5 MB of a pattern', () => ({ type: 'string', pattern: '(a+)+$'.repeat(800_000) })],
    [
      'a thousand references to 10,000 properties',
      () => ({
        type: 'object',
        $defs: { big: { type: 'object', properties: wide(10_000, { type: 'string' }) } },
        properties: wide(1000, { $ref: '#/$defs/big' }),
      }),
    ],
    ['unions of unions', () => nest(12, (inner) => ({ anyOf: [inner, inner, inner] }))],
    ['allOf of allOf', () => nest(14, (inner) => ({ allOf: [inner, inner, inner] }))],
  ])('does not hold up the comparison: %s', (_, make) => {
    const [schema, other] = [make(), make()];
    const began = process.cpuUsage();
    const changes = compareTools(
      [tool('a', schema), tool('b', { type: 'object' }), tool('c', schema)],
      [tool('a', other), tool('b', schema), tool('c', { type: 'object' })],
    );
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1000).toBeLessThan(2000);
    expect(changes.narrowed.length).toBeLessThanOrEqual(100);
    expect(JSON.stringify(changes.narrowed.map(({ what }) => what)).length).toBeLessThan(50_000);
  });
});

describe('any schema', () => {
  const leaf = fc.oneof(
    fc.constantFrom<Schema>(true, {}, { type: 'string' }, { type: 'null' }, { type: ['integer', 'string'] }),
    fc.record({ type: fc.constantFrom('integer', 'number'), minimum: fc.integer({ min: -3, max: 3 }) }),
    fc.record({ type: fc.constant('string'), maxLength: fc.nat(3) }),
    fc.record({
      enum: fc.uniqueArray(fc.constantFrom<unknown>('a', 'bb', 1, 1.5, true, null), { minLength: 1 }),
    }),
  );
  const { schema } = fc.letrec<{ schema: Schema }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 2 },
      leaf,
      fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
      fc.record({ type: fc.constant('array'), items: tie('schema') }),
      fc.record({
        type: fc.constant('object'),
        properties: fc.dictionary(fc.constantFrom('a', 'b'), tie('schema')),
        required: fc.uniqueArray(fc.constantFrom('a', 'b')),
      }),
    ),
  }));

  test('is as wide as itself', () => {
    fc.assert(
      fc.property(schema, (one) => {
        expect(lostInput(one, structuredClone(one))).toEqual([]);
      }),
    );
  });

  test('loses nothing when another way to be valid is added', () => {
    fc.assert(
      fc.property(schema, schema, (one, other) => {
        expect(lostInput(one, { anyOf: [structuredClone(one), other] })).toEqual([]);
      }),
    );
  });

  test('that takes a value no longer is one that another validator finds narrower, too', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>('', 'a', 'bb', 'cccc', -4, -1, 0, 1, 1.5, 4, true, false, null),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    const values = fc.sample(value, { numRuns: 5000, seed: 7 });
    fc.assert(
      fc.property(schema, schema, (one, other) => {
        // What is only ignored is a loss for people, not for a validator.
        const found = lostInput(one, other).filter((what) => !what.endsWith('ignored at best'));
        if (found.length === 0) return;
        const [was, is] = [ajv.compile(one), ajv.compile(other)];
        // What took nothing at all, or is not met by the values above, proves nothing either way.
        if (!values.some((each) => was(each))) return;
        const isAsWide = values.every((each) => !was(each) || is(each));
        if (isAsWide) expect({ one, other, found }).toEqual('no witness');
      }),
      { numRuns: 300, seed: Number(process.env['SEED'] ?? 1) },
    );
  });
});
