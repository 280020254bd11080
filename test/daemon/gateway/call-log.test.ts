// Record of clients' requests in memory: the last thousand of each server, in the order in which they ended.
import { expect, it } from 'vitest';
import type { Exchange } from '../../../src/core/gateway/model.ts';
import { createCallLog } from '../../../src/daemon/gateway/call-log.ts';
import { FakeClock } from '../../fakes/clock.ts';

const ALL = { after: 0, most: Number.POSITIVE_INFINITY };

function exchange(tool: string): Exchange {
  return {
    at: 0,
    session: null,
    client: 'a',
    channel: 'unix',
    era: 'legacy',
    method: 'tools/call',
    tool,
    took: 2.6,
    waited: 0.4,
    isRetry: false,
    error: '',
    request: {},
    response: '{}',
  };
}

function open() {
  return createCallLog({
    paths: { logs: '/nowhere' },
    clock: new FakeClock(),
    redactor: { scrub: (text) => text },
    mode: 'off',
    onTrouble: () => {},
  });
}

it('keeps the last thousand of each server', () => {
  const log = open();
  for (let count = 1; count <= 2_300; count += 1) log.add('busy', exchange(`tool ${count}`));
  log.add('quiet', exchange('only'));
  const busy = log.calls('busy', ALL);
  expect(busy).toHaveLength(1_000);
  expect(busy.map(({ number }) => number)).toEqual(
    Array.from({ length: 1_000 }, (_, index) => index + 1_301),
  );
  expect(busy[0]).toMatchObject({ server: 'busy', tool: 'tool 1301', took: 3, waited: 0 });
  expect(busy.at(-1)?.tool).toBe('tool 2300');
  expect(log.calls(null, { after: 2_299, most: 10 }).map(({ tool }) => tool)).toEqual(['tool 2300', 'only']);
  expect(log.calls(null, { after: 0, most: 1 }).map(({ tool }) => tool)).toEqual(['only']);
  log.forget('busy');
  expect(log.calls('busy', ALL)).toEqual([]);
});

it('gives records that later requests do not change', () => {
  const log = open();
  log.add('s', exchange('first'));
  const given = log.calls('s', ALL);
  for (let count = 0; count < 1_000; count += 1) log.add('s', exchange('later'));
  expect(given).toMatchObject([{ number: 1, tool: 'first' }]);
});
