import { expect, test } from 'vitest';
import { parseVisible, visible } from '../../../src/page/model/visible.ts';

test.each([
  { text: 'a\u202Eb', shown: String.raw`a\u202eb` },
  { text: '\u2069\u2066\u202A\u202C', shown: String.raw`\u2069\u2066\u202a\u202c` },
  // Words of other scripts, marks, joined emoji.
  { text: 'مراقب \u200F12 \u200E', shown: 'مراقب \u200F12 \u200E' },
  { text: 'שלום 👩‍🚀', shown: 'שלום 👩‍🚀' },
])('of a text: $shown', ({ text, shown }) => {
  expect(visible(text)).toBe(shown);
});

test('of all texts of an answer, written as they are or escaped', () => {
  const answer = { name: 'a', lines: [{ text: 'x\u2069y' }], count: 3, none: null };
  const shown = { ...answer, lines: [{ text: String.raw`x\u2069y` }] };
  const json = JSON.stringify(answer);
  expect(parseVisible(json)).toEqual(shown);
  expect(parseVisible(json.replace('\u2069', String.raw`\u2069`))).toEqual(shown);
  expect(parseVisible('{"a":"b"}')).toEqual({ a: 'b' });
  expect(() => parseVisible('{')).toThrow(SyntaxError);
});
