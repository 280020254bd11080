import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderRunbookPage } from '../../src/web/pages/runbook-page.ts';
import { startWeb, type Web } from '../fakes/web.ts';

const FOLDER = fileURLToPath(new URL('../../alerting/runbooks/', import.meta.url));
const NAMES = readdirSync(FOLDER).map((file) => file.replace(/\.md$/u, ''));

let web: Web;
beforeAll(async () => {
  web = await startWeb();
});
afterAll(() => web.close());

describe('/runbooks/', () => {
  test.each(['/runbooks/', '/runbooks'])('%s lists all of them', async (path) => {
    const { status, headers, body } = await web.ask(path);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    for (const name of NAMES) expect(body).toContain(`<a href="/runbooks/${name}">${name}</a>`);
  });

  test.each(NAMES)(
    '%s is a page with all sections, whose links lead to pages that there are',
    async (name) => {
      const { status, headers, body } = await web.ask(`/runbooks/${name}`);
      expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(body).toContain(`<title>${name} · mcp-watchdog</title>`);
      expect(body).toContain(`<h1>${name}</h1>`);
      for (const section of ['Meaning', 'Impact', 'Diagnosis', 'Cure', 'Without Prometheus'])
        expect(body).toContain(`<h2>${section}</h2>`);
      const targets = [...body.matchAll(/href="([^"]*)"/gu)].map(([, target = '']) => target);
      const known = new Set(['data:,', '/', '/runbooks/', ...NAMES.map((one) => `/runbooks/${one}`)]);
      expect(targets.filter((target) => !known.has(target))).toEqual([]);
      expect(body).not.toMatch(/<script|\son\w+=|style=|src=|\.md\b(?!<)/u);
    },
  );

  test('shows tables and code as such', async () => {
    const { body } = await web.ask('/runbooks/McpServerDown');
    expect(body).toMatch(/<table>[^]*<td><code>backoff<\/code>/u);
    expect(body).toMatch(/<pre><code class="language-sh">mcp-watchdog status files/u);
  });

  test.each([
    '/runbooks/McpNothing',
    '/runbooks/McpServerDown.md',
    '/runbooks/mcpserverdown',
    '/runbooks/..%2fREADME',
    '/runbooks/%2e%2e',
    '/runbooks/..',
    '/runbooks/__proto__',
    '/runbooks/McpServerDown/x',
  ])('%s is not there', async (path) => {
    const { status, body } = await web.ask(path, { headers: { accept: 'text/html' } });
    expect([status, /Alerts for Prometheus/u.test(body)]).toEqual([404, false]);
    expect(web.faults).toEqual([]);
  });

  test('has the security policy of all pages', async () => {
    const { headers } = await web.ask('/runbooks/McpServerDown');
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none';style-src 'sha256-[\w+/=]+';img-src data:;base-uri 'none';form-action 'none';frame-ancestors 'none'$/u,
    );
  });
});

describe('renderRunbookPage()', () => {
  const render = (markdown: string) => renderRunbookPage(`# Title\n\n${markdown}`, ['McpServerDown']);

  test.each([
    ['<script>alert(1)</script>', '&lt;script&gt;'],
    ['a <img src=x onerror=alert(1)> b', '&lt;img src=x'],
    ['![text <b>](http://evil.example/x.png)', 'text &lt;b&gt;'],
    ['`<b>`', '<code>&lt;b&gt;</code>'],
    ['```html\n<b>\n```', '&lt;b&gt;'],
  ])('writes %j as text', async (markdown, expected) => {
    const page = await render(markdown);
    expect(page).toContain(expected);
    expect(page).not.toMatch(/<script|<img|<b>/u);
  });

  test.each([
    ['[x](javascript:alert(1))', null],
    ['[x](data:text/html,y)', null],
    ['[x](//evil.example)', null],
    ['[x](../README.md#part)', null],
    ['[x](McpNothing.md)', null],
    ['[x](McpServerDown.md)', '/runbooks/McpServerDown'],
    ['[x](McpServerDown.md#cure)', '/runbooks/McpServerDown'],
    ['[x](https://prometheus.io/?a=1&b=%22)', 'https://prometheus.io/?a=1&amp;b=%22'],
  ])('links %j to %j', async (markdown, target) => {
    const page = await render(markdown);
    if (target === null) expect(page).toContain('<p>x</p>');
    else expect(page).toContain(`<p><a href="${target}">x</a></p>`);
  });
});

test('the converter is loaded only when a runbook is opened', () => {
  for (const file of ['app.ts', 'runbooks.ts', 'pages/runbook-page.ts']) {
    const source = readFileSync(new URL(`../../src/web/${file}`, import.meta.url), 'utf8');
    expect(source).not.toMatch(/^import (?!type )[^;]*'marked'/mu);
  }
});
