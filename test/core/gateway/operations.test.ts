// Label values of clients' requests: bounded, whatever clients and servers send.
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/core/gateway/model.ts';
import { createOperationMeter } from '../../../src/core/gateway/operations.ts';

const EXCHANGE: Exchange = {
  at: 0,
  session: null,
  client: null,
  channel: 'tcp',
  era: 'legacy',
  method: 'tools/call',
  tool: 'read',
  took: 5,
  waited: 0,
  isRetry: false,
  error: '',
  request: {},
  response: null,
};

function labels(...exchanges: readonly Partial<Exchange>[]) {
  const meter = createOperationMeter();
  meter.setTools(['read', 'write']);
  for (const exchange of exchanges) meter.add({ ...EXCHANGE, ...exchange });
  return meter.take();
}

describe('createOperationMeter()', () => {
  it('gathers the durations of equal requests, once', () => {
    const meter = createOperationMeter();
    meter.setTools(['read']);
    meter.add(EXCHANGE);
    meter.add({ ...EXCHANGE, took: 7 });
    expect(meter.take()).toEqual([
      { method: 'tools/call', tool: 'read', error: '', channel: 'tcp', took: [5, 7] },
    ]);
    expect(meter.take()).toEqual([]);
  });

  it('has no label for a method or tool that is in no list', () => {
    expect(labels({ method: 'x'.repeat(10_000), tool: null }, { tool: 'made up' })).toMatchObject([
      { method: '_other', tool: '' },
      { method: 'tools/call', tool: '_other' },
    ]);
  });

  it.each([
    ['tool_error', 'tool_error'],
    ['server_restarted', 'server_restarted'],
    ['-32603', '-32603'],
    ['-32000', '-32000'],
    ['-32602', ''],
    ['-32601', ''],
    ['-32002', ''],
    ['-12345', '_OTHER'],
  ] as const)('error %s is "%s"', (error, label) => {
    expect(labels({ error })).toMatchObject([{ error: label }]);
  });

  it('gives only the first fifty tools a label of their own', () => {
    const meter = createOperationMeter();
    const names = Array.from({ length: 80 }, (_, index) => `tool-${index}`);
    meter.setTools(names);
    for (const tool of names) meter.add({ ...EXCHANGE, tool });
    const found = meter.take();
    expect(found).toHaveLength(51);
    expect(found.find(({ tool }) => tool === '_other')?.took).toHaveLength(30);
  });

  it('stops at two hundred label sets, and loses no request', () => {
    const meter = createOperationMeter();
    meter.setTools(Array.from({ length: 50 }, (_, index) => `tool-${index}`));
    const errors = ['', 'tool_error', 'timeout', 'busy', 'cancelled', '-32603'] as const;
    let requests = 0;
    for (let index = 0; index < 50; index += 1)
      for (const error of errors)
        for (const channel of ['tcp', 'unix'] as const) {
          meter.add({ ...EXCHANGE, tool: `tool-${index}`, error, channel });
          requests += 1;
        }
    const found = meter.take();
    expect(found.length).toBeLessThanOrEqual(210);
    expect(found.flatMap(({ took }) => took)).toHaveLength(requests);
  });
});
