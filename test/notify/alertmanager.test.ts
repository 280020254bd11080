// How we speak with Alertmanager: with a real one, and with what is none.
import { createServer } from 'node:http';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openAlertmanager } from '../../src/notify/alertmanager.ts';
import { systemClock } from '../../src/system/clock.ts';
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
  test('is ready, takes alerts, and tells its silences', { timeout: 60_000 }, async () => {
    const folder = join(tempHome().home, 'alertmanager');
    mkdirSync(folder);
    const real = await startAlertmanager(folder, { config: CONFIG, port: await freePort() });
    onTestFinished(() => real.stop());
    const ours = openAlertmanager({ url: `${real.url}/`, clock: systemClock });
    onTestFinished(() => ours.close());
    expect(await ours.isReady()).toBe(true);
    expect(await ours.post([ALERT])).toBe(true);
    expect(await ours.post([{ ...ALERT, endsAt: Date.now() + 90_000 }])).toBe(true);
    expect((await real.alerts()).map(({ labels }) => labels)).toEqual([ALERT.labels]);
    expect(await ours.silences()).toEqual([]);
    const matcher = { name: 'server', value: 'fil.*', isRegex: true, isEqual: false };
    await real.silence([matcher], 60_000);
    expect(await ours.silences()).toMatchObject([{ matchers: [matcher] }]);
    // Without a name it is no alert.
    expect(await ours.post([{ ...ALERT, labels: {} }])).toBe(false);
  });
});

describe('what is no Alertmanager', () => {
  test('nobody listens', async () => {
    const ours = openAlertmanager({ url: `http://127.0.0.1:${await freePort()}`, clock: systemClock });
    expect([await ours.isReady(), await ours.post([ALERT]), await ours.silences()]).toEqual([
      false,
      false,
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
    const ours = openAlertmanager({ url: `http://127.0.0.1:${port}/am/`, clock });
    expect([await ours.post([ALERT]), await ours.silences()]).toEqual([false, null]);
    const answer = ours.isReady();
    await clock.advance(3000);
    expect(await answer).toBe(false);
  });
});
