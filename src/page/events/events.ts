// Events: what happened, the newest first, by day, with filters.
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { ShownEvent } from '../../core/status/shown-event.ts';
import type { App, View } from '../common/app.ts';
import { searchField, segments } from '../common/parts.ts';
import { loadStyle } from '../common/style.ts';
import { EVENT_CHOICES, kindsOf, readGroup } from './event-kinds.ts';
import { addEvent, withNewer } from './event-list.ts';
import { foldRuns, type EventEntry, type EventRun } from '../model/event-runs.ts';
import { writeRoute, type Route } from '../model/route.ts';
import { clock, day, utc } from '../model/words.ts';

/** Events that are kept and drawn: what is older is asked for by hand. */
const MOST = 1000;
/** Ms in which events are gathered: thousands may come at once. */
const GATHER = 200;

export function openEvents(app: App, route: Extract<Route, { view: 'events' }>): View {
  loadStyle('views.css');
  const group = readGroup(route.kind);
  const kinds = kindsOf(group);
  let filter = '';
  let events: readonly ShownEvent[] | null = null;
  let next: number | null = null;
  let trouble: string | null = null;
  let isReading = false;
  /** Runs whose events are shown. */
  const opened = new Set<string>();
  const gathered: ShownEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;

  async function read(before: number | null): Promise<void> {
    if (isReading) return;
    isReading = true;
    app.redraw();
    const answer = await app.wire.events({ server: route.server, kinds, before });
    isReading = false;
    trouble = answer.ok ? null : answer.fault.message;
    if (answer.ok) {
      if (before === null && events !== null) events = withNewer(events, answer.value.events);
      else {
        events = [...(events ?? []), ...answer.value.events];
        ({ next } = answer.value);
      }
    }
    app.redraw();
  }

  void read(null);

  function takeGathered(): void {
    timer = null;
    const limit = Math.max(MOST, events?.length ?? 0);
    for (const event of gathered.splice(0)) events = addEvent(events ?? [], event, limit);
    app.redraw();
  }

  function draw(): TemplateResult {
    const words = filter.toLowerCase();
    const shown = (events ?? []).filter(({ server, text }) =>
      `${server ?? ''} ${text}`.toLowerCase().includes(words),
    );
    return html`<section class="verdict">
        <h1>Events${route.server === null ? nothing : html`<span>of <bdi>${route.server}</bdi></span>`}</h1>
        <div class="filters">
          ${
            route.server === null
              ? nothing
              : html`<a class="link" href=${writeRoute({ ...route, server: null })}>of all</a>`
          }
          ${searchField('Filter events', filter, (text) => {
            filter = text;
            app.redraw();
          })}
          ${segments('Kind', EVENT_CHOICES, group, (kind) => app.go({ ...route, kind }))}
        </div>
      </section>
      ${list(shown)} ${more()}`;
  }

  function list(shown: readonly ShownEvent[]): TemplateResult {
    if (events === null)
      return html`<p class="soft" role="status">
        ${trouble === null ? 'Loading…' : html`<bdi>${trouble}</bdi>`}
      </p>`;
    if (shown.length === 0)
      return html`<p class="card">
        ${events.length === 0 ? 'Nothing of that kind is recorded.' : 'No event fits.'}
      </p>`;
    const rows = withDays(foldRuns(shown));
    return html`<ol class="events">
      ${repeat(rows, ({ key }) => key, drawRow)}
    </ol>`;
  }

  function drawRow(row: Row): TemplateResult {
    if (row.kind === 'day') return drawDay(row.text);
    if (row.kind === 'event') return drawEvent(row.event);
    const isOpen = opened.has(row.key);
    return drawRun(row.run, isOpen, (wanted) => {
      if (wanted === isOpen) return;
      if (wanted) opened.add(row.key);
      else opened.delete(row.key);
      app.redraw();
    });
  }

  function more(): TemplateResult | typeof nothing {
    const before = next;
    if (before === null) return nothing;
    return html`<p class="more">
      <button type="button" ?disabled=${isReading} @click=${() => void read(before)}>
        ${isReading ? 'Loading…' : 'Older'}
      </button>
    </p>`;
  }

  return {
    title: 'Events',
    draw,
    onEvent(event) {
      if (events === null) return;
      if (route.server !== null && event.server !== route.server) return;
      if (kinds.length > 0 && !kinds.includes(event.kind)) return;
      gathered.push(event);
      timer ??= setTimeout(takeGathered, GATHER);
    },
    onNews(isBack) {
      if (isBack && events !== null) void read(null);
    },
    close() {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

type Row = { readonly key: string } & (EventEntry | { readonly kind: 'day'; readonly text: string });

function withDays(entries: readonly EventEntry[]): Row[] {
  const seen = new Map<string, number>();
  let last = '';
  return entries.flatMap((entry) => {
    const { at } = entry.kind === 'run' ? entry.run : entry.event;
    const id = idOf(entry);
    const number = seen.get(id) ?? 0;
    seen.set(id, number + 1);
    const row: Row = { ...entry, key: `${id} ${number}` };
    const today = day(at);
    if (today === last) return [row];
    last = today;
    return [{ kind: 'day', key: `day ${today} ${at}`, text: today }, row];
  });
}

/** By the beginning: the end of a run moves on with each event. */
function idOf(entry: EventEntry): string {
  if (entry.kind === 'run') return `run ${entry.run.firstAt} ${entry.run.server}`;
  const { firstAt, kind, server } = entry.event;
  return `${firstAt} ${kind} ${server ?? ''}`;
}

function drawDay(text: string): TemplateResult {
  return html`<li class="day"><h2>${text}</h2></li>`;
}

function drawEvent(event: ShownEvent): TemplateResult {
  return html`<li class="event">${line(event)}</li>`;
}

function line({ at, server, text, tone, count }: ShownEvent): TemplateResult {
  return html`${time(at)}
    <i class="dot ${tone}" aria-hidden="true"></i>
    <span
      >${server === null ? nothing : nameOf(server)}<bdi>${text}</bdi>${
        count > 1 ? html` <span class="soft small">${count} times</span>` : nothing
      }</span
    >`;
}

function time(at: number): TemplateResult {
  return html`<time class="soft" datetime=${new Date(at).toISOString()} title=${utc(at)}
    >${clock(at, true)}</time
  >`;
}

function nameOf(server: string): TemplateResult {
  return html`<a href=${writeRoute({ view: 'server', name: server })}
    ><b><bdi>${server}</bdi></b></a
  > `;
}

/** What came again and again as one row; its events are below it once it is opened. */
function drawRun(run: EventRun, isOpen: boolean, open: (isWanted: boolean) => void): TemplateResult {
  const { at, firstAt, server, texts, tone, count, events } = run;
  return html`<li class="event run">
    ${time(at)}
    <i class="dot ${tone}" aria-hidden="true"></i>
    <div>
      ${nameOf(server)}<bdi>${texts.join(', ')}</bdi>
      <details
        ?open=${isOpen}
        @toggle=${({ target }: Event) => target instanceof HTMLDetailsElement && open(target.open)}
      >
        <summary>
          <b>${count} times</b>
          <span class="soft small"
            >since
            <span title=${utc(firstAt)}
              >${day(firstAt) === day(at) ? '' : `${day(firstAt)}, `}${clock(firstAt, true)}</span
            ></span
          >
        </summary>
        ${
          isOpen
            ? html`<ol>
                ${events.map((event) => html`<li class="event">${line(event)}</li>`)}
              </ol>`
            : nothing
        }
      </details>
    </div>
  </li>`;
}
