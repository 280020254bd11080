// Client of Alertmanager, with a real one and with servers that are none.
import { createServer } from 'node:http';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openAlertmanagerClient } from '../../src/notify/alertmanager-client.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { freePort } from '../e2e/daemon.ts';
import { ALERTMANAGER, startAlertmanager } from '../fakes/alertmanager.ts';
import { FakeClock } from '../fakes/clock.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';

const CONFIG = 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n';
const ALERT = {
  labels: { alertname: 'Down', server: 'files' },
  annotations: { summary: 'x' },
  startsAt: Date.now() - 1000,
  endsAt: Date.now() + 60_000,
};

describe.skipIf(!requireProgram(ALERTMANAGER))('a real Alertmanager', () => {
  test('is ready, takes alerts, and tells its silences', { timeout: 120_000 }, async () => {
    const folder = join(tempHome().home, 'alertmanager');
    mkdirSync(folder);
    const real = await startAlertmanager(folder, { config: CONFIG, port: await freePort() });
    onTestFinished(() => real.stop());
    const ours = openAlertmanagerClient({ url: `${real.url}/`, clock: systemClock });
    onTestFinished(() => ours.close());
    expect(await ours.checkReady()).toBeNull();
    expect(await ours.post([ALERT])).toBeNull();
    expect(await ours.post([{ ...ALERT, endsAt: Date.now() + 90_000 }])).toBeNull();
    expect((await real.alerts()).map(({ labels }) => labels)).toEqual([ALERT.labels]);
    expect(await ours.silences()).toEqual([]);
    const matcher = { name: 'server', value: 'fil.*', isRegex: true, isEqual: false };
    await real.silence([matcher], 60_000);
    expect(await ours.silences()).toMatchObject([{ matchers: [matcher] }]);
    // Without a name it is no alert.
    expect(await ours.post([{ ...ALERT, labels: {} }])).toBe('answered 400');
  });
});

describe('what is no Alertmanager', () => {
  test('nobody listens', async () => {
    const port = await freePort();
    const ours = openAlertmanagerClient({ url: `http://ada:secret@127.0.0.1:${port}`, clock: systemClock });
    const why = `127.0.0.1:${port} cannot be reached: ECONNREFUSED`;
    expect([await ours.checkReady(), await ours.post([ALERT]), await ours.silences()]).toEqual([
      why,
      why,
      null,
    ]);
  });

  test('one that answers something else, or never', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/am/-/ready') return;
      response.writeHead(request.url === '/am/api/v2/silences' ? 200 : 500).end('{"not":"a list"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const clock = new FakeClock();
    const ours = openAlertmanagerClient({ url: `http://127.0.0.1:${port}/am/`, clock });
    expect([await ours.post([ALERT]), await ours.silences()]).toEqual(['answered 500', null]);
    const answer = ours.checkReady();
    await clock.advance(3000);
    expect(await answer).toBe(`127.0.0.1:${port} did not answer within 3 s`);
  });

  test.each<[what: string, type: string, body: string]>([
    ['a login page', 'text/html', '<!doctype html><title>Sign in</title>'],
    ['a Prometheus', 'text/plain', 'Prometheus Server is Ready.\n'],
    ['one that never ends', 'application/json', ' '.repeat(5_000_000)],
  ])('%s says 200 too, and is no Alertmanager', async (_, type, body) => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const ours = openAlertmanagerClient({ url: `http://127.0.0.1:${port}`, clock: systemClock });
    expect(await ours.checkReady()).toBe('the server that answers is not Alertmanager');
  });

  test('one that wants to know who asks, one that is elsewhere, and one that never ends', async () => {
    const server = createServer((request, response) => {
      const more = (): void => void (response.destroyed || response.write('[]'.repeat(500_000), more));
      if (request.url === '/api/v2/silences') more();
      else response.writeHead(request.headers.authorization === undefined ? 401 : 302).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    const stranger = openAlertmanagerClient({ url: `http://${host}`, clock: systemClock });
    const ada = openAlertmanagerClient({ url: `http://ada:secret@${host}`, clock: systemClock });
    expect([await stranger.checkReady(), await ada.checkReady()]).toEqual([
      'answered 401',
      'answered 302: redirects are not followed',
    ]);
    expect(await ada.silences()).toBeNull();
  });
});
