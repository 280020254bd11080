// Server.
import { html } from '../vendor/lit-html.js';
import type { App, View } from '../common/app.ts';

export function openServer(_app: App, _name: string): View {
  return { title: 'Server', draw: () => html`<h1>Server</h1>` };
}
