// HTML document around every page: head, style, and nothing that is loaded from elsewhere.
import { Html, html } from './html.ts';
import { STYLE } from './style.ts';

// Not in a template: formatting it would change the text that the security policy names.
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);

interface DocumentOptions {
  readonly title: string;
}

/** Renders a whole document. */
export function renderDocument({ title }: DocumentOptions, body: Html): string {
  const head = html`<meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
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
    <p>Go to the <a href="/">servers</a>.</p>`;
  return renderDocument({ title: 'Not found · mcp-watchdog' }, body);
}
