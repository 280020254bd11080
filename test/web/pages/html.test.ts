import { describe, expect, test } from 'vitest';
import { renderMissingPage } from '../../../src/web/pages/document.ts';
import { Html, html } from '../../../src/web/pages/html.ts';
import { STYLE, STYLE_SOURCE } from '../../../src/web/pages/style.ts';

describe('html', () => {
  test('escapes text, also in a list, and leaves markup as it is', () => {
    const inner = html`<b>${'<&">'}</b>`;
    expect(html`<p title="${`"'`}">${[inner, ' ', 1, null, 'a<b']}</p>`.markup).toBe(
      '<p title="&quot;&#39;"><b>&lt;&amp;&quot;&gt;</b> 1a&lt;b</p>',
    );
    expect(inner).toBeInstanceOf(Html);
  });
});

test('a document loads nothing from elsewhere, runs no script, and applies only its own style', () => {
  const page = renderMissingPage();
  expect(page).not.toMatch(/<script|\son\w+=|style=|src=|https?:|http-equiv/u);
  expect(page).toContain(`<style>${STYLE}</style>`);
  expect(STYLE_SOURCE).toMatch(/^'sha256-[\w+/]{43}='$/u);
});
