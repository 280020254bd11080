// Command `query EXPR`: evaluates PromQL over the history of the daemon, at one moment or over a range.
import { WatchdogError } from '../../core/base/errors.ts';
import { formatDuration, parseDuration } from '../../core/base/units.ts';
import { suggestSpelling } from '../../core/base/suggest.ts';
import { exposedNames } from '../../core/metrics/metric-catalogue.ts';
import type { QueryAnswer, QueryData } from '../../core/metrics/query-result.ts';
import type { CommandContext } from '../shared/command.ts';
import { printResult, viewOptions } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';
import { plainRows, queryLines } from './query-report.ts';

/** Steps of a range without `--step`: a terminal has hardly more columns. */
const STEPS = 120;
/** Milliseconds between two steps, at least. */
const SHORTEST_STEP = 1000;

export async function run(context: CommandContext): Promise<number> {
  const { io, flags } = context;
  const [expression = ''] = context.arguments;
  if (expression.trim() === '')
    throw new WatchdogError('USAGE', 'Cannot evaluate an expression that is empty', {
      hint: 'For example mcp-watchdog query up; docs/metrics.md lists the metrics',
    });
  const request = requestOf(expression, flags, io.clock.now());
  const answer = await withDaemon(context, (daemon) => daemon.request('query', request));
  if (answer.status === 'error') throw refusal(expression, answer);
  const { data, warnings = [] } = answer;
  for (const warning of warnings) io.err.write(`warning: ${warning}\n`);
  const misspelt = isEmpty(data) ? misspeltIn(expression) : null;
  if (misspelt !== null) io.err.write(`warning: ${misspelt}\n`);
  const lines = io.out.isTTY === true ? queryLines(data, viewOptions(context)) : plainRows(data);
  printResult(context, data, lines);
  return 0;
}

function isEmpty({ resultType, result }: QueryData): boolean {
  return (resultType === 'vector' || resultType === 'matrix') && result.length === 0;
}

/** Says which name of ours in an expression is none: the catalogue is closed. */
function misspeltIn(expression: string): string | null {
  const known = exposedNames();
  const names = expression.replaceAll(/"[^"]*"|'[^']*'|`[^`]*`/gu, '').match(/\bmcp_\w+/gu) ?? [];
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return null;
  const near = suggestSpelling(wrong, known);
  return `No metric is called ${wrong}${near === null ? ': see docs/metrics.md' : `; did you mean ${near}?`}`;
}

function requestOf(query: string, { range, step }: CommandContext['flags'], now: number) {
  if (range === undefined) {
    if (step !== undefined) throw new WatchdogError('USAGE', 'Cannot use --step without --range');
    return { path: 'query' as const, parameters: { query, time: String(now / 1000) } };
  }
  const length = durationOf('--range', range);
  const distance = step === undefined ? Math.max(SHORTEST_STEP, length / STEPS) : durationOf('--step', step);
  const start = (now - length) / 1000;
  const parameters = { query, start: String(start), end: String(now / 1000), step: String(distance / 1000) };
  return { path: 'query_range' as const, parameters };
}

/** @throws WatchdogError USAGE */
function durationOf(option: string, text: string): number {
  const parsed = parseDuration(text);
  const problem =
    'problem' in parsed ? parsed.problem : parsed.value > 0 ? null : `must be more than ${formatDuration(0)}`;
  if (problem !== null) throw new WatchdogError('USAGE', `Cannot use ${option} ${text}: it ${problem}`);
  return 'value' in parsed ? parsed.value : 0;
}

/** The refusal, with a caret under the place where the expression is wrong. */
function refusal(
  expression: string,
  { errorType, error }: Extract<QueryAnswer, { status: 'error' }>,
): WatchdogError {
  const [, line = '', column = '', rest] = /(\d+):(\d+): parse error: ([\s\S]*)$/u.exec(error) ?? [];
  if (rest === undefined)
    return new WatchdogError(
      errorType === 'bad_data' ? 'USAGE' : 'CONTROL_FAILED',
      `Cannot evaluate: ${error}`,
    );
  const text = expression.split('\n')[Number(line) - 1] ?? '';
  return new WatchdogError(
    'USAGE',
    `Cannot read the expression: ${rest}\n  ${text}\n  ${' '.repeat(Number(column) - 1)}^`,
  );
}
