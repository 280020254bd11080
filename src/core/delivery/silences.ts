// Silences of Alertmanager, kept for the time when it cannot be reached.
import { isObject } from '../base/guards.ts';

interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

/** Times in ms since the epoch. */
export interface Silence {
  readonly id: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly matchers: readonly Matcher[];
}

const MOST_SILENCES = 1000;
/** A foreign pattern runs in our process: longer ones are not tried. */
const LONGEST_PATTERN = 1000;

/** @param answer JSON of `GET /api/v2/silences`, its times as ms since the epoch; implausible silences are left out */
export function readSilences(answer: unknown): Silence[] {
  const list: readonly unknown[] = Array.isArray(answer) ? answer : [];
  return list.slice(0, MOST_SILENCES).flatMap((one) => readSilence(one));
}

/** True when a silence that is active at `at` matches the labels. */
export function isSilenced(
  labels: Readonly<Record<string, string>>,
  silences: readonly Silence[],
  at: number,
): boolean {
  return silences.some(
    ({ startsAt, endsAt, matchers }) =>
      startsAt <= at && at < endsAt && matchers.every((matcher) => isMatch(matcher, labels)),
  );
}

/** A missing label counts as empty, as in Alertmanager. */
function isMatch(
  { name, value, isRegex, isEqual }: Matcher,
  labels: Readonly<Record<string, string>>,
): boolean {
  const actual = labels[name] ?? '';
  const matches = isRegex ? matchesWhole(value, actual) : actual === value;
  return matches === isEqual;
}

function matchesWhole(pattern: string, text: string): boolean {
  const compiled = compile(pattern);
  return compiled !== null && compiled.test(text);
}

function compile(pattern: string): RegExp | null {
  // Go writes flags at the front of the pattern, JavaScript apart from it.
  const [, flags = '', rest = ''] = /^(?:\(\?([is]+)\))?(.*)$/su.exec(pattern) ?? [];
  try {
    return new RegExp(`^(?:${rest})$`, `u${[...new Set(flags)].join('')}`);
  } catch {
    return null;
  }
}

function readSilence(value: unknown): Silence[] {
  if (!isObject(value)) return [];
  const { id, startsAt, endsAt, matchers } = value;
  const state = isObject(value['status']) ? value['status']['state'] : 'active';
  if (typeof id !== 'string' || state === 'expired' || !isTime(startsAt) || !isTime(endsAt)) return [];
  const read = (Array.isArray(matchers) ? matchers : []).map((matcher: unknown) => readMatcher(matcher));
  const whole = read.filter((matcher) => matcher !== null);
  // Leaving out a matcher that is not understood would silence too much.
  if (whole.length === 0 || whole.length < read.length) return [];
  return [{ id, startsAt, endsAt, matchers: whole }];
}

function readMatcher(value: unknown): Matcher | null {
  if (!isObject(value)) return null;
  const { name, value: wanted, isRegex, isEqual = true } = value;
  if (typeof name !== 'string' || typeof wanted !== 'string') return null;
  if (typeof isRegex !== 'boolean' || typeof isEqual !== 'boolean') return null;
  if (isRegex && (wanted.length > LONGEST_PATTERN || compile(wanted) === null)) return null;
  return { name, value: wanted, isRegex, isEqual };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
