// Frame around every view: the bar on top, banners, and the line below.
import { html, nothing, type TemplateResult } from 'lit-html';
import { span } from '../../core/base/format.ts';
import { countNeeds } from '../model/groups.ts';
import { deliveryWords } from '../model/delivery-words.ts';
import { writeRoute, type Route } from '../model/route.ts';
import type { PageStatus } from '../../core/status/page-status.ts';
import { clock, utc } from '../model/words.ts';
import type { App, Gone, View } from '../common/app.ts';
import { showLocked } from '../common/session-dialog.ts';
import { showHelp } from './help.ts';
import { icon } from '../common/marks.ts';
import { command } from '../common/parts.ts';

/** @param view null while its module is being loaded @param waiting what stands in for it then: grey rows of the document */
export function drawFrame(app: App, view: View | null, waiting: readonly Node[]): TemplateResult {
  const { status, gone } = app.state();
  return html`<a class="skip" href="#main" @click=${skip}>Skip to content</a>
    <header class="bar">${bar(app)}</header>
    <div role="status">${gone === null ? banners(status) : goneBanner(app, gone)}</div>
    <main id="main" tabindex="-1" aria-busy=${status === null && gone === null ? 'true' : 'false'}>
      ${content(app, view, waiting)} ${status === null ? nothing : below(app, status)}
    </main>`;
}

/** A link to `#main` would be read as the address of a view. */
function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('main')?.focus();
}

function content(app: App, view: View | null, waiting: readonly Node[]): TemplateResult | readonly Node[] {
  const { status, fault } = app.state();
  if (status !== null && view !== null) return view.draw();
  if (status === null && fault !== null) return noAnswer(app);
  return waiting;
}

const TABS = [
  { view: 'overview', title: 'Servers', route: { view: 'overview' } },
  { view: 'alerts', title: 'Alerts', route: { view: 'alerts' } },
  { view: 'events', title: 'Events', route: { view: 'events', server: null, kind: 'all' } },
  { view: 'query', title: 'Query', route: { view: 'query', expression: null } },
] as const satisfies readonly { view: Route['view']; title: string; route: Route }[];

function bar(app: App): TemplateResult {
  const { status, route, gone, hasSession } = app.state();
  const needs = status === null ? { servers: 0, own: 0 } : countNeeds(status);
  const firing = status?.troubles.filter(({ alerts }) => alerts.length > 0).length ?? 0;
  const badge = { overview: needs.servers + needs.own, alerts: firing, events: 0, query: 0 };
  const shown = route.view === 'server' ? 'overview' : route.view;
  return html`<a class="brand" href="#/">
      <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
        <path d="M1 10h3.5l2-6 4 10 2.5-7 1.2 3H17"></path>
      </svg>
      mcp-watchdog</a
    >
    <nav aria-label="Views">
      ${TABS.map(
        ({ view, title, route: to }) =>
          html`<a href=${writeRoute(to)} aria-current=${shown === view ? 'page' : nothing}
            >${title}${badge[view] === 0 ? nothing : count(view, badge[view])}</a
          >`,
      )}
    </nav>
    <div class="tools">
      <span class="live ${gone === null ? '' : 'gone'}">${gone === null ? 'live' : 'not reachable'}</span>
      <button
        type="button"
        class="bare wide-only"
        title=${hasSession ? 'Logs and actions are open to this tab' : 'Logs and actions need a session'}
        @click=${() => showLocked(app)}
      >
        ${hasSession ? 'signed in' : 'read only'}
      </button>
      <button type="button" class="bare" aria-label="Light or dark" @click=${switchTheme}>◐</button>
      <button type="button" class="bare for-keys" aria-label="Keys" @click=${showHelp}>?</button>
    </div>`;
}

function count(view: 'overview' | 'alerts' | 'events' | 'query', number: number): TemplateResult {
  const isLoud = view === 'overview';
  return html`<span class="count ${isLoud ? 'loud' : ''}">${number}</span
    ><span class="unseen">${isLoud ? 'need you' : 'troubles with alerts'}</span>`;
}

/** The other one than is shown, kept for the next visit. */
function switchTheme(): void {
  const { dataset } = document.documentElement;
  const isDark =
    dataset['theme'] === undefined
      ? matchMedia('(prefers-color-scheme: dark)').matches
      : dataset['theme'] === 'dark';
  dataset['theme'] = isDark ? 'light' : 'dark';
  try {
    localStorage.setItem('theme', dataset['theme']);
  } catch {
    // Storage may be switched off: then it holds for this visit.
  }
  dispatchEvent(new Event('themechange'));
}

function goneBanner(app: App, gone: Gone): TemplateResult {
  const wait = Math.ceil((gone.nextTry - Date.now()) / 1000);
  const next = wait > 0 ? `retrying in ${wait} s` : 'retrying';
  const what = gone.isForeign
    ? 'Another program answers at this address'
    : html`The daemon is not reachable since
        <time title=${utc(gone.since)}>${clock(gone.since, true)}</time>`;
  return html`<div class="banner">
    ${icon('red')}
    <p><b>${what}</b>, <span aria-live="off">${next}</span>. What follows is as it was then.</p>
    <span class="soft">Not on purpose?</span>
    ${command('mcp-watchdog start', app.say)}
    <button type="button" @click=${app.retry}>Try now</button>
  </div>`;
}

/** What concerns all servers at once. */
function banners(status: PageStatus | null): TemplateResult | typeof nothing {
  if (status === null) return nothing;
  const { config, braked } = status.daemon;
  const refused = config.ok ? null : config.error;
  return html`${
    refused === null
      ? nothing
      : html`<div class="banner">
          ${icon('red')}
          <p>
            <b
              >${config.loadedAt === null ? 'There is no config to run on yet' : 'The new config was not taken over; the old one is in force'}:</b
            >
            <bdi>${refused}</bdi>
          </p>
          <code>mcp-watchdog config validate</code>
        </div>`
  }
  ${
    braked
      ? html`<div class="banner mild">
          ${icon('amber')}
          <p>
            <b>Nobody is restarted for now:</b> nearly all servers failed their probes at once, so the cause
            lies outside of them: the network, the disk, or a machine that is short of something.
          </p>
        </div>`
      : nothing
  }`;
}

function noAnswer(app: App): TemplateResult {
  const { fault } = app.state();
  const said = fault?.message ?? '';
  const texts = {
    locked: [
      'Name and password are needed',
      'The web config of this watchdog asks for them: load the page again.',
    ],
    denied: ['This address is not allowed', said],
    foreign: ['Another program answers here', 'Nothing of the watchdog was found at this address.'],
    old: ['This watchdog does not know this page', 'Its version changed: load the page again.'],
    gone: ['The daemon does not answer', 'It is tried again by itself.'],
    said: ['The daemon could not answer', said],
  } as const;
  const [title, text] = texts[fault?.kind ?? 'gone'];
  return html`<section class="verdict">
      <div>
        <h1>${icon('red', 24)} <span>${title}</span></h1>
        <p class="soft"><bdi>${text}</bdi></p>
      </div>
    </section>
    <p><button type="button" class="main" @click=${() => location.reload()}>Load again</button></p>
    <p class="soft">Also here: <a href="/status.txt">status as text</a>, <a href="/metrics">metrics</a>.</p>`;
}

function below(app: App, { daemon }: PageStatus): TemplateResult {
  const { now } = app.state();
  return html`<footer>
    <span>${deliveryWords(daemon)}</span>
    <span>mcp-watchdog ${daemon.version}, up ${span(now - daemon.startedAt)}</span>
    <nav aria-label="More">
      <a class="link" href="/metrics">metrics</a>
      <a class="link" href="/api/v1/status">status</a>
      <a class="link" href="/status.txt">as text</a>
      <a class="link" href="/runbooks/">runbooks</a>
    </nav>
  </footer>`;
}
