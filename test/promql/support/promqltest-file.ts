// Reader of upstream's test data (`.test` files of promqltest): series to load, expressions, and what they come to.
import type { Labels } from '../../../src/promql/model/labels.ts';
import { parseDuration, parseNumber } from '../../../src/promql/model/literals.ts';
import { labelsIn, parsePoints, type Point } from './series-notation.ts';

export interface LoadedSeries {
  readonly labels: Labels;
  readonly points: readonly Point[];
  readonly step: number;
}

export interface Evaluation {
  readonly line: number;
  readonly expression: string;
  /** Ms; one moment, or a range. */
  readonly at: number | { readonly start: number; readonly end: number; readonly step: number };
  readonly mustFail: boolean;
  /** A text, one number, or series with a value for each step. */
  readonly expected: readonly Expected[];
}

interface Expected {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

export type Command =
  | { readonly kind: 'clear' }
  | { readonly kind: 'load'; readonly series: readonly LoadedSeries[]; readonly skipped: readonly string[] }
  | { readonly kind: 'eval'; readonly evaluation: Evaluation }
  /** What this reader does not understand, such as native histograms. */
  | { readonly kind: 'skip'; readonly line: number; readonly reason: string };

/** The commands of a file, in their order. */
export function readCommands(text: string): Command[] {
  const lines = text.split('\n').map((line) => line.trim());
  const commands: Command[] = [];
  for (let index = 0; index < lines.length;) {
    const head = lines[index] ?? '';
    let next = index + 1;
    while (next < lines.length && lines[next] !== '') next += 1;
    const isBlock = /^(?:load|eval)/u.test(head);
    const body = lines.slice(index + 1, next).filter((line) => !line.startsWith('#'));
    if (head.startsWith('clear')) commands.push({ kind: 'clear' });
    if (head.startsWith('load')) commands.push(load(head, body));
    if (head.startsWith('eval')) commands.push(evaluation(head, body, index + 1));
    index = isBlock ? next : index + 1;
  }
  return commands;
}

function load(head: string, body: readonly string[]): Command {
  const step = durationOf(head.split(/\s+/u)[1] ?? '');
  const series: LoadedSeries[] = [];
  const skipped: string[] = [];
  for (const line of body) {
    const [name, values] = split(line);
    // Loaded a second time as a native histogram, without its suffix.
    if (head.startsWith('load_with_nhcb')) skipped.push(name.replace(/_bucket.*/u, ''));
    try {
      series.push({ labels: labelsIn(name), points: parsePoints(values), step });
    } catch {
      skipped.push(name);
    }
  }
  return { kind: 'load', series, skipped };
}

function evaluation(head: string, body: readonly string[], line: number): Command {
  const instant = /^eval(\w*)\s+instant\s+at\s+(\S+)\s+(.*)$/u.exec(head);
  const range = /^eval(\w*)\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.*)$/u.exec(head);
  const kind = instant?.[1] ?? range?.[1] ?? '';
  const expression = instant?.[3] ?? range?.[5];
  if (expression === undefined) return { kind: 'skip', line, reason: head };
  const directives = body.filter((one) => /^expect(?:ed_fail|\s)/u.test(one));
  const other = directives.find((one) => /^expect\s+(?:string|range vector)/u.test(one));
  if (other !== undefined) return { kind: 'skip', line, reason: other };
  const at =
    instant === null
      ? {
          start: durationOf(range?.[2] ?? ''),
          end: durationOf(range?.[3] ?? ''),
          step: durationOf(range?.[4] ?? ''),
        }
      : durationOf(instant[2] ?? '');
  const mustFail = kind === '_fail' || directives.some((one) => /^expect\s+fail/u.test(one));
  try {
    const expected = body.filter((one) => !directives.includes(one)).map(expectedIn);
    return { kind: 'eval', evaluation: { line, expression, at, mustFail, expected } };
  } catch {
    return { kind: 'skip', line, reason: 'native histograms' };
  }
}

function expectedIn(line: string): Expected {
  const number = parseNumber(line);
  if (number !== null) return { labels: {}, points: [number] };
  const [name, values] = split(line);
  return { labels: labelsIn(name), points: parsePoints(values) };
}

/** Splits `up{a="b c"} 1 2` behind the labels. */
function split(line: string): [name: string, values: string] {
  const [, name = line, values = ''] =
    /^((?:[^\s{"]*)(?:\{(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[^}"'`])*\})?)\s*(.*)$/u.exec(line) ??
    [];
  return [name, values];
}

function durationOf(text: string): number {
  const negative = text.startsWith('-');
  const plain = text.replace(/^-/u, '');
  const duration = parseDuration(plain) ?? (parseNumber(plain) ?? Number.NaN) * 1000;
  return negative ? -duration : duration;
}
