import { expect, test } from 'vitest';
import { newLines } from '../../../src/page/model/log-tail.ts';

const line = (at: number, text = 'x') => ({ at, stream: 'stderr', text });

test.each([
  { what: 'nothing is known', last: null, lines: [line(1)], more: [line(1)] },
  { what: 'nothing is new', last: line(1), lines: [line(1)], more: [] },
  { what: 'some are new', last: line(1), lines: [line(0), line(1), line(2)], more: [line(2)] },
  {
    what: 'equal lines stand before the last',
    last: line(1),
    lines: [line(1), line(1), line(1, 'y')],
    more: [line(1, 'y')],
  },
  { what: 'the last is gone', last: line(1), lines: [line(5), line(6)], more: [line(5), line(6)] },
  { what: 'there is nothing', last: line(1), lines: [], more: [] },
])('where $what', ({ last, lines, more }) => {
  expect(newLines(last, lines)).toEqual(more);
});
