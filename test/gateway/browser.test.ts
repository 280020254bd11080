// Web pages in a real Chromium: none on this machine reaches a tool, whichever way it asks.
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { requireProgram } from '../fakes/require-program.ts';
import { initialize, modern, startFront } from '../fakes/gateway.ts';
import { listenForTest } from '../fakes/listen.ts';
import { startBrowser } from './browser.ts';

const CHROMIUM = 'chromium';

/** Ways of a page to send a message; each says how far it got. */
function attempts(target: string): string {
  const { body, headers } = modern('tools/call', { name: 'delete', arguments: {} });
  const message = JSON.stringify(body);
  const all = JSON.stringify({
    ...headers,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  });
  const greeting = JSON.stringify(initialize());
  return `(async () => {
    const url = ${JSON.stringify(target)};
    const tried = {};
    const attempt = async (name, run) => {
      try { const reply = await run(); tried[name] = reply.type === 'opaque' ? 'opaque' : reply.status; }
      catch (error) { tried[name] = 'blocked'; }
    };
    const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    await attempt('call', () => fetch(url, { method: 'POST', headers: ${all}, body: ${JSON.stringify(message)} }));
    await attempt('greeting', () => fetch(url, { method: 'POST', headers: json, body: ${JSON.stringify(greeting)} }));
    await attempt('text', () => fetch(url, { method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body: ${JSON.stringify(message)} }));
    await attempt('blob', () => fetch(url, { method: 'POST', mode: 'no-cors', body: new Blob([${JSON.stringify(message)}]) }));
    await attempt('list', () => fetch(new URL('/', url)));
    await attempt('listUnread', () => fetch(new URL('/', url), { mode: 'no-cors' }));
    await attempt('beacon', async () => ({ status: navigator.sendBeacon(url, ${JSON.stringify(message)}) }));
    await attempt('stream', () => new Promise((resolve, reject) => {
      const source = new EventSource(url);
      source.onopen = () => resolve({ status: 'open' });
      source.onerror = reject;
    }));
    await attempt('frame', () => new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.name = 'target';
      document.documentElement.append(frame);
      const form = document.createElement('form');
      Object.assign(form, { method: 'POST', action: url, target: 'target', enctype: 'text/plain' });
      const field = document.createElement('input');
      Object.assign(field, { name: ${JSON.stringify(`${message.slice(0, -1)},"x":"`)}, value: '"}' });
      form.append(field);
      document.documentElement.append(form);
      frame.onload = () => { if (frame.src !== '' || form.submitted) resolve({ status: 'loaded' }); };
      form.submitted = true;
      form.submit();
    }));
    return tried;
  })()`;
}

function foreignPage(): Promise<number> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>foreign</title>');
  });
  return listenForTest(server);
}

describe.runIf(requireProgram(CHROMIUM))('a web page', () => {
  test(
    'of another origin, and one whose name was rebound to this machine, reach no tool',
    { timeout: 60_000 },
    async () => {
      const { port, events, refused, url } = await startFront();
      const foreign = await foreignPage();
      const browser = await startBrowser(CHROMIUM, 'MAP *.test 127.0.0.1');

      // Another site, and another port of this machine: the browser itself lets neither read anything.
      const target = `${url}/files/mcp`;
      for (const origin of [`http://evil.test:${foreign}`, `http://127.0.0.1:${foreign}`]) {
        const page = await browser.open(`${origin}/`);
        const tried = await page.run(attempts(target));
        expect(tried).toMatchObject({
          call: 'blocked',
          greeting: 'blocked',
          list: 'blocked',
          stream: 'blocked',
        });
      }

      // After DNS rebinding the page and the gateway are one origin for the browser: only the Host tells.
      const rebound = await browser.open(`http://evil.test:${port}/`);
      const tried = await rebound.run(attempts(`http://evil.test:${port}/files/mcp`));
      expect(tried).toMatchObject({ call: 403, greeting: 403, text: 403, list: 403, stream: 'blocked' });

      expect(events).toEqual([]);
      expect(new Set(refused)).toEqual(new Set(['host', 'origin']));

      // The same script on a page of our own: what is refused above is who asks, not how.
      const own = await browser.open(`${url}/`);
      expect(await own.run(attempts(target))).toMatchObject({ call: 200, greeting: 200, list: 200 });
      expect(events.length).toBeGreaterThan(0);
    },
  );
});
