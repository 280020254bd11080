// Silences of Alertmanager, kept for the time when it cannot be reached.
import { isObject } from '../base/guards.ts';
import { compilePattern, type LabelMatcher, matchesAll } from './label-matcher.ts';

/** Times in ms since the epoch. */
export interface Silence {
  readonly id: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly matchers: readonly LabelMatcher[];
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
    ({ startsAt, endsAt, matchers }) => startsAt <= at && at < endsAt && matchesAll(matchers, labels),
  );
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

function readMatcher(value: unknown): LabelMatcher | null {
  if (!isObject(value)) return null;
  const { name, value: wanted, isRegex, isEqual = true } = value;
  if (typeof name !== 'string' || typeof wanted !== 'string') return null;
  if (typeof isRegex !== 'boolean' || typeof isEqual !== 'boolean') return null;
  if (isRegex && (wanted.length > LONGEST_PATTERN || compilePattern(wanted) === null)) return null;
  return { name, value: wanted, isRegex, isEqual };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
