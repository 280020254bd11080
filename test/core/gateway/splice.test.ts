// Places in the text of a request: the fast search agrees with the whole one, and gives up where parsers differ.
import { assert, constantFrom, json, property, record, shuffledSubarray, string } from 'fast-check';
import { expect, test } from 'vitest';
import { idOfRequest, membersOf } from '../../../src/core/gateway/splice.ts';

test.each([
  ['{"jsonrpc":"2.0","id":7,"method":"ping"}', '7'],
  [' { "id" : "a\\"b" , "params":{"id":1,"method":{}}, "method" : "x" } ', '"a\\"b"'],
  ['{"params":{"text":"\\\\"},"id":-1.5e3}', '-1.5e3'],
  ['{"id":1\r\n}', '1'],
])('finds the id of %s', (text, id) => {
  const span = idOfRequest(text);
  expect(text.slice(span?.start, span?.end)).toBe(id);
});

test.each([
  ['no id', '{"jsonrpc":"2.0","method":"ping"}'],
  ['two ids', '{"id":1,"id":2,"method":"ping"}'],
  ['two methods', '{"id":1,"method":"a","method":"b"}'],
  ['an id that is written otherwise', '{"i\\u0064":1,"method":"ping"}'],
  ['another member', '{"id":1,"method":"ping","extra":0}'],
  ['nothing', '{}'],
])('leaves a request with %s to others', (_, text) => {
  expect(idOfRequest(text)).toBeNull();
});

test('finds what the whole search finds', () => {
  const space = constantFrom('', ' ', '\n', '\t \r');
  assert(
    property(
      shuffledSubarray(['jsonrpc', 'id', 'method', 'params'], { minLength: 1 }),
      record({ id: string(), value: json(), before: space, after: space }),
      (names, { id, value, before, after }) => {
        const members = names.map(
          (name) =>
            `${before}"${name}"${after}:${before}${name === 'id' ? JSON.stringify(id) : value}${after}`,
        );
        const text = `{${members.join(',')}}`;
        expect(idOfRequest(text)).toEqual(membersOf(text)?.get('id') ?? null);
      },
    ),
  );
});
