// Measures of a bench run: what fails is a row, what was started for it ends, and the others go on.
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

interface Row {
  readonly who: string;
  readonly why?: string;
  readonly isMet: boolean | null;
}
interface Result {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly took: number | null;
}
type Act<T> = () => Promise<T>;
type Measure =
  | { readonly title: string; readonly measure: Act<readonly Row[]> }
  | {
      readonly title: string;
      readonly begin: Act<{ readonly look: Act<void>; readonly finish: Act<readonly Row[]> }>;
    };
interface Runner {
  readonly runMeasures: (
    names: readonly string[],
    facts: {
      readonly modules: Readonly<Record<string, Measure>>;
      readonly options: object;
      readonly onResult: (result: Result) => void;
      readonly say: (line: string) => void;
    },
  ) => Promise<void>;
}
interface CleanUp {
  readonly onEnd: (end: Act<void>) => Act<void>;
}

/* eslint-disable typescript/no-unsafe-type-assertion -- modules of JavaScript */
const load = async (name: string) => (await import(pathToFileURL(`bench/lib/${name}`).href)) as unknown;
const { runMeasures } = (await load('run-measures.mjs')) as Runner;
const { onEnd } = (await load('clean-up.mjs')) as CleanUp;
/* eslint-enable typescript/no-unsafe-type-assertion */

const GOOD: Row = { who: 'good', isMet: true };

async function runAll(modules: Readonly<Record<string, Measure>>): Promise<Result[]> {
  const results: Result[] = [];
  const onResult = (result: Result): void => void results.push(result);
  await runMeasures(Object.keys(modules), { modules, options: {}, onResult, say: () => {} });
  return results;
}

test('one that throws is a row that says why, and what it had started is ended', async () => {
  const ended: string[] = [];
  const results = await runAll({
    bad: {
      title: 'bad',
      async measure() {
        onEnd(async () => void ended.push('bad'));
        throw new Error('no port | free\nat line 1');
      },
    },
    good: { title: 'good', measure: async () => [{ ...GOOD, who: ended.join() }] },
  });
  expect(results).toMatchObject([
    { name: 'bad', rows: [{ who: 'bad', why: 'could not be measured: no port / free', isMet: false }] },
    { name: 'good', rows: [{ who: 'bad', isMet: true }] },
  ]);
});

test('those that settle together begin in the reverse of the order in which they look, and end before the next looks', async () => {
  const steps: string[] = [];
  const settling = (name: string): Measure => ({
    title: name,
    async begin() {
      steps.push(`begin ${name}`);
      return {
        look: async () => void steps.push(`look ${name}`),
        finish: async () => [GOOD],
      };
    },
  });
  const results = await runAll({ short: settling('short'), long: settling('long') });
  expect(steps).toStrictEqual(['begin long', 'begin short', 'look short', 'look long']);
  expect(results).toMatchObject([
    { name: 'short', rows: [GOOD], took: null },
    { name: 'long', rows: [GOOD], took: null },
  ]);
});

test.each(['begin', 'look', 'finish'])(
  'of those that settle together, one that fails in %s',
  async (part) => {
    const ended: string[] = [];
    const failing = async (step: string): Promise<void> => {
      if (step === part) throw new Error(`in ${step}`);
    };
    const results = await runAll({
      bad: {
        title: 'bad',
        async begin() {
          onEnd(async () => void ended.push('bad'));
          await failing('begin');
          return {
            look: () => failing('look'),
            async finish() {
              await failing('finish');
              return [GOOD];
            },
          };
        },
      },
      good: { title: 'good', begin: async () => ({ look: async () => {}, finish: async () => [GOOD] }) },
    });
    expect(results).toMatchObject([
      { name: 'bad', rows: [{ why: `could not be measured: in ${part}` }] },
      { name: 'good', rows: [GOOD] },
    ]);
    expect(ended).toStrictEqual(['bad']);
  },
);
