// First three steps of a watchdog that has no server yet.
import { html, type TemplateResult } from 'lit-html';
import type { App } from '../common/app.ts';
import { command } from '../common/parts.ts';

export function firstSteps(app: App): TemplateResult {
  const steps = [
    {
      title: '1. Take over what you have',
      text: 'Shows what a client starts, as lines for the config: claude-code, claude-desktop, cursor, vscode, codex.',
      line: 'mcp-watchdog init --from claude-code',
    },
    {
      title: '2. Or add a server',
      text: 'Any package of npm or PyPI, any program, any address. It starts at once.',
      line: 'mcp-watchdog add @upstash/context7-mcp',
    },
    {
      title: '3. Connect your clients',
      text: 'Through the gateway, calls outlive restarts and updates, and are counted.',
      line: 'mcp-watchdog connect context7 --print all',
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
