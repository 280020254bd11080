// Dialog about the session: what it is for, and how to get one.
import { html } from 'lit-html';
import type { App } from './app.ts';
import { command, openDialog } from './parts.ts';

/** Tells what a session is for, and how to get one. */
export function showLocked(app: App): void {
  const { hasSession } = app.state();
  openDialog({
    title: hasSession ? 'Signed in' : 'Read only',
    body: hasSession
      ? html`<p>
            This tab may read logs and act on servers for up to 8 hours, or until the daemon is restarted.
          </p>
          <p class="soft">To end all sessions:</p>
          ${command('mcp-watchdog open --revoke', app.say)}`
      : html`<p>Whoever can open this page sees what /metrics shows. Logs and actions need a session:</p>
          ${command('mcp-watchdog open', app.say)}
          <p class="soft">Run it where the daemon runs: it opens this page with a link that works once.</p>`,
  });
}
