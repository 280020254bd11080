// Command `query`: what it asks, what people and programs get, and how it refuses.
import { expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { startControlServer } from '../../../src/control/server.ts';
import type { QueryAnswer } from '../../../src/core/metrics/query-result.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { missingHome } from '../../fakes/temp-home.ts';

const LABELS = { __name__: 'up', instance: '127.0.0.1:9638', job: 'mcp-watchdog', server: 'a' };

async function query(argv: readonly string[], answer: QueryAnswer) {
  const paths = missingHome();
  const daemon = fakeDaemon();
  daemon.history = answer;
  const server = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
  onTestFinished(() => server.close());
  const io = fakeIo({ env: { MCP_WATCHDOG_HOME: paths.home } });
  const code = await runCli(['query', ...argv], io);
  return { code, out: io.stdout(), err: io.stderr(), asked: daemon.asked };
}

const ONE: QueryAnswer = {
  status: 'success',
  data: { resultType: 'vector', result: [{ metric: LABELS, value: [1000.5, '1'] }] },
};

it('prints plain rows where there is no terminal', async () => {
  const { code, out, asked } = await query(['up'], ONE);
  expect([code, out]).toEqual([0, '1000.5\t1\tup{server="a"}\n']);
  expect(asked).toEqual([expect.stringMatching(/^query query \{"query":"up","time":"\d+(\.\d+)?"\}$/u)]);
});

it('asks for a range with 120 steps, or with those that are named', async () => {
  const empty: QueryAnswer = { status: 'success', data: { resultType: 'matrix', result: [] } };
  expect((await query(['up', '--range', '1h'], empty)).asked[0]).toMatch(
    /^query query_range .*"step":"30"\}$/u,
  );
  expect((await query(['up', '--range', '1h', '--step', '5s'], empty)).asked[0]).toMatch(/"step":"5"\}$/u);
  expect((await query(['up', '--range', '5s'], empty)).asked[0]).toMatch(/"step":"1"\}$/u);
});

it('gives the data of Prometheus as JSON', async () => {
  const { out } = await query(['up', '--json'], ONE);
  expect(JSON.parse(out)).toEqual({ version: 1, ok: true, data: 'data' in ONE ? ONE.data : null });
});

it('shows warnings beside the answer', async () => {
  const { code, out, err } = await query(['up'], { ...ONE, warnings: ['The history begins later'] });
  expect([code, out, err]).toEqual([0, '1000.5\t1\tup{server="a"}\n', 'warning: The history begins later\n']);
});

it('says which name is no metric where nothing is found', async () => {
  const empty: QueryAnswer = { status: 'success', data: { resultType: 'vector', result: [] } };
  const { code, out, err } = await query(['sum(mcp_watchdog_servers_up{a="mcp_x"})'], empty);
  expect([code, out]).toEqual([0, '']);
  expect(err).toBe(
    'warning: No metric is called mcp_watchdog_servers_up; did you mean mcp_watchdog_server_up?\n',
  );
  expect((await query(['mcp_watchdog_server_up'], empty)).err).toBe('');
  expect((await query(['other_metric'], empty)).err).toBe('');
});

it('points at the place where an expression is wrong', async () => {
  const error = 'invalid parameter "query": 2:5: parse error: The expression ends too early';
  const { code, err } = await query(['sum(\n  up'], { status: 'error', errorType: 'bad_data', error });
  expect(code).toBe(2);
  expect(err.split('\n').slice(0, 3)).toEqual([
    'error: Cannot read the expression: The expression ends too early',
    '    up',
    '      ^',
  ]);
});

it.each<[errorType: string, code: number]>([
  ['bad_data', 2],
  ['execution', 1],
  ['timeout', 1],
  ['unavailable', 1],
])('ends for %s with %i', async (errorType, expected) => {
  const { code, err } = await query(['up'], { status: 'error', errorType, error: 'too many' });
  expect([code, err]).toEqual([expected, expect.stringContaining('Cannot evaluate: too many')]);
});

it.each([
  [[' '], 'an expression that is empty'],
  [['up', '--range', 'x'], '--range x'],
  [['up', '--range', '0s'], '--range 0s'],
  [['up', '--range', '1h', '--step', '1'], '--step 1'],
  [['up', '--step', '1s'], '--step without --range'],
])('refuses %j', async (argv, words) => {
  const { code, err, asked } = await query(argv, ONE);
  expect([code, asked]).toEqual([2, []]);
  expect(err).toContain(words);
});
