// Pages of the runbooks: Markdown as HTML, without raw HTML, images or links to files that are not served.
import type { Marked } from 'marked';
import { renderDocument } from './document.ts';
import { Html, html } from './html.ts';

/**
 * Renders one runbook.
 *
 * @param names of all runbooks, which it may link to
 */
export async function renderRunbookPage(markdown: string, names: readonly string[]): Promise<string> {
  const [, title = 'Runbook'] = /^# (.+)$/mu.exec(markdown) ?? [];
  const converter = await createConverter(new Set(names));
  const body = new Html(converter.parse(markdown, { async: false }));
  return renderDocument(
    { title: `${title} · mcp-watchdog` },
    html`<article class="prose">${body}</article>
      ${NAVIGATION}`,
  );
}

/** Renders the list of all runbooks. */
export function renderRunbookIndex(names: readonly string[]): string {
  return renderDocument(
    { title: 'Runbooks · mcp-watchdog' },
    html`<article class="prose">
        <h1>Runbooks</h1>
        <p>One page for each alert: meaning, impact, diagnosis, cure.</p>
        <ul>
          ${names.map((name) => html`<li><a href="${`/runbooks/${name}`}">${name}</a></li>`)}
        </ul>
      </article>
      ${NAVIGATION}`,
  );
}

const NAVIGATION = html`<nav aria-label="More">
  <ul>
    <li><a href="/runbooks/">All runbooks</a></li>
    <li><a href="/">Servers</a></li>
  </ul>
</nav>`;

/** Loads marked, which is needed by nothing else. */
async function createConverter(names: ReadonlySet<string>): Promise<Marked> {
  const { Marked: Converter } = await import('marked');
  return new Converter({
    gfm: true,
    renderer: {
      html: ({ text }) => html`${text}`.markup,
      image: ({ text }) => html`${text}`.markup,
      link({ href, tokens }) {
        const target = targetOf(href, names);
        const text = new Html(this.parser.parseInline(tokens));
        return target === null ? text.markup : html`<a href="${target}">${text}</a>`.markup;
      },
    },
  });
}

/** Maps a link of the file to one of the page; null for files of the repository, which are not served. */
function targetOf(href: string, names: ReadonlySet<string>): string | null {
  if (/^https?:\/\//iu.test(href)) return href;
  const [, name = ''] = /^(\w+)\.md(?:#.*)?$/u.exec(href) ?? [];
  return names.has(name) ? `/runbooks/${name}` : null;
}
