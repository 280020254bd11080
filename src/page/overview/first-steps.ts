// First three steps of a watchdog that has no server yet.
import { html, type TemplateResult } from '../vendor/lit-html.js';
import type { DaemonStatus } from '../../core/model/status.ts';
import type { App } from '../common/app.ts';
import { command } from '../common/parts.ts';

export function firstSteps(app: App, _daemon: DaemonStatus): TemplateResult {
  const steps = [
    {
      title: '1. Take over what you have',
      text: 'Reads the servers of Claude, Cursor, VS Code, Codex, Zed and others into the config.',
      line: 'mcp-watchdog init --import',
    },
    {
      title: '2. Or add a server',
      text: 'Any package of npm or PyPI, any program, any address. It starts at once.',
      line: 'mcp-watchdog add @upstash/context7-mcp',
    },
    {
      title: '3. Connect your clients',
      text: 'Through the gateway calls survive restarts and updates, and are counted.',
      line: 'mcp-watchdog import --rewrite-clients',
    },
  ];
  return html`<ol class="steps">
    ${steps.map(
      ({ title, text, line }) =>
        html`<li>
          <h2>${title}</h2>
          <p class="soft">${text}</p>
          ${command(line, app.say)}
        </li>`,
    )}
  </ol>`;
}
