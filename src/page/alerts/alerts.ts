// Alerts.
import { html } from '../vendor/lit-html.js';
import type { App, View } from '../common/app.ts';

export function openAlerts(_app: App): View {
  return { title: 'Alerts', draw: () => html`<h1>Alerts</h1>` };
}
