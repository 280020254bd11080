import { array, assert, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventStreamReader, type ServerSentEvent } from '../../../src/wire/http/event-stream.ts';

function readAll(
  chunks: readonly Buffer[],
  maxBytes = 1_000,
): { events: ServerSentEvent[]; dropped: number } {
  const events: ServerSentEvent[] = [];
  const reader = createEventStreamReader(maxBytes, (event) => events.push(event));
  for (const chunk of chunks) reader.push(chunk);
  return { events, dropped: reader.dropped };
}

describe('an event stream', () => {
  it.each<[string, string, ServerSentEvent[]]>([
    ['one event', 'data: a\n\n', [{ type: 'message', data: 'a' }]],
    ['a named event', 'event: endpoint\ndata: /x\n\n', [{ type: 'endpoint', data: '/x' }]],
    ['lines that end in CRLF', 'event: e\r\ndata: a\r\n\r\n', [{ type: 'e', data: 'a' }]],
    ['data of several lines', 'data: a\ndata:b\ndata\n\n', [{ type: 'message', data: 'a\nb\n' }]],
    ['comments and retry hints', ': hi\n\nretry: 5\ndata: a\n: more\n\n', [{ type: 'message', data: 'a' }]],
    ['an event that only sets an id', 'id: 1\n\n', []],
    ['a byte order mark', '\uFEFFdata: a\n\n', [{ type: 'message', data: 'a' }]],
    ['an event without its end', 'data: a\n', []],
    [
      'two events, the name not carried over',
      'event: x\ndata: 1\n\ndata: 2\n\n',
      [
        { type: 'x', data: '1' },
        { type: 'message', data: '2' },
      ],
    ],
  ])('is read: %s', (_name, text, expected) => {
    expect(readAll([Buffer.from(text)]).events).toEqual(expected);
  });

  it('means the same however it is cut', () => {
    const bytes = Buffer.from(': é\r\nevent: ünï\r\ndata: 🐕\r\ndata: b\r\n\r\ndata: c\n\n');
    const whole = readAll([bytes]).events;
    assert(
      property(array(nat(bytes.length)), (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
        expect(readAll(chunks).events).toEqual(whole);
      }),
    );
  });

  it('keeps no more of an event than it may', () => {
    const long = Buffer.from(`data: ${'x'.repeat(5_000)}\n`);
    const { events, dropped } = readAll([
      long,
      ...Array.from({ length: 50 }, () => Buffer.from('data: 0123456789012345678901234567890\n')),
      Buffer.from('\n'),
    ]);
    expect(events[0]?.data.length ?? 0).toBeLessThan(1_100);
    expect(dropped).toBeGreaterThan(4_000);
  });
});
