import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { effectiveYaml } from '../../../src/config/effective.ts';
import { ConfigError, formatProblem } from '../../../src/config/read/problems.ts';
import { configJsonSchema } from '../../../src/config/schema/json-schema.ts';
import { read } from '../temporary.ts';

/** Every key that the schema knows, and a few that it does not. */
const KEYS = [
  ...new Set(JSON.stringify(configJsonSchema()).match(/[A-Za-z]+(?=":)/g)),
  '__proto__',
  'constructor',
  '<<',
  '',
];

const scalar = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    0,
    1,
    -1,
    1.5,
    '',
    '30s',
    '1GiB',
    'stdio',
    'http',
    'http://127.0.0.1:1/mcp',
    '127.0.0.1:0',
    'always',
    'mcp',
    '${env:A}',
    '${env:',
    '$${env:B}',
    '${env:NOT SET}',
    '***',
  ),
  fc.string({ unit: 'binary' }),
  fc.double(),
);

const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('tree'), { maxKeys: 5 }),
  ),
}));

/** Near to a config, so that the later checks are reached too. */
const nearly = fc.record(
  {
    servers: fc.dictionary(
      fc.constantFrom('a', 'b', 'B b'),
      fc.dictionary(fc.constantFrom(...KEYS), tree, { maxKeys: 6 }),
    ),
    defaults: tree,
    metrics: tree,
  },
  { requiredKeys: ['servers'] },
);

/** Right in form, with any text inside. */
const anyText = fc.string({ unit: 'binary', maxLength: 8 });
const right = fc.record({
  servers: fc.dictionary(
    fc.constantFrom('a', 'b', 'c.d'),
    fc.record(
      {
        command: fc.array(anyText, { minLength: 1, maxLength: 3 }),
        args: fc.array(fc.oneof(anyText, fc.constantFrom('--token', '${env:A}', '$${env:A}')), {
          maxLength: 4,
        }),
        env: fc.dictionary(fc.constantFrom('A', 'API_KEY'), anyText),
        dependsOn: fc.constantFrom([], ['a'], ['b', 'a']),
        stop: fc.record({ grace: fc.integer({ min: 0, max: 700 }).map((seconds) => `${seconds}s`) }),
        limits: fc.record({ memory: fc.record({ soft: fc.constantFrom(null, '1MiB', '9GiB') }) }),
      },
      { requiredKeys: ['command'] },
    ),
    { maxKeys: 3 },
  ),
});

const SIGNS = [
  'servers:',
  '\n  ',
  '\n    ',
  'a: ',
  '- ',
  '{',
  '}',
  '[',
  ']',
  '&x ',
  '*x',
  '!t ',
  '? ',
  '| ',
  '> ',
  '"',
  "'",
  '#',
  '%',
  '---\n',
  '...\n',
  '\t',
  ',',
  ':',
  '\\',
  '\u0000',
  '\uFEFF',
  '\u2028',
  '<<: ',
  '30s',
  '1',
  'null',
  '${env:A}',
];
const noise = fc
  .array(fc.oneof(fc.constantFrom(...SIGNS), fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 60 })
  .map((parts) => parts.join(''));

const text = fc.oneof(
  noise,
  tree.map((value) => stringify(value) ?? ''),
  nearly.map((value) => stringify(value)),
  nearly.map((value) => JSON.stringify(value)),
  right.map((value) => stringify(value)),
  right.map((value) => JSON.stringify(value)),
);

describe('any text', () => {
  it('gives a config that can be shown, or CONFIG_INVALID with one printable line per problem', () => {
    const outcomes = { config: 0, refused: 0 };
    fc.assert(
      fc.property(text, (written) => {
        try {
          const loaded = read(written, { A: 'value' });
          outcomes.config += 1;
          expect(typeof effectiveYaml(loaded)).toBe('string');
        } catch (error) {
          outcomes.refused += 1;
          if (!(error instanceof ConfigError)) throw error;
          expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
          expect(error.problems.length).toBeGreaterThan(0);
          for (const problem of error.problems) {
            expect(problem.reason).not.toBe('');
            expect(formatProblem(problem)).not.toMatch(/\p{Cc}/u);
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(outcomes.config).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThan(0);
  }, 120_000);
});
