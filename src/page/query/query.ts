// Query.
import { html } from '../vendor/lit-html.js';
import type { App, View } from '../common/app.ts';

export function openQuery(_app: App, _expression: string | null): View {
  return { title: 'Query', draw: () => html`<h1>Query</h1>` };
}
