// Checks of a client's message: nothing that a client sends throws, and only what is well-formed and agrees with its headers passes.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkHeaders,
  eraOf,
  idOf,
  isRequest,
  readMessage,
  sessionFacts,
} from '../../../src/core/gateway/envelope.ts';
import type { JsonObject } from '../../../src/core/base/json-rpc.ts';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

function codeOf(text: string): number | null {
  const read = readMessage(text);
  return 'refusal' in read ? read.refusal.code : null;
}

function check(message: JsonObject, headers: Readonly<Record<string, string>>): number | null {
  const all: Readonly<Record<string, string>> = { 'mcp-protocol-version': '2026-07-28', ...headers };
  return (
    checkHeaders(
      message,
      (name) => all[name],
      () => [],
    )?.code ?? null
  );
}

describe('readMessage()', () => {
  test.each([
    ['{"jsonrpc":"2.0","id":1,"method":"ping"}', null],
    ['{"jsonrpc":"2.0","method":"notifications/initialized"}', null],
    ['{"jsonrpc":"2.0","id":"a","result":{}}', null],
    ['{"jsonrpc":"2.0","id":"a","error":{"code":1,"message":""}}', null],
    [' \n {"jsonrpc":"2.0","id":1,"method":"ping"} \n', null],
    ['', -32_700],
    ['\uFEFF{"jsonrpc":"2.0","id":1,"method":"ping"}', -32_700],
    ['null', -32_600],
    ['[]', -32_600],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', -32_600],
    ['{"jsonrpc":"2.0","id":true,"method":"ping"}', -32_600],
    ['{"jsonrpc":"2.0","id":1,"method":7}', -32_600],
    ['{"jsonrpc":"2.0","result":{}}', -32_600],
    ['{"jsonrpc":"2.0","id":1,"method":"a","params":"b"}', -32_600],
    [`{"jsonrpc":"2.0","id":1,"method":"a","params":{"a":${'['.repeat(127)}${']'.repeat(127)}}}`, -32_600],
    [`{"jsonrpc":"2.0","id":1,"method":"a","params":{"a":${'['.repeat(126)}${']'.repeat(126)}}}`, null],
    ['['.repeat(1_000_000), -32_600],
  ])('of %.60s refuses with %j', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  test('names the id of what it refuses, where there is one', () => {
    expect(readMessage('{"id":7,"method":"a"}')).toMatchObject({ refusal: { id: 7 } });
    expect(readMessage('[{"id":7}]')).toMatchObject({ refusal: { id: null } });
  });

  test('never throws, and what passes can be classified', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc
            .jsonValue()
            .map((value) => JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'a', params: value })),
        ),
        (text) => {
          const read = readMessage(text);
          if ('refusal' in read) return;
          expect(isRequest(read.message) ? idOf(read.message) : null).toBe(
            isRequest(read.message) ? read.message['id'] : null,
          );
          expect(['legacy', 'modern']).toContain(eraOf(read.message));
          expect(sessionFacts(read.message).version).toMatch(/^20/u);
        },
      ),
    );
  });
});

describe('eraOf()', () => {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  test.each([
    [message, undefined, 'legacy'],
    [message, '2025-11-25', 'legacy'],
    [message, '2026-07-28', 'modern'],
    [message, '2031-01-01', 'modern'],
    [message, 'zzz', 'legacy'],
    [{ ...message, method: 'initialize' }, '2026-07-28', 'legacy'],
    [{ ...message, params: { _meta: META } }, undefined, 'modern'],
    [
      { ...message, params: { _meta: { 'io.modelcontextprotocol/protocolVersion': 7 } } },
      undefined,
      'modern',
    ],
  ])('of %j with header %s is %s', (said, version, era) => {
    expect(eraOf(said, version)).toBe(era);
  });
});

describe('checkHeaders()', () => {
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', _meta: META } };
  const named = { 'mcp-method': 'tools/call', 'mcp-name': 'echo' };

  test.each([
    [named, null],
    [{ ...named, 'mcp-name': '=?base64?ZWNobw==?=' }, null],
    [{ ...named, 'mcp-name': '=?base64?ZWNobw?=' }, -32_020],
    [{ ...named, 'mcp-name': '=?base64?????=' }, -32_020],
    [{ ...named, 'mcp-name': '=?base64?' }, -32_020],
    [{ ...named, 'mcp-name': 'Echo' }, -32_020],
    [{ ...named, 'mcp-method': 'tools/call, tools/call' }, -32_020],
    [{ ...named, 'mcp-protocol-version': '2025-11-25' }, -32_020],
  ])('with %j is %j', (headers, code) => {
    expect(check(call, headers)).toBe(code);
  });

  test('wants a whole envelope', () => {
    const bare = (meta: JsonObject): JsonObject => ({ ...call, params: { name: 'echo', _meta: meta } });
    expect(check(bare({}), named)).toBe(-32_602);
    expect(check(bare({ 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }), named)).toBe(-32_602);
    expect(check({ ...call, params: { name: 7, _meta: META } }, named)).toBe(-32_020);
  });

  test('wants none of a notification, as the Go SDK sends them', () => {
    const params = { requestId: 1, reason: 'context canceled' };
    const notice = { jsonrpc: '2.0', method: 'notifications/cancelled', params };
    expect(check(notice, { 'mcp-method': 'notifications/cancelled' })).toBeNull();
    expect(check(notice, { 'mcp-method': 'tools/call' })).toBe(-32_020);
    expect(check({ ...notice, id: 1 }, { 'mcp-method': 'notifications/cancelled' })).toBe(-32_602);
  });

  test('never throws, whatever stands in headers and arguments', () => {
    const paths = [
      { header: 'A', path: ['a', 'b'] },
      { header: 'B', path: ['__proto__', 'polluted'] },
    ];
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), fc.string(), (given, name, value) => {
        const message = {
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'echo', arguments: given, _meta: META },
        };
        const headers: Readonly<Record<string, string>> = {
          ...named,
          'mcp-protocol-version': '2026-07-28',
          'mcp-name': name,
          'mcp-param-a': `=?base64?${value}?=`,
          'mcp-param-b': value,
        };
        for (const one of [name, 'echo'])
          checkHeaders(
            message,
            (key) => (key === 'mcp-name' ? one : headers[key]),
            () => paths,
          );
      }),
    );
  });
});
