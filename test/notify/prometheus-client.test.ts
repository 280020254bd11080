// HTTP client of Prometheus: only a series of this process counts, and every other answer says what is wrong.
import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPrometheusClient } from '../../src/notify/prometheus-client.ts';
import { systemClock } from '../../src/system/time/clock.ts';

const STARTED = 1_700_000_000.4;

async function ask(status: number, body: string) {
  const seen: { url: string; authorization: string }[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', authorization: request.headers.authorization ?? '' });
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const url = `http://ada:secret@127.0.0.1:${port}/prom/`;
  const client = openPrometheusClient({ url, clock: systemClock, startedAt: STARTED });
  onTestFinished(() => client.close());
  return { report: await client.ask(), seen };
}

function answer(result: unknown): string {
  return JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });
}

describe('openPrometheusClient()', () => {
  test('asks for a sample of this process where the heartbeat fires, and takes its instance', async () => {
    const series = [{ metric: { instance: 'mac:9638', job: 'mcp-watchdog' }, value: [1, '1'] }];
    const { report, seen } = await ask(200, answer(series));
    expect(report).toEqual({ trouble: null, instance: 'mac:9638' });
    const { pathname, searchParams } = new URL(seen[0]?.url ?? '', 'http://x');
    expect(pathname).toBe('/prom/api/v1/query');
    expect(searchParams.get('query')).toBe(
      '(abs(process_start_time_seconds - 1700000000) < 3) and on (job, instance) mcp_watchdog_build_info' +
        ' and on () ALERTS{alertname="Watchdog",alertstate="firing"}',
    );
    expect(seen[0]?.authorization).toMatch(/^Basic /u);
  });

  test.each([
    ['no series', 200, answer([]), /^it has no sample of this watchdog/u],
    ['a login page', 200, '<html>OK</html>', /^the server that answers is not Prometheus$/u],
    ['another JSON', 200, '{"status":"success","data":{"result":"yes"}}', /is not Prometheus$/u],
    ['an error with a result', 200, '{"status":"error","data":{"result":[{}]}}', /is not Prometheus$/u],
    ['nothing', 200, '', /is not Prometheus$/u],
    ['more than any query gives', 200, answer('x'.repeat(300_000)), /is not Prometheus$/u],
    ['a refusal', 401, answer([{ metric: {} }]), /401/u],
    ['a fault', 503, '', /503/u],
  ])('proves nothing by %s', async (_, status, body, trouble) => {
    const { report } = await ask(status, body);
    expect(report.trouble).toMatch(trouble);
    expect(report.instance).toBeNull();
    expect(report.trouble).not.toContain('secret');
  });

  test('keeps no instance from series without that label', async () => {
    expect((await ask(200, answer([{ metric: { instance: 7 } }]))).report).toEqual({
      trouble: null,
      instance: null,
    });
  });
});
