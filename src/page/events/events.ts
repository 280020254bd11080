// Events.
import { html } from '../vendor/lit-html.js';
import type { App, View } from '../common/app.ts';

export function openEvents(_app: App, _route: object): View {
  return { title: 'Events', draw: () => html`<h1>Events</h1>` };
}
