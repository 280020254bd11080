// Last failure of a server: the cause, its own last words, and the cure.
import { html, nothing, type TemplateResult } from 'lit-html';
import type { PageServer, PageStatus } from '../../core/status/page-status.ts';
import type { App } from '../common/app.ts';
import { icon, TONES } from '../common/marks.ts';
import { command } from '../common/parts.ts';
import { showLocked } from '../common/session-dialog.ts';
import { causesOf } from '../model/groups.ts';
import { clock, utc } from '../model/words.ts';

/** Lines of the beginning and of the end that are shown of what it printed. */
const FIRST = 4;
const LAST = 4;

/** Nothing while all is well. */
export function drawFailure(
  app: App,
  status: PageStatus,
  server: PageServer,
): TemplateResult | typeof nothing {
  const { group, cure, name, lastFailure, note } = server;
  if (group === 'healthy' || group === 'off') return nothing;
  const cause = causesOf(status).get(name) ?? note;
  if (group === 'handled' && lastFailure === null)
    return cause === null
      ? nothing
      : html`<p class="notice">
          ${icon('amber')}
          <span><bdi>${cause}</bdi>${cure === null ? nothing : html`. <bdi>${cure}</bdi>`}</span>
        </p>`;
  return html`<section class="failure ${TONES[group]}" aria-label="What is wrong">
    <div>
      <h2><bdi>${cause ?? 'It does not work'}</bdi></h2>
      ${
        lastFailure === null
          ? nothing
          : html`<p class="soft small">
              <code>${lastFailure.code}</code>,
              <time title=${utc(lastFailure.at)}>${clock(lastFailure.at, true)}</time>
            </p>`
      }
      ${cure === null ? nothing : html`<p class="cure"><bdi>${cure}</bdi></p>`}
      ${server.source === 'url' ? nothing : command(`mcp-watchdog logs ${name}`, app.say)}
    </div>
    ${output(app, server)}
  </section>`;
}

/** First and last lines of what it printed; only a session may see them. */
function output(app: App, { lastLines, source }: PageServer): TemplateResult | typeof nothing {
  if (source === 'url') return nothing;
  if (lastLines.length > 0) {
    const hidden = lastLines.length - FIRST - LAST;
    const lines =
      hidden > 0
        ? [...lastLines.slice(0, FIRST), `… ${hidden} more`, ...lastLines.slice(-LAST)]
        : [...lastLines];
    return html`<pre tabindex="0" role="region" dir="auto" aria-label="What it printed before it ended">
${lines.join('\n')}</pre>`;
  }
  return app.state().hasSession
    ? nothing
    : html`<div>
        <p class="soft">What it printed is shown to who is signed in.</p>
        <button type="button" @click=${() => showLocked(app)}>Sign in…</button>
      </div>`;
}
