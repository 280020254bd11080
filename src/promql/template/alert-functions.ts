// Functions that Prometheus adds to Go's templates.
import { compareLabels } from '../functions/label-order.ts';
import { expandMatch } from '../functions/label-functions.ts';
import { labelIn } from '../model/labels.ts';
import type { PrometheusMajor } from '../model/series-source.ts';
import { parseDuration } from '../model/literals.ts';
import { compile } from '../regexp/compile.ts';
import { escapeQuery, type TemplateFunction } from './builtins.ts';
import {
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
} from './humanize.ts';
import {
  Dictionary,
  FillError,
  isList,
  Sample,
  toNumber,
  toText,
  typeOf,
  type Value,
} from './template-value.ts';

/** What surrounds a template: another evaluation, and the address of the page. */
export interface Surroundings {
  readonly query: (text: string) => readonly Sample[];
  readonly externalUrl: string;
  /** Seconds since the epoch. */
  readonly now: number;
  readonly generation: PrometheusMajor;
}

interface FunctionSpec {
  readonly takes: number;
  /** Takes so many or more. */
  readonly isOpen?: boolean;
  readonly run: (args: readonly Value[], around: Surroundings) => Value;
}

function ofNumber(write: (value: number) => string): FunctionSpec {
  return { takes: 1, run: ([value = null]) => write(toNumber(value)) };
}

function ofText(change: (text: string) => Value): FunctionSpec {
  return { takes: 1, run: ([text = null]) => change(toText(text)) };
}

const SPECS: Readonly<Record<string, FunctionSpec>> = {
  query: { takes: 1, run: ([text = null], { query }) => query(toText(text)) },
  first: { takes: 1, run: ([list = null]) => firstOf(list) },
  label: { takes: 2, run: ([name = null, sample = null]) => labelIn(sampleIn(sample).labels, toText(name)) },
  value: { takes: 1, run: ([sample = null]) => sampleIn(sample).value },
  strvalue: { takes: 1, run: ([sample = null]) => labelIn(sampleIn(sample).labels, '__value__') },
  sortByLabel: {
    takes: 2,
    run: ([name = null, list = null]) =>
      listIn(list).toSorted(
        (a, b) =>
          compareTexts(labelIn(a.labels, toText(name)), labelIn(b.labels, toText(name))) ||
          compareLabels(a.labels, b.labels, []),
      ),
  },
  args: {
    takes: 0,
    isOpen: true,
    run: (args) =>
      new Dictionary(Object.fromEntries(args.map((value, index) => [`arg${index}`, value])), null),
  },
  humanize: ofNumber(humanize),
  humanize1024: ofNumber(humanize1024),
  humanizeDuration: ofNumber(humanizeDuration),
  humanizePercentage: ofNumber(humanizePercentage),
  humanizeTimestamp: ofNumber(humanizeTimestamp),
  toUpper: ofText((text) => text.toUpperCase()),
  toLower: ofText((text) => text.toLowerCase()),
  title: { takes: 1, run: ([text = null], { generation }) => title(toText(text), generation) },
  match: { takes: 2, run: ([pattern = null, text = null]) => patternOf(pattern).test(toText(text)) },
  reReplaceAll: {
    takes: 3,
    run: ([pattern = null, replacement = null, text = null]) =>
      replaceAll(patternOf(pattern, 'g'), toText(replacement), toText(text)),
  },
  parseDuration: ofText((text) => {
    const duration = parseDuration(text.replace(/^-/u, ''));
    if (duration === null) throw new FillError(`not a valid duration string: "${text}"`);
    return (duration / 1000) * (text.startsWith('-') ? -1 : 1);
  }),
  graphLink: ofText((text) => `/graph?g0.expr=${escapeQuery(text)}&g0.tab=0`),
  tableLink: ofText((text) => `/graph?g0.expr=${escapeQuery(text)}&g0.tab=1`),
  urlQueryEscape: ofText(escapeQuery),
  safeHtml: ofText((text) => text),
  stripPort: ofText((text) => /^(?:\[([^\]]*)\]|([^:]*)):[^:]*$/u.exec(text)?.slice(1).find(Boolean) ?? text),
  stripDomain: ofText(stripDomain),
  externalURL: { takes: 0, run: (_, { externalUrl }) => externalUrl },
  pathPrefix: {
    takes: 0,
    run: (_, { externalUrl }) => /^\w+:\/\/[^/]*(\/.*)?$/u.exec(externalUrl)?.[1] ?? '',
  },
  now: { takes: 0, run: (_, { now }) => now },
};

export function hasAlertFunction(name: string): boolean {
  return Object.hasOwn(SPECS, name);
}

/** The functions, for one rendering. */
export function alertFunction(name: string, around: Surroundings): TemplateFunction {
  const spec = SPECS[name];
  return (args) => {
    if (spec === undefined) throw new FillError(`there is no function ${name}`);
    const { takes, isOpen = false, run } = spec;
    if (args.length < takes || (args.length > takes && !isOpen))
      throw new FillError(`takes ${takes === 1 ? 'one value' : `${takes} values`}, got ${args.length}`);
    return run(args, around);
  };
}

function firstOf(value: Value): Sample {
  const [first] = listIn(value);
  if (first === undefined) throw new FillError('first() called on vector with no elements');
  return first;
}

function listIn(value: Value): readonly Sample[] {
  if (isList(value)) return value;
  throw new FillError(`wants what a query came to, not a ${typeOf(value)}`);
}

function sampleIn(value: Value): Sample {
  if (value instanceof Sample) return value;
  throw new FillError(`wants a result of a query, not a ${typeOf(value)}`);
}

function patternOf(value: Value, flags = ''): RegExp {
  const pattern = toText(value);
  try {
    return compile(pattern, flags);
  } catch (error) {
    throw new FillError(
      `cannot read the regular expression "${pattern}" (${error instanceof Error ? error.message : 'unknown'})`,
    );
  }
}

function replaceAll(pattern: RegExp, replacement: string, text: string): string {
  return text.replaceAll(pattern, (...found: unknown[]) => {
    const named = found.at(-1);
    const isNamed = typeof named === 'object' && named !== null;
    const groups = isNamed
      ? Object.fromEntries(Object.entries(named).map(([name, caught]) => [name, String(caught ?? '')]))
      : {};
    const caught = found.slice(0, isNamed ? -3 : -2).map((one) => (typeof one === 'string' ? one : ''));
    return expandMatch(replacement, caught, groups);
  });
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Puts the first letter of each word in upper case. In Prometheus 2 words are parted by ASCII that is neither letter, digit nor
 * underscore, and by white space; in Prometheus 3 as Unicode has it: `o'neil` and `a.b` are one word.
 */
function title(text: string, generation: PrometheusMajor): string {
  const first =
    generation === 2
      ? /(?<=^|\s|[^\w\u{80}-\u{10ffff}])\p{Ll}/gu
      : /(?<![\p{L}\p{M}\p{N}_]|[\p{L}\p{M}]['.:\u{b7}\u{2018}\u{2019}\u{2024}\u{2027}])\p{Ll}/gu;
  return text.replaceAll(first, (letter) => letter.toUpperCase());
}

/** `web.example.com:80` is `web:80`; an address stays. */
function stripDomain(text: string): string {
  const [, host = text, port = ''] = /^(.*?)((?::\d+)?)$/u.exec(text) ?? [];
  if (/^\d+(?:\.\d+){3}$|^\[?[\da-fA-F:]*:[\da-fA-F:.]*\]?$/u.test(host)) return text;
  return `${host.split('.')[0] ?? ''}${port}`;
}
