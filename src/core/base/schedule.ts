// Cron rules: their parser, and the decision whether a planned run is due, late or already done.
import { isObject } from './guards.ts';

/** A parsed rule, or why the text is invalid: `reason; cure`. */
type ParsedRule = { readonly rule: CronRule } | { readonly problem: string };

/** The values that each field allows, ascending. Sunday is 0. */
export interface CronRule {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  readonly weekdays: readonly number[];
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** In the order of their numbers, from `min` on. */
  readonly names: readonly string[];
}

const FIELDS = {
  seconds: { name: 'second', min: 0, max: 59, names: [] },
  minutes: { name: 'minute', min: 0, max: 59, names: [] },
  hours: { name: 'hour', min: 0, max: 23, names: [] },
  days: { name: 'day', min: 1, max: 31, names: [] },
  months: {
    name: 'month',
    min: 1,
    max: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  weekdays: {
    name: 'weekday',
    min: 0,
    max: 7,
    names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
  },
} as const satisfies Record<keyof CronRule, Field>;

const LONGEST_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Parses five fields (minute, hour, day, month, weekday), or six with seconds in front; `*`, numbers, names of months and
 * weekdays, ranges, lists and steps. Whatever it accepts, node-schedule accepts, and some date matches.
 */
export function parseRule(text: string): ParsedRule {
  const words = text.trim().split(/\s+/);
  if (words.length === 5) words.unshift('0');
  if (words.length !== 6) return { problem: 'must have five cron fields; write it like 0 2 * * 0' };
  const problems: string[] = [];
  const read = (field: Field, at: number): readonly number[] => {
    const values = parseField(words[at] ?? '', field);
    if (typeof values !== 'string') return values;
    problems.push(values);
    return [];
  };
  const rule = {
    seconds: read(FIELDS.seconds, 0),
    minutes: read(FIELDS.minutes, 1),
    hours: read(FIELDS.hours, 2),
    days: read(FIELDS.days, 3),
    months: read(FIELDS.months, 4),
    weekdays: read(FIELDS.weekdays, 5),
  };
  const [first] = problems;
  if (first !== undefined) return { problem: first };
  if (!everMatches(rule)) return { problem: `never comes: none of its months has ${daysOf(rule)}` };
  return { rule };
}

/** Returns the values, ascending, or what is wrong with the field. */
function parseField(text: string, field: Field): readonly number[] | string {
  const values = new Set<number>();
  for (const item of text.toLowerCase().split(',')) {
    const part = parseItem(item, field);
    if (part === null) return complaint(text, field);
    for (let value = part.from; value <= part.to; value += part.step)
      // Both 0 and 7 are Sunday.
      values.add(field.max === 7 ? value % 7 : value);
  }
  return [...values].sort((one, other) => one - other);
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** `*`, `5`, `mon-fri`, each with `/step`; `5/15` goes from 5 to the end. */
function parseItem(item: string, field: Field): Range | null {
  const [, range = '', stepText] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(item) ?? [];
  const step = stepText === undefined ? 1 : Number(stepText);
  if (step === 0) return null;
  if (range === '*') return { from: field.min, to: field.max, step };
  const [first = '', last, ...rest] = range.split('-');
  const from = parseValue(first, field);
  const to = last === undefined ? openEnd(from, stepText, field) : parseValue(last, field);
  return from === null || to === null || from > to || rest.length > 0 ? null : { from, to, step };
}

function openEnd(from: number | null, step: string | undefined, field: Field): number | null {
  return step === undefined ? from : field.max;
}

function parseValue(text: string, { min, max, names }: Field): number | null {
  const named = names.indexOf(text);
  if (named !== -1) return min + named;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : -1;
  return value >= min && value <= max ? value : null;
}

function complaint(text: string, { name, min, max, names }: Field): string {
  const [first, last] = [names[0], names.at(-1)];
  const named = first === undefined ? '' : ` or ${first} to ${last}`;
  const shown = text.length > 20 ? `${text.slice(0, 19)}…` : text;
  return `has a ${name} that cannot be read, "${shown}"; write ${min} to ${max}${named}, lists, ranges or */2`;
}

function everMatches({ days, months }: CronRule): boolean {
  const [first = 1] = days;
  return months.some((month) => first <= (LONGEST_MONTH[month - 1] ?? 31));
}

function daysOf({ days }: CronRule): string {
  return days.length === 1 ? `a day ${days[0]}` : `one of the days ${days.join(', ')}`;
}

/** Record of a job, kept over restarts. Times in ms since the epoch. */
export interface JobRecord {
  /** The rule for which `dueAt` was computed: it says nothing about another one. */
  readonly rule: string;
  readonly lastRunAt: number | null;
  /** The next planned run, as last computed; null when none is planned. */
  readonly dueAt: number | null;
}

/** A run that is later than this, ms, waits until the machine has settled. */
const PUNCTUAL = 60_000;

/** A time further ahead of now than this, ms, was written under a wrong clock and must not hold a job back until then. */
const PLAUSIBLE_LEAD = 26 * 3_600_000;

const EVERY_HOUR = 24;

interface FiringFacts {
  readonly now: number;
  readonly lastRunAt: number | null;
  readonly rule: CronRule;
  /** Local wall-clock time, in ms: goes back by an hour when summer time ends. */
  readonly local: (moment: number) => number;
}

/**
 * Decides about the run planned at `plannedAt`: `run` now; `late`, catch up once; `done`, a later run has covered it. So
 * several missed runs become one, and neither a clock that is set back nor the hour that comes twice when summer time
 * ends runs a job twice, unless the rule means every hour.
 */
export function judgeFiring(
  plannedAt: number,
  { now, lastRunAt, rule, local }: FiringFacts,
): 'run' | 'late' | 'done' {
  const last = plausible(lastRunAt, now);
  if (last !== null && plannedAt <= last) return 'done';
  if (last !== null && rule.hours.length < EVERY_HOUR && local(plannedAt) <= local(last)) return 'done';
  return now - plannedAt > PUNCTUAL ? 'late' : 'run';
}

/** True when the next planned run has passed while no daemon ran. */
export function wasMissed(
  record: JobRecord,
  { now, rule }: { readonly now: number; readonly rule: string },
): boolean {
  if (record.rule !== rule || record.dueAt === null || record.dueAt > now) return false;
  const last = plausible(record.lastRunAt, now);
  return last === null || record.dueAt > last;
}

function plausible(moment: number | null, now: number): number | null {
  return moment !== null && moment - now > PLAUSIBLE_LEAD ? null : moment;
}

/** Reads what an earlier daemon saved; null when it is not a plausible record. */
export function readJobRecord(saved: unknown): JobRecord | null {
  if (!isObject(saved)) return null;
  const { rule, lastRunAt, dueAt } = saved;
  if (typeof rule !== 'string' || !isMoment(lastRunAt) || !isMoment(dueAt)) return null;
  return { rule, lastRunAt, dueAt };
}

function isMoment(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && Number.isFinite(value));
}
