import { expect, test } from 'vitest';
import { dayOfYear, daysInMonth } from '../../../src/promql/functions/calendar.ts';

test.each([
  ['2024-01-01T00:00:00Z', 1, 31],
  ['2024-02-29T23:59:59Z', 60, 29],
  ['2023-02-01T00:00:00Z', 32, 28],
  ['2023-12-31T23:59:59Z', 365, 31],
  ['2024-12-31T00:00:00Z', 366, 31],
  ['1969-04-30T12:00:00Z', 120, 30],
])('%s is day %i of the year, in a month of %i', (text, day, length) => {
  const date = new Date(text);
  expect([dayOfYear(date), daysInMonth(date)]).toEqual([day, length]);
});
