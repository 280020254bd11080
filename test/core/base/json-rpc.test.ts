import { assert, json, oneof, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readMessages,
  rpcNotification,
  rpcErrorResponse,
  rpcRequest,
  rpcResult,
} from '../../../src/core/base/json-rpc.ts';

describe('what we send', () => {
  it('is a request with a string id, and with params only when there are some', () => {
    expect(JSON.parse(rpcRequest('wd:1:2', 'ping'))).toEqual({
      jsonrpc: '2.0',
      id: 'wd:1:2',
      method: 'ping',
    });
    expect(JSON.parse(rpcRequest('a', 'tools/list', {}))).toEqual({
      jsonrpc: '2.0',
      id: 'a',
      method: 'tools/list',
      params: {},
    });
  });

  it('is a notification without an id, a result, or a refusal', () => {
    expect(JSON.parse(rpcNotification('n/a', { x: 1 }))).toEqual({
      jsonrpc: '2.0',
      method: 'n/a',
      params: { x: 1 },
    });
    expect(JSON.parse(rpcResult(7, {}))).toEqual({ jsonrpc: '2.0', id: 7, result: {} });
    expect(JSON.parse(rpcErrorResponse('s', -32601, 'no'))).toEqual({
      jsonrpc: '2.0',
      id: 's',
      error: { code: -32601, message: 'no' },
    });
  });

  it('never contains a newline, which would cut it in two on a pipe', () => {
    assert(
      property(string(), string(), (id, method) => {
        return !rpcRequest(id, method, { text: `${id}\n${method}` }).includes('\n');
      }),
    );
  });

  it('is read back as what it was', () => {
    expect(readMessages(rpcRequest('a', 'm'))).toEqual([
      { kind: 'request', id: 'a', method: 'm', params: undefined },
    ]);
    expect(readMessages(rpcResult('a', { ok: true }))).toEqual([
      { kind: 'result', id: 'a', result: { ok: true } },
    ]);
  });
});

describe('readMessages()', () => {
  const cases: [string, string, object][] = [
    ['a result', '{"jsonrpc":"2.0","id":"a","result":{}}', { kind: 'result', id: 'a', result: {} }],
    [
      'a result for a number',
      '{"jsonrpc":"2.0","id":3,"result":{}}',
      { kind: 'result', id: '3', result: {} },
    ],
    [
      'an error',
      '{"jsonrpc":"2.0","id":"a","error":{"code":-32601,"message":"no","data":1}}',
      { kind: 'error', id: 'a', error: { code: -32601, message: 'no', data: 1 } },
    ],
    [
      'an error about nobody knows what',
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse"}}',
      { kind: 'error', id: null, error: { code: -32700, message: 'parse', data: undefined } },
    ],
    [
      'an error without a message',
      '{"jsonrpc":"2.0","id":"a","error":{"code":1}}',
      { kind: 'error', id: 'a', error: { code: 1, message: '', data: undefined } },
    ],
    ['a request', '{"jsonrpc":"2.0","id":1,"method":"ping"}', { kind: 'request', id: 1, method: 'ping' }],
    [
      'a notification',
      '{"jsonrpc":"2.0","method":"n","params":{}}',
      { kind: 'notification', method: 'n', params: {} },
    ],
    ['a log line', 'listening on 3000', { kind: 'garbage' }],
    ['a log line in JSON', '{"level":"info","msg":"hello"}', { kind: 'garbage' }],
    ['half a message', '{"jsonrpc":"2.0","id":"a","res', { kind: 'garbage' }],
    ['another version', '{"jsonrpc":"1.0","id":"a","result":{}}', { kind: 'garbage' }],
    ['a result that is no object', '{"jsonrpc":"2.0","id":"a","result":"pong"}', { kind: 'garbage' }],
    ['a result without an id', '{"jsonrpc":"2.0","result":{}}', { kind: 'garbage' }],
    ['an error without a code', '{"jsonrpc":"2.0","id":"a","error":{}}', { kind: 'garbage' }],
    ['nothing', '', { kind: 'garbage' }],
    ['null', 'null', { kind: 'garbage' }],
    ['an empty batch', '[]', { kind: 'garbage' }],
  ];

  it.each(cases)('takes %s for what it is', (_name, text, expected) => {
    expect(readMessages(text)).toMatchObject([expected]);
  });

  it('takes a batch apart', () => {
    const batch = '[{"jsonrpc":"2.0","id":"a","result":{}},{"jsonrpc":"2.0","method":"n"},5]';
    expect(readMessages(batch).map(({ kind }) => kind)).toEqual(['result', 'notification', 'garbage']);
  });

  it('takes what is nested deeper than 128 levels for garbage, and counts no brackets in texts', () => {
    const nested = (depth: number): string => `${'[{"a":'.repeat(depth)}0${'}]'.repeat(depth)}`;
    const message = (params: string): string => `{"jsonrpc":"2.0","method":"m","params":${params}}`;
    expect(readMessages(message(nested(63)))).toMatchObject([{ kind: 'notification' }]);
    expect(readMessages(message(nested(64)))).toEqual([{ kind: 'garbage' }]);
    expect(readMessages('['.repeat(4_000_000))).toEqual([{ kind: 'garbage' }]);
    const text = JSON.stringify([`${'['.repeat(200)}\\"${'{'.repeat(200)}\\`, '"', '\\"[']);
    expect(readMessages(message(text))).toMatchObject([{ kind: 'notification' }]);
  });

  it('never throws, whatever a server prints', () => {
    assert(property(oneof(string(), json()), (text) => void readMessages(text)));
  });
});
