// Traffic of clients: told on the bus at most once a second, and recorded call by call.
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/core/gateway/model.ts';
import type { ClientLoad } from '../../../src/core/gateway/model.ts';
import type { UnstampedEvent } from '../../../src/core/model/events.ts';
import { createTraffic } from '../../../src/daemon/gateway/traffic.ts';
import { FakeClock } from '../../fakes/clock.ts';

const EXCHANGE: Exchange = {
  at: 0,
  session: null,
  client: 'a',
  channel: 'unix',
  era: 'legacy',
  method: 'tools/list',
  tool: null,
  took: 3,
  waited: 2,
  isRetry: true,
  error: '',
  request: {},
  response: '{}',
};

function setUp() {
  const clock = new FakeClock();
  const events: UnstampedEvent[] = [];
  const recorded: string[] = [];
  let load: ClientLoad | null = { sessions: 1, streams: 0, inFlight: 0, queued: 0 };
  const traffic = createTraffic({
    bus: { publish: (event) => void events.push(event) },
    clock,
    calls: { add: (server) => void recorded.push(server), forget: () => {} },
    load: () => load,
  });
  return { clock, events, recorded, traffic, loadIs: (next: ClientLoad | null) => (load = next) };
}

describe('createTraffic()', () => {
  it('tells the first request at once and the others together a second later', async () => {
    const { clock, events, recorded, traffic } = setUp();
    traffic.ended('s', EXCHANGE);
    await clock.advance(0);
    expect(events).toMatchObject([
      { kind: 'exchanged', server: 's', retried: 1, waited: 2, operations: [{ took: [3] }] },
    ]);
    for (let count = 0; count < 5; count += 1) traffic.ended('s', EXCHANGE);
    await clock.advance(900);
    expect(events).toHaveLength(1);
    await clock.advance(100);
    expect(events.slice(1)).toMatchObject([
      { retried: 5, waited: 10, operations: [{ took: [3, 3, 3, 3, 3] }] },
    ]);
    expect(recorded).toHaveLength(6);
    await clock.advance(60_000);
    expect(events).toHaveLength(2);
  });

  it('tells how many clients were cut off since the last time', async () => {
    const { clock, events, traffic } = setUp();
    traffic.cutOff('s');
    traffic.cutOff('s');
    await clock.advance(0);
    traffic.ended('s', EXCHANGE);
    await clock.advance(1_000);
    expect(events).toMatchObject([{ cutOff: 2 }, { cutOff: 0 }]);
  });

  it('goes on as long as requests are under way, because their end is news', async () => {
    const { clock, events, traffic, loadIs } = setUp();
    loadIs({ sessions: 1, streams: 0, inFlight: 1, queued: 0 });
    traffic.touch('s');
    await clock.advance(2_500);
    expect(events).toHaveLength(3);
    loadIs({ sessions: 1, streams: 0, inFlight: 0, queued: 0 });
    await clock.advance(10_000);
    expect(events).toHaveLength(4);
  });

  it('says nothing of a server that is gone', async () => {
    const { clock, events, traffic, loadIs } = setUp();
    traffic.ended('s', EXCHANGE);
    traffic.forget('s');
    await clock.advance(5_000);
    loadIs(null);
    traffic.ended('s', EXCHANGE);
    await clock.advance(5_000);
    expect(events).toEqual([]);
  });
});
