// What a refused handshake over a pipe says: what the server answered to `initialize`, not to what was tried after it.
import { expect, it } from 'vitest';
import type { RpcResponse } from '../../src/core/base/json-rpc.ts';
import { createStdioHandshake } from '../../src/wire/handshake.ts';

type Answer = Readonly<Record<string, unknown>> | readonly [code: number, message: string];

/** Makes the handshake with a server that gives these answers, by method. */
async function detailOf(answers: Readonly<Record<string, Answer>>): Promise<string> {
  const handshake = createStdioHandshake({
    version: '0.0.0',
    capabilities: [],
    request: async (method) => ({ kind: 'response', response: responseOf(answers[method] ?? {}) }),
    notify: () => {},
    onSuccess: () => {},
  });
  const result = await handshake.connect(new AbortController().signal);
  return result.kind === 'connected' ? result.peer.handshake.era : result.detail;
}

function responseOf(answer: Answer): RpcResponse {
  return isError(answer)
    ? { kind: 'error', id: 'wd:1:1', error: { code: answer[0], message: answer[1], data: undefined } }
    : { kind: 'result', id: 'wd:1:1', result: answer };
}

function isError(answer: Answer): answer is readonly [code: number, message: string] {
  return Array.isArray(answer);
}

const UNKNOWN = [-32_601, 'Method not found'] as const;

it('a server of the old era that refuses initialize is told with what it said to that', async () => {
  expect(await detailOf({ initialize: [-32_602, 'No such license'], 'server/discover': UNKNOWN })).toBe(
    'The answer to initialize was -32602 No such license',
  );
});

it('a server that knows the method of the new era is told with what it said to that', async () => {
  const refused = { initialize: UNKNOWN, 'server/discover': [-32_603, 'no backend'] as const };
  expect(await detailOf(refused)).toBe('The answer to server/discover was -32603 no backend');
  expect(await detailOf({ initialize: UNKNOWN, 'server/discover': { supportedVersions: [] } })).toBe(
    'modern',
  );
});

it.each([
  [{}, 'is none'],
  [{ protocolVersion: 2025 }, 'is 2025'],
])('a result without a version is told by what it has in its place: %j', async (initialize, what) => {
  expect(await detailOf({ initialize })).toBe(
    `The answer to initialize was a result of another kind: its protocolVersion, which has to be a text, ${what}`,
  );
});
