// Dialogs of the frame: the keys, and how to sign in.
import { html } from '../vendor/lit-html.js';
import type { App } from '../common/app.ts';
import { command, openDialog } from '../common/parts.ts';

const KEYS = [
  ['/', 'filter'],
  ['j k', 'next, previous server'],
  ['Enter', 'open it'],
  ['Esc', 'back; empty the filter'],
  ['r', 'restart the server'],
  ['s', 'stop or start it'],
  ['u b', 'update it, go back to the version before'],
  ['l', 'to its log'],
  ['1 2 3', 'last 15 min, 1 h, 6 h'],
  ['g s', 'servers; g a alerts, g e events, g q query'],
  ['?', 'these keys'],
] as const;

export function showHelp(): void {
  openDialog({
    title: 'Keys',
    body: html`<dl class="keys">
      ${KEYS.map(
        ([keys, what]) =>
          html`<dt>${keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt>
            <dd>${what}</dd>`,
      )}
    </dl>`,
  });
}

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
