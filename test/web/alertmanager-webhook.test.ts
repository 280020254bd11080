// The only thing that can be posted: what Alertmanager tells us.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWeb, type Web } from '../fakes/web.ts';

const PATH = '/api/v1/alertmanager';
const TOKEN = 'a-token-of-the-test';
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };
const JSON_TYPE = { 'content-type': 'application/json', ...AUTHORIZED };
const heard: { body: unknown; isToForward: boolean }[] = [];
let web: Web;

beforeAll(async () => {
  web = await startWeb({
    alertmanagerWebhook: {
      admit: (token) => (token === TOKEN ? null : { kind: 'unproven', reason: `Not ${token}` }),
      receive(body, options) {
        if (body === undefined) return { kind: 'invalid', reason: 'Not a JSON object' };
        if (JSON.stringify(body) === '"early"') return { kind: 'not-ready', reason: 'Starting' };
        heard.push({ body, ...options });
        return null;
      },
    },
  });
});
afterAll(() => web.close());

function post(body: string, headers: Record<string, string> = JSON_TYPE, path = PATH) {
  return web.ask(path, { method: 'POST', headers, body });
}

describe('POST /api/v1/alertmanager', () => {
  test('hands on what was posted', async () => {
    expect((await post('{"version":"4"}')).status).toBe(200);
    expect(
      (
        await post(
          '{"version":"4"}',
          { 'content-type': 'application/json; charset=utf-8', ...AUTHORIZED },
          `${PATH}?tell=yes`,
        )
      ).status,
    ).toBe(200);
    expect(heard).toEqual([
      { body: { version: '4' }, isToForward: false },
      { body: { version: '4' }, isToForward: true },
    ]);
  });

  test.each([
    ['no token', PATH, {}, 'null'],
    ['another', PATH, { authorization: 'Bearer other' }, 'other'],
    ['another scheme', PATH, { authorization: `Basic ${TOKEN}` }, 'null'],
    ['an empty one', PATH, { authorization: 'Bearer ' }, 'null'],
    ['another in the url', `${PATH}?token=other`, {}, 'other'],
    ['two in the url', `${PATH}?token=${TOKEN}&token=${TOKEN}`, {}, 'null'],
    [
      'another as a header, whatever the url has',
      `${PATH}?token=${TOKEN}`,
      { authorization: 'Bearer x' },
      'x',
    ],
  ])('refuses a message with %s, before it is read', async (_, path, headers, seen) => {
    const known = heard.length;
    const large = 'x'.repeat(2 * 1024 * 1024);
    const {
      status,
      body,
      headers: answered,
    } = await post(large, { 'content-type': 'application/json', ...headers }, path);
    expect([status, body, answered['www-authenticate']]).toEqual([401, `Not ${seen}\n`, 'Bearer']);
    expect(heard).toHaveLength(known);
  });

  test('takes the token in the url, for receivers that cannot send a header', async () => {
    const type = { 'content-type': 'application/json' };
    expect((await post('{}', type, `${PATH}?tell=yes&token=${TOKEN}`)).status).toBe(200);
  });

  test('refuses garbage in one line', async () => {
    expect(await post('{"version')).toMatchObject({ status: 400, body: 'Not a JSON object\n' });
  });

  test('answers 503, after which Alertmanager sends again, while nobody takes messages', async () => {
    expect(await post('"early"')).toMatchObject({ status: 503, body: 'Starting\n' });
  });

  test('refuses what a form of a web page could send', async () => {
    expect((await post('{}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post('{}', {})).status).toBe(415);
  });

  test('takes what hundreds of alerts make, and refuses more than 1 MiB, with or without a length', async () => {
    const large = `"${'x'.repeat(1024 * 1024)}"`;
    expect((await post(large)).status).toBe(413);
    expect((await post(large, { ...JSON_TYPE, 'transfer-encoding': 'chunked' })).status).toBe(413);
    expect((await post(`"${'x'.repeat(1024 * 1024 - 2)}"`)).status).toBe(200);
  });

  test('is for programs that know our name', async () => {
    expect((await post('{}', { ...JSON_TYPE, host: 'evil.example' })).status).toBe(403);
    expect((await post('{}', { ...JSON_TYPE, origin: 'http://evil.example' })).status).toBe(403);
    expect((await post('{}', { ...JSON_TYPE, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  test('takes no other method, and no other path takes this one', async () => {
    expect(await web.ask(PATH)).toMatchObject({
      status: 405,
      headers: { allow: 'POST' },
      body: 'Only POST is allowed\n',
    });
    expect((await web.ask(PATH, { method: 'OPTIONS' })).status).toBe(405);
    for (const path of [
      '/metrics',
      '/api/v1/status',
      `${PATH}/`,
      `${PATH}/heartbeat`,
      '//api/v1/alertmanager',
    ])
      expect((await post('{}', JSON_TYPE, path)).status, path).toBe(405);
    expect(web.faults).toEqual([]);
  });
});
