// Sessions over HTTP: what signs in, what a session may do, and every way to do it without one.
import { expect, onTestFinished, test } from 'vitest';
import { WatchdogError } from '../../../src/core/base/errors.ts';
import { stream } from '../../fakes/gateway.ts';
import { fakeSession, ownPage, signIn } from '../../fakes/page-session.ts';
import { serverStatus, status } from '../../fakes/status.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { startWeb } from '../../fakes/web.ts';

const RESTART = '/api/v1/servers/context7/restart';

async function start(parts: Parameters<typeof fakeSession>[0] = {}) {
  const session = fakeSession(parts);
  const web = await startWeb({ session, shown: status([serverStatus({ lastLines: ['KEY of Jane'] })]) });
  onTestFinished(() => web.close());
  return { session, web };
}

function without(headers: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([one]) => one !== name));
}

test('a code gives a cookie that no script reads, and a key that no other port gets', async () => {
  const { session, web } = await start();
  const { code } = session.sessions.createCode();
  const ask = { method: 'POST', headers: ownPage(web), body: JSON.stringify({ code }) };
  const answer = await web.ask('/api/v1/session', ask);
  expect(answer.status).toBe(200);
  expect(answer.headers['set-cookie']).toEqual([
    expect.stringMatching(
      new RegExp(
        `^mcpwd_${web.port}=[\\w-]{43}; Max-Age=28800; Path=/; Expires=[^;]+; HttpOnly; SameSite=Strict$`,
      ),
    ),
  ]);
  expect(JSON.parse(answer.body)).toEqual({
    key: expect.stringMatching(/^[\w-]{43}$/u),
    until: expect.any(Number),
  });
  // Replayed, wrong, and of another form.
  for (const body of [ask.body, '{"code":"x"}', '{"code":7}', '[]', '{}'])
    expect(await web.ask('/api/v1/session', { ...ask, body })).toMatchObject({ status: 401 });
});

test('with TLS the cookie is Secure, and bound to the host', async () => {
  const { session, web } = await start({ isSecure: true });
  const { code } = session.sessions.createCode();
  const answer = await web.ask('/api/v1/session', {
    method: 'POST',
    headers: ownPage(web),
    body: JSON.stringify({ code }),
  });
  expect(String(answer.headers['set-cookie'])).toMatch(
    /^__Host-mcpwd_\d+=.*; Path=\/; .*; HttpOnly; Secure; SameSite=Strict$/u,
  );
});

test('a session sees what servers wrote, acts, and ends', async () => {
  const { session, web } = await start();
  const headers = await signIn(web, session);
  expect((await web.ask('/api/v1/status')).body).not.toContain('Jane');
  expect((await web.ask('/api/v1/status', { headers })).body).toContain('KEY of Jane');
  expect(JSON.parse((await web.ask('/api/v1/servers/context7/log?lines=5', { headers })).body)).toEqual({
    lines: [{ at: 1, stream: 'stderr', text: 'ready' }],
  });
  for (const action of ['start', 'stop', 'restart', 'update', 'rollback']) {
    const path = `/api/v1/servers/context7/${action}`;
    expect(await web.ask(path, { method: 'POST', headers, body: '{"run":1}' })).toMatchObject({
      status: 202,
    });
  }
  expect(session.acted).toEqual(
    ['start', 'stop', 'restart', 'update', 'rollback'].map((action) => `${action} context7 by page`),
  );
  expect(await web.ask('/api/v1/session', { method: 'DELETE', headers })).toMatchObject({ status: 204 });
  expect(await web.ask('/api/v1/servers/context7/log', { headers })).toMatchObject({ status: 401 });
});

test('nothing works without both halves of a session', async () => {
  const { session, web } = await start();
  const headers = await signIn(web, session);
  const other = await signIn(web, session);
  const attempts: Record<string, string>[] = [
    without(headers, 'cookie'),
    without(headers, 'x-watchdog-key'),
    { ...headers, 'x-watchdog-key': other['x-watchdog-key'] ?? '' },
    { ...headers, cookie: `${headers['cookie']}; ${headers['cookie']}` },
    { ...headers, cookie: (headers['cookie'] ?? '').replace('mcpwd_', 'mcpwd_1') },
    ownPage(web),
  ];
  for (const attempt of attempts) {
    expect(await web.ask(RESTART, { method: 'POST', headers: attempt, body: '{"run":1}' })).toMatchObject({
      status: 401,
      body: '{"error":"Sign in first: run mcp-watchdog open"}',
    });
    expect(await web.ask('/api/v1/servers/context7/log', { headers: attempt })).toMatchObject({
      status: 401,
    });
    expect(await web.ask('/api/v1/silences', { headers: attempt })).toMatchObject({ status: 401 });
    expect((await web.ask('/api/v1/status', { headers: attempt })).body).not.toContain('Jane');
  }
  expect(session.acted).toEqual([]);
});

test('nothing works from anywhere but our own page', async () => {
  const { session, web } = await start();
  const headers = await signIn(web, session);
  const attempts: readonly (readonly [number, Record<string, string>])[] = [
    [403, without(headers, 'origin')],
    [403, { ...headers, origin: 'http://127.0.0.1:1' }],
    [403, { ...headers, origin: 'null' }],
    [403, { ...headers, origin: 'https://evil.example' }],
    [403, { ...headers, host: 'evil.example', origin: 'http://evil.example' }],
    [403, without({ ...headers, origin: `https://127.0.0.1:${web.port}` }, 'sec-fetch-site')],
    [403, without({ ...headers, origin: `http://LOCALHOST:${web.port}` }, 'sec-fetch-site')],
    [403, without({ ...headers, origin: `http://127.0.0.1:${web.port}/` }, 'sec-fetch-site')],
    [403, without(without(headers, 'origin'), 'sec-fetch-site')],
    [403, { ...headers, 'sec-fetch-site': '' }],
    [403, { ...headers, 'sec-fetch-site': 'same-site' }],
    [403, { ...headers, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
    [403, { ...headers, 'sec-fetch-site': 'none' }],
    [415, { ...headers, 'content-type': 'text/plain' }],
    [415, { ...headers, 'content-type': 'application/x-www-form-urlencoded' }],
    [415, without(headers, 'content-type')],
  ];
  for (const [code, attempt] of attempts) {
    const answer = await web.ask(RESTART, { method: 'POST', headers: attempt, body: '{"run":1}' });
    expect([answer.status, attempt]).toEqual([code, attempt]);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  }
  const { code } = session.sessions.createCode();
  const stranger = without(ownPage(web), 'origin');
  const begun = await web.ask('/api/v1/session', {
    method: 'POST',
    headers: stranger,
    body: JSON.stringify({ code }),
  });
  expect(begun.status).toBe(403);
  expect(session.sessions.begin(code)).not.toBeNull();
  expect(session.acted).toEqual([]);
});

test('a browser that does not say where its page is from may act by the exact Origin and the right key alone', async () => {
  const { session, web } = await start();
  const headers = without(await signIn(web, session), 'sec-fetch-site');
  const restart = (sent: Record<string, string>) =>
    web.ask(RESTART, { method: 'POST', headers: sent, body: '{"run":1}' });
  expect(await restart({ ...headers, 'x-watchdog-key': 'wrong' })).toMatchObject({ status: 401 });
  expect(await restart(without(headers, 'x-watchdog-key'))).toMatchObject({ status: 401 });
  expect(await restart({ ...headers, origin: `https://127.0.0.1:${web.port}` })).toMatchObject({
    status: 403,
    body: '{"error":"Only our own page may ask for this"}',
  });
  expect(session.acted).toEqual([]);
  expect(await restart(headers)).toMatchObject({ status: 202 });
  expect(session.acted).toEqual(['restart context7 by page']);
});

test('an action is for the run that was seen, and is refused with its reason', async () => {
  const { session, web } = await start({
    async act() {
      throw new WatchdogError('CONTROL_FAILED', 'it has only a url', { hint: 'start it yourself' });
    },
  });
  const headers = await signIn(web, session);
  const restart = (body: string, path = RESTART) => web.ask(path, { method: 'POST', headers, body });
  expect(await restart('{"run":2}')).toMatchObject({ status: 409 });
  expect(await restart('{"run":1}')).toMatchObject({
    status: 409,
    body: '{"error":"it has only a url","hint":"start it yourself"}',
  });
  expect(await restart('{}')).toMatchObject({ status: 400 });
  expect(await restart('no json')).toMatchObject({ status: 400 });
  expect(await restart('{"run":1}', '/api/v1/servers/none/restart')).toMatchObject({ status: 404 });
  expect(await restart(`{"run":1,"x":"${'x'.repeat(5000)}"}`)).toMatchObject({ status: 413 });
  expect(
    await web.ask('/api/v1/servers/context7/explode', { method: 'POST', headers, body: '{}' }),
  ).toMatchObject({
    status: 405,
  });
});

test('ten changes a minute are the most', async () => {
  const { session, web } = await start();
  const headers = await signIn(web, session);
  const codes: number[] = [];
  for (let turn = 0; turn < 40; turn += 1)
    codes.push((await web.ask(RESTART, { method: 'POST', headers, body: '{"run":1}' })).status);
  // The sign-in was one of them; a busy machine may have gained some.
  expect(codes.slice(0, 9)).toEqual(Array.from({ length: 9 }, () => 202));
  expect(codes).toContain(429);
});

test('users of a web config act only where the config names them, with a session as well', async () => {
  const { session, web } = await start({ actors: () => ['ada'] });
  const headers = await signIn(web, session);
  const as = (name: string) => ({ ...headers, authorization: `Basic ${btoa(`${name}:secret`)}` });
  const restart = (by: Record<string, string>) =>
    web.ask(RESTART, { method: 'POST', headers: by, body: '{"run":1}' });
  expect(await restart(headers)).toMatchObject({ status: 403 });
  expect(await restart(as('bob'))).toMatchObject({ status: 403 });
  expect((await web.ask('/api/v1/status', { headers: as('bob') })).body).not.toContain('Jane');
  expect(await restart(without(as('ada'), 'x-watchdog-key'))).toMatchObject({ status: 401 });
  expect(await restart(as('ada'))).toMatchObject({ status: 202 });
  expect(session.acted).toEqual(['restart context7 by page, ada']);
});

test('there are no sessions where the network could listen', async () => {
  const { session, web } = await start({ isAllowed: () => false });
  const { code } = session.sessions.createCode();
  const ask = { method: 'POST', headers: ownPage(web), body: JSON.stringify({ code }) };
  expect(await web.ask('/api/v1/session', ask)).toMatchObject({ status: 403 });
  const begun = session.sessions.begin(code);
  const headers = {
    ...ownPage(web),
    cookie: `mcpwd_${web.port}=${begun?.cookie}`,
    'x-watchdog-key': begun?.key ?? '',
  };
  expect(await web.ask(RESTART, { method: 'POST', headers, body: '{"run":1}' })).toMatchObject({
    status: 401,
  });
});

test('without options nobody can sign in', async () => {
  const web = await startWeb();
  onTestFinished(() => web.close());
  expect(
    await web.ask('/api/v1/session', { method: 'POST', headers: ownPage(web), body: '{}' }),
  ).toMatchObject({
    status: 404,
  });
});

test('silences are made for hours, listed and ended', async () => {
  const { session, web } = await start();
  const headers = await signIn(web, session);
  const make = (body: object) =>
    web.ask('/api/v1/silences', { method: 'POST', headers, body: JSON.stringify(body) });
  const made = await make({ server: 'context7', alert: 'McpServerDown', hours: 1 });
  expect([made.status, JSON.parse(made.body)]).toEqual([201, session.kept[0]]);
  for (const body of [
    {},
    { server: null, alert: null, hours: 1 },
    { server: 'a', hours: 0 },
    { server: 7, hours: 1 },
  ])
    expect(await make(body)).toMatchObject({ status: 400 });
  expect(JSON.parse((await web.ask('/api/v1/silences', { headers })).body)).toEqual(session.kept);
  expect(await web.ask('/api/v1/silences/s0', { method: 'DELETE', headers })).toMatchObject({ status: 204 });
  expect(await web.ask('/api/v1/silences/s0', { method: 'DELETE', headers })).toMatchObject({ status: 404 });
});

test('a log is followed in batches, until the session ends', async () => {
  let push = (_text: string): void => {};
  async function* endless(signal: AbortSignal) {
    const waiting: string[] = [];
    let wake = (): void => {};
    push = (text) => {
      waiting.push(text);
      wake();
    };
    signal.addEventListener('abort', () => wake());
    while (!signal.aborted) {
      for (const text of waiting.splice(0)) yield { at: null, stream: 'stdout', text };
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const { session, web } = await start({ log: (_server, { signal }) => endless(signal) });
  const headers = await signIn(web, session);
  const followed = await stream(web.port, { path: '/api/v1/servers/context7/log?follow=1', headers });
  // Ten lines together, so that a loop that is held up for longer than a batch lasts makes no batch of one.
  const pushing = setInterval(() => {
    for (let line = 0; line < 10; line += 1) push('line');
  }, 20);
  onTestFinished(() => clearInterval(pushing));
  const batches = (): string[] => followed.state.text.split('\n\n').filter((part) => part !== '');
  await waitFor(() => batches().length >= 2, { what: 'two batches' });
  session.sessions.endAll();
  await waitFor(() => followed.state.isEnded, { what: 'the end of the log' });
  expect(followed.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  expect(batches()[0]).toMatch(
    /^event: lines\ndata: \{"lines":\[\{"at":null,"stream":"stdout","text":"line"\}/u,
  );
  const lines = followed.state.text.split('"text":"line"').length - 1;
  expect(lines).toBeGreaterThanOrEqual(5 * batches().length);
  expect(
    await web.ask('/api/v1/servers/context7/log?lines=501', { headers: await signIn(web, session) }),
  ).toMatchObject({
    status: 400,
  });
});
