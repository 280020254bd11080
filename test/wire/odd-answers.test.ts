// Answers that are none: each fails its request at once, and says what came instead.
import { expect, it } from 'vitest';
import { oddBody } from '../../src/wire/odd-answers.ts';
import { Peer } from '../../src/wire/peer.ts';

const GREETING = { protocolVersion: '2025-06-18', capabilities: {} };

/** Asks for `method`, takes the answers, and returns what the request ended with; null while it waits. */
async function outcomeOf(method: string, ...answers: readonly object[]): Promise<string | null> {
  const peer = new Peer({ idPrefix: 'wd:1:', send: () => ({ withdraw: () => false }) });
  peer.subscribe({ onForeignResponse: () => {} });
  const asked = peer.request(method, {}, new AbortController().signal);
  for (const answer of answers) peer.receiveText(JSON.stringify({ jsonrpc: '2.0', ...answer }));
  const outcome = await Promise.race([asked, nothing()]);
  if (outcome === null) return null;
  return outcome.kind === 'response' ? outcome.response.kind : outcome.detail;
}

/** Comes after all that is settled already. */
async function nothing(): Promise<null> {
  await new Promise((resolve) => setImmediate(resolve));
  return null;
}

it.each([
  [{ result: null }, 'It answered ping without a result'],
  [{}, 'It answered ping without a result'],
  [{ error: null }, 'It answered ping without a result'],
  [{ result: 'hello' }, 'It answered ping with a result that is no object: "hello"'],
  [{ result: [1] }, 'It answered ping with a result that is no object: [1]'],
  [
    { error: 'boom' },
    'It answered ping with an error that is none, an object with a number as its code: "boom"',
  ],
])('an answer with %j is none', async (members, detail) => {
  expect(await outcomeOf('ping', { id: 'wd:1:1', ...members })).toBe(detail);
});

it.each([
  [
    { id: 7, result: GREETING },
    'It answered initialize, but to id 7, which nobody asked: an answer repeats the id of its request',
  ],
  [
    { id: 'x\u0007', result: GREETING },
    'It answered initialize, but to id "x\\u0007", which nobody asked: an answer repeats the id of its request',
  ],
  [{ id: null, result: GREETING }, 'It answered initialize, but without an id'],
  [
    { id: null, error: { code: -32_600, message: 'bad' } },
    'It answered initialize without an id: error -32600 "bad"',
  ],
])('a greeting in %j is one to nobody', async (answer, detail) => {
  expect(await outcomeOf('initialize', answer)).toBe(detail);
});

it('what is no greeting, or comes while nothing is greeted, is left to the right answer', async () => {
  const right = { id: 'wd:1:1', result: {} };
  expect(await outcomeOf('initialize', { id: 7, result: {} }, right)).toBe('result');
  expect(await outcomeOf('ping', { id: 7, result: GREETING }, right)).toBe('result');
  expect(await outcomeOf('ping', { id: null, error: { code: 1, message: '' } }, right)).toBe('result');
  expect(await outcomeOf('ping', { id: 7, result: {} })).toBeNull();
});

it('an answer to a number is no sign that the server works', () => {
  const peer = new Peer({ idPrefix: 'wd:1:', send: () => ({ withdraw: () => false }) });
  const heard: unknown[] = [];
  peer.subscribe({ onForeignResponse: (response) => heard.push(response.id) });
  peer.receiveText('{"jsonrpc":"2.0","id":7,"result":{}}');
  peer.receiveText('{"jsonrpc":"2.0","id":"gw:1:1","result":{}}');
  expect([peer.received, peer.unmatchedResponses, heard]).toEqual([1, 0, [7, 'gw:1:1']]);
});

it('an answer that comes late shows that the server works, a second one or one to an id of ours to come does not', async () => {
  const peer = new Peer({ idPrefix: 'wd:1:', send: () => ({ withdraw: () => false }) });
  const patience = new AbortController();
  const asked = peer.request('ping', {}, patience.signal);
  patience.abort();
  await asked;
  const counts = () => [peer.received, peer.answersAstray, peer.unmatchedResponses];
  for (const [id, expected] of [
    ['wd:1:1', [1, 0, 1]],
    ['wd:1:1', [1, 1, 2]],
    ['wd:1:9', [1, 2, 3]],
    [null, [1, 3, 4]],
  ] as const) {
    peer.receiveText(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
    expect(counts()).toEqual(expected);
  }
});

it.each([
  [
    { id: 7, result: {} },
    'It answered ping, but to id 7, which nobody asked: an answer repeats the id of its request',
  ],
  [{ id: 'wd:1:1', result: null }, 'It answered ping without a result'],
  [{ id: 'wd:1:1' }, 'It answered ping without a result'],
  [{ method: 'x' }, null],
])('a body with %j is none either', (members, sentence) => {
  expect(oddBody('ping', 'wd:1:1', JSON.stringify({ jsonrpc: '2.0', ...members }))).toBe(sentence);
});

it('a body that is no message is told otherwise', () => {
  expect(['', '<h1>hello</h1>', '[]', '{}'].map((body) => oddBody('ping', 'wd:1:1', body))).toEqual([
    null,
    null,
    null,
    null,
  ]);
});
