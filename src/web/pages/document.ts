// HTML document around every page: head, style, and nothing that is loaded from elsewhere.
import { Html, html } from './html.ts';
import { STYLE } from './style.ts';

// Not in a template: formatting it would change the text that the security policy names.
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);

interface DocumentOptions {
  readonly title: string;
  /** Seconds after which the browser reloads the page; null for never. */
  readonly refresh: number | null;
}

/** Renders a whole document. */
export function renderDocument({ title, refresh }: DocumentOptions, body: Html): string {
  const head = html`<meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    ${refresh === null ? null : html`<meta http-equiv="refresh" content="${refresh}" />`}
    <link rel="icon" href="data:," />
    <title>${title}</title>
    ${STYLE_ELEMENT}`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        ${head}
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`.markup;
}

/** Renders the page for an unknown path. */
export function renderMissingPage(): string {
  const body = html`<h1>Not found</h1>
    <p>Go to the <a href="/">status page</a>.</p>`;
  return renderDocument({ title: 'Not found · mcp-watchdog', refresh: null }, body);
}
