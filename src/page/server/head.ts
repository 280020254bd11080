// Head of a server's view: its name, state and actions, and its facts in a line.
import { html, nothing, type TemplateResult } from 'lit-html';
import { span } from '../../core/base/format.ts';
import { UNLIMITED_ENDS } from '../../core/model/server-spec.ts';
import type { PageServer, PageStatus } from '../../core/status/page-status.ts';
import type { App } from '../common/app.ts';
import { icon, TONES } from '../common/marks.ts';
import { writeRoute } from '../model/route.ts';
import { stateWords, wordsSince } from '../../core/status/state-words.ts';
import { lasting, utc } from '../model/words.ts';
import type { Actions } from './actions.ts';

export function drawHead(
  app: App,
  { servers }: PageStatus,
  { server, actions }: { readonly server: PageServer; readonly actions: Actions },
): TemplateResult {
  const { now, gone, hasSession } = app.state();
  const { name, group, package: packageId, url, version } = server;
  const since = wordsSince(server);
  const place = servers.findIndex((one) => one.name === name);
  const offers = actions.offers(server);
  return html`<nav class="crumb soft" aria-label="Place">
      <a href=${writeRoute({ view: 'overview' })}>Servers</a> <span aria-hidden="true">/</span>
      ${step(servers[place - 1]?.name, '←', 'Previous')} ${step(servers[place + 1]?.name, '→', 'Next')}
    </nav>
    <section class="who-head">
      <div>
        <h1>${icon(TONES[group], 24)} <bdi>${name}</bdi></h1>
        <p class="soft">
          <b class=${TONES[group]}>${stateWords(server)}</b>
          <span title=${utc(since)}>${lasting(since, now)}</span> ·
          <bdi>${packageId ?? url ?? 'a program of your own'}</bdi> <bdi>${version ?? ''}</bdi>
        </p>
      </div>
      <div class="acts">
        ${offers.map(
          (offer, index) =>
            html`<button
              type="button"
              class=${index === 0 ? 'main' : ''}
              title=${hasSession ? `Key ${offer.key}` : 'Needs a session: mcp-watchdog open'}
              ?disabled=${gone !== null}
              @click=${() => actions.ask(offer, server)}
            >
              ${offer.label}
            </button>`,
        )}
      </div>
    </section>`;
}

function step(name: string | undefined, sign: string, label: string): TemplateResult {
  return name === undefined
    ? html`<span class="step" aria-hidden="true">${sign}</span>`
    : html`<a
        class="step"
        href=${writeRoute({ view: 'server', name })}
        title=${name}
        aria-label="${label}: ${name}"
        >${sign}</a
      >`;
}

/** The facts that apply, in one line. */
export function drawFacts(server: PageServer, now: number): TemplateResult {
  const { startedAt, pid, transport, handshake, restarts, budgetRemaining, source, tools, usage } = server;
  const total = Object.values(restarts).reduce((sum, count) => sum + count, 0);
  const counted = Object.entries(restarts).filter(([, count]) => count > 0);
  const told = counted
    .map(([reason, count]) => `${counted.length > 1 ? `${count} ` : ''}${reason.replaceAll('_', ' ')}`)
    .join(', ');
  const facts = [
    ['Up for', startedAt === null ? null : span(now - startedAt)],
    ['Process', pid === null ? null : String(pid)],
    ['Processes', usage === null || usage.processes < 2 ? null : String(usage.processes)],
    ['Transport', transport],
    ['Protocol', handshake?.protocolVersion ?? null],
    ['Tools', tools === null ? null : String(tools)],
    ['Restarts', source === 'url' ? null : `${total}${told === '' ? '' : ` (${told})`}`],
    ['Budget', source === 'url' || budgetRemaining === null ? null : budgetWords(server)],
    ['Open files', usage?.openFds === null || usage === null ? null : String(usage.openFds)],
    ['Starts by', source === 'url' ? 'not by the watchdog: only watched' : null],
    ['Next attempt', nextWords(server, now)],
  ] as const;
  return html`<dl class="facts-line">
    ${facts.map(([name, value]) =>
      value === null
        ? nothing
        : html`<div>
            <dt>${name}</dt>
            <dd><bdi>${value}</bdi></dd>
          </div>`,
    )}
  </dl>`;
}

function nextWords({ nextAttemptAt }: PageServer, now: number): string | null {
  if (nextAttemptAt === null) return null;
  return nextAttemptAt - now < 1000 ? 'now' : `in ${span(nextAttemptAt - now)}`;
}

function budgetWords({ budgetRemaining: remaining, state }: PageServer): string {
  // Its oldest failures may be out of the window by now: that gives it no more attempts.
  if (state === 'crash_looping') return 'spent';
  return remaining === UNLIMITED_ENDS ? 'none: restarted for ever' : `${remaining} left`;
}
