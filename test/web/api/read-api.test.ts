import { expect, onTestFinished, test } from 'vitest';
import { foldEvents, type ShownEvent } from '../../../src/core/status/shown-event.ts';
import type { EventQuery } from '../../../src/web/api/page-source.ts';
import { fakePageSource } from '../../fakes/page-source.ts';
import { DOWN, NOW, serverStatus, status } from '../../fakes/status.ts';
import { startWeb } from '../../fakes/web.ts';

const EVENT: ShownEvent = {
  at: NOW,
  firstAt: NOW,
  count: 1,
  kind: 'exited',
  server: 'files',
  text: 'exited with code 3: “KEY of Jane”',
  tone: 'warn',
};

async function start(parts: Parameters<typeof fakePageSource>[0] = {}) {
  const page = fakePageSource(parts);
  const web = await startWeb({ page, status: page.status });
  onTestFinished(() => web.close());
  return { page, web };
}

test('the verdict is the numbers of the headline', async () => {
  const shown = status([
    serverStatus(),
    serverStatus({ name: 'a', state: 'crash_looping', health: DOWN }),
    serverStatus({ name: 'b', state: 'backoff', health: DOWN }),
    serverStatus({ name: 'c', state: 'stopped', desired: 'down' }),
  ]);
  const { web } = await start({ shown });
  const { body } = await web.ask('/api/v1/verdict');
  expect(JSON.parse(body)).toEqual({ needsYou: 1, handled: 1, healthy: 1, off: 1 });
  expect(body.length).toBeLessThan(60);
});

test('no word of a server and no place on the disk is in any answer', async () => {
  const failing = serverStatus({
    name: 'files',
    state: 'crash_looping',
    health: { ...DOWN, detail: 'HTTP 401: KEY of Jane', quote: 'KEY of Jane' },
    lastFailure: {
      at: NOW,
      code: 'CWD_MISSING',
      message: 'Its folder /home/ada/secret-customer is missing',
      hint: 'make /home/ada/secret-customer',
      retry: 'never',
    },
    lastLines: ['KEY of Jane'],
  });
  const { web } = await start({
    shown: status([failing]),
    events: async () => ({ events: [EVENT], next: null }),
  });
  for (const path of ['/api/v1/status', '/api/v1/events', '/']) {
    const { status: code, body } = await web.ask(path);
    expect(code).toBe(200);
    expect(body).not.toContain('Jane');
    expect(body).not.toContain('/home/ada');
  }
  const { servers, troubles } = JSON.parse((await web.ask('/api/v1/status')).body);
  expect(servers[0]).toMatchObject({ group: 'needs_you', cure: 'make ~/secret-customer', lastLines: [] });
  expect(troubles[0]).toMatchObject({ about: 'files', group: 'needs_you', root: 'HTTP 401' });
});

test('events are asked for as the query says, and come folded', async () => {
  const asked: EventQuery[] = [];
  const { web } = await start({
    async events(query) {
      asked.push(query);
      return { events: [EVENT, { ...EVENT, at: NOW - 5, firstAt: NOW - 5 }], next: 7 };
    },
  });
  const { body } = await web.ask(
    '/api/v1/events?before=99&server=files&kind=exited,restarted&kind=job&limit=200',
  );
  expect(asked).toEqual([{ before: 99, server: 'files', kinds: ['exited', 'restarted', 'job'], limit: 200 }]);
  const [folded] = foldEvents([EVENT, { ...EVENT, at: NOW - 5, firstAt: NOW - 5 }]);
  expect(JSON.parse(body)).toEqual({ events: [{ ...folded, text: 'exited with code 3' }], next: 7 });
  await web.ask('/api/v1/events?server=&kind=');
  expect(asked[1]).toEqual({ before: null, server: null, kinds: null, limit: 100 });
});

test.each(['limit=201', 'limit=0', 'limit=x', 'before=yesterday', 'before=-1'])(
  'a query with %s is refused',
  async (query) => {
    const { web } = await start();
    expect((await web.ask(`/api/v1/events?${query}`)).status).toBe(400);
  },
);

test('tools and clients are those of a server that is known', async () => {
  const { web } = await start();
  expect(JSON.parse((await web.ask('/api/v1/servers/context7/tools')).body)).toEqual({
    source: 'list',
    tools: [],
  });
  expect((await web.ask('/api/v1/servers/context7/clients')).status).toBe(200);
  for (const path of ['/api/v1/servers/none/tools', '/api/v1/servers/..%2f..%2fetc/clients'])
    expect(await web.ask(path)).toMatchObject({ status: 404 });
});
