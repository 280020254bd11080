// Parameters of the query API: times, durations and numbers in the forms that Prometheus takes.
import { parseDuration } from '../../promql/model/literals.ts';
import { invalidParameter, QueryError } from '../query/query-error.ts';

/** Parameters of a form body first, then those of the URL. */
export interface Parameters {
  get(name: string): string | null;
  getAll(name: string): string[];
}

/** As promtool asks: everything from 9999 hours ago until as long from now. */
const FARTHEST = 9999 * 3_600_000;

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/u;
const LEAST_TIME = '-292273086-05-16T16:47:06Z';
const MOST_TIME = '292277025-08-18T07:12:54.999999999Z';

/** Returns ms since the epoch; `fallback` without the parameter. @throws QueryError bad_data */
export function timeIn(parameters: Parameters, name: string, fallback?: number): number {
  const text = parameters.get(name) ?? '';
  if (text === '' && fallback !== undefined) return fallback;
  const time = parseTime(text);
  if (time !== null) return time;
  const fault = `cannot parse ${JSON.stringify(text)} to a valid timestamp`;
  throw invalidParameter(name, fallback === undefined ? fault : `Invalid time value for '${name}': ${fault}`);
}

function parseTime(text: string): number | null {
  if (text === LEAST_TIME) return -8.64e15;
  if (text === MOST_TIME) return 8.64e15;
  if (RFC3339.test(text)) {
    const parsed = Date.parse(text);
    return Number.isNaN(parsed) ? null : parsed;
  }
  const seconds = parseFloatOfGo(text);
  return seconds === null || !Number.isFinite(seconds) ? null : Math.round(seconds * 1000);
}

/** Returns ms. @throws QueryError bad_data */
export function durationIn(parameters: Parameters, name: string): number {
  const text = parameters.get(name) ?? '';
  const duration = lengthOf(text);
  if (duration === null)
    throw invalidParameter(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
  return duration;
}

/** Seconds as a number, or a duration as in PromQL; null for neither. */
function lengthOf(text: string): number | null {
  const seconds = parseFloatOfGo(text);
  if (seconds === null) return parseDuration(text);
  return Math.abs(seconds) < 9.2e9 ? Math.round(seconds * 1000) : null;
}

function parseFloatOfGo(text: string): number | null {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/iu.test(text) ? Number(text) : null;
}

/** Returns a whole number; `fallback` without the parameter. @throws QueryError bad_data */
export function countIn(parameters: Parameters, name: string, fallback: number): number {
  const text = parameters.get(name) ?? '';
  if (text === '') return fallback;
  if (!/^[+-]?\d{1,9}$/u.test(text)) throw new QueryError('bad_data', `${name} must be a number`);
  return Number(text);
}

/** Range of `start` and `end`, both inclusive, kept near `now`. @throws QueryError bad_data */
export function rangeIn(
  parameters: Parameters,
  now: number,
): { readonly start: number; readonly end: number } {
  const near = (time: number): number => Math.min(Math.max(time, now - FARTHEST), now + FARTHEST);
  return {
    start: near(timeIn(parameters, 'start', -Infinity)),
    end: near(timeIn(parameters, 'end', Infinity)),
  };
}
