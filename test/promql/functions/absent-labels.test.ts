import { expect, test } from 'vitest';
import { ask, storeOf } from '../support/series-store.ts';

const store = storeOf({ 'x{a="1"}': '1' });

test.each([
  ['absent(y)', '{}'],
  ['absent(y{a="1",b="2"})', '{a="1", b="2"}'],
  ['absent(y{a="1",b!="2",c=~"3",d!~"4"})', '{a="1"}'],
  ['absent(y{a="1",a="2"})', '{}'],
  ['absent(y{a!="1",a="2"})', '{}'],
  ['absent(y{a="2",a!="1"})', '{}'],
  ['absent(y{a="",b="1"})', '{b="1"}'],
  ['absent({__name__="y",a="1"})', '{a="1"}'],
  ['absent((y{a="1"}))', '{a="1"}'],
  ['absent(y{a="1"} > 2)', '{}'],
  ['absent(sum(y{a="1"}))', '{}'],
  ['absent_over_time(y{a="1"}[5m] offset 1m)', '{a="1"}'],
])('%s is called %s', (text, labels) => expect(ask(text, store)).toEqual({ [labels]: 1 }));

test.each(['absent(x)', 'absent(x{a="1"})', 'absent_over_time(x[5m])', 'absent(vector(0))'])(
  '%s is nothing',
  (text) => expect(ask(text, store)).toEqual({}),
);

test('Prometheus 2 forgets a matcher before the first =', () => {
  expect(ask('absent(y{a!="1",a="2"})', store, { generation: 2 })).toEqual({ '{a="2"}': 1 });
});
