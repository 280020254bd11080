import { expect, it } from 'vitest';
import { daemonMark, daemonOf } from '../../../src/core/lifecycle/run-marker.ts';

it.each(['123456', 'Mon Nov 2 08:01:02 2026'])('names the daemon that began at %s', (startToken) => {
  const mark = daemonMark({ pid: 42, startToken }, 'a-b-c');
  expect(daemonOf(`${mark}/my.server/3`)).toEqual({ pid: 42, startToken });
});

it.each(['', 'a-b-c/server/1', '42..uuid/server/1', 'x.1.2/s/1', '42.1.uuid'])(
  'knows no daemon in "%s"',
  (marker) => expect(daemonOf(marker)).toBeNull(),
);
