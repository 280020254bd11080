// Summary of recent calls by tool and by client.
import { expect, it } from 'vitest';
import { summariseCalls, summariseClients, type CallRecord } from '../../../src/core/gateway/call-summary.ts';

const RECORD: CallRecord = {
  at: 1_000,
  server: 's',
  client: 'a',
  method: 'tools/call',
  tool: 'read',
  took: 1,
  waited: 0,
  isRetry: false,
  error: '',
};

it('counts calls, errors and quantiles by tool, the most called first', () => {
  const reads = Array.from({ length: 100 }, (_, index) => ({ ...RECORD, took: index + 1 }));
  const writes: CallRecord[] = [
    { ...RECORD, tool: 'write', error: 'tool_error', took: 4 },
    { ...RECORD, tool: 'write', error: 'cancelled', took: 9 },
  ];
  expect(summariseCalls([...writes, ...reads, { ...RECORD, tool: null, method: 'ping' }])).toEqual([
    { tool: 'read', calls: 100, errors: 0, p50: 50, p95: 95 },
    { tool: 'write', calls: 2, errors: 1, p50: 4, p95: 9 },
  ]);
});

it('names clients, the one heard last first', () => {
  expect(
    summariseClients([
      RECORD,
      { ...RECORD, client: 'b', at: 3_000 },
      { ...RECORD, at: 2_000 },
      { ...RECORD, client: null },
    ]),
  ).toEqual([
    { client: 'b', requests: 1, lastAt: 3_000 },
    { client: 'a', requests: 2, lastAt: 2_000 },
    { client: null, requests: 1, lastAt: 1_000 },
  ]);
});
