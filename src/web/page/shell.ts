// Document of the page: what is there before its first script runs, and without any.
import { html, type Html } from '../pages/html.ts';
import { MAIN, STYLE, type Assets } from './assets.ts';

/** Scripts, styles and data from this server alone; markup from text is left to lit-html, which only takes its own templates. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
].join(';');

/** Renders the document; grey rows stand where the servers will be. */
export function renderShell({ hash, preload }: Assets): string {
  const at = (name: string): string => `/assets/${hash}/${name}`;
  return html`<!doctype html>
    <html lang="en" data-assets="${hash}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>mcp-watchdog</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${at(STYLE)}" />
        <script type="module" src="${at(MAIN)}"></script>
        ${preload.map((name) => html`<link rel="modulepreload" href="${at(name)}" />`)}
      </head>
      <body>
        <div id="page">${BEFORE}</div>
        <noscript>
          <p class="alone">
            This page draws itself with JavaScript. Without it: <a href="/status.txt">the status as text</a>,
            <a href="/metrics">the metrics</a>.
          </p>
        </noscript>
      </body>
    </html>`.markup;
}

const BEFORE: Html = html`<header class="bar"><span class="brand">mcp-watchdog</span></header>
  <main aria-busy="true">
    <h1 class="loading">Loading…</h1>
    <div class="table ghost" aria-hidden="true">
      ${Array.from(
        { length: 6 },
        () =>
          html`<div class="row">
            <div class="cells"><i></i><i></i></div>
          </div>`,
      )}
    </div>
  </main>`;
