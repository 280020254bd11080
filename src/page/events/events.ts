// Events: what happened, the newest first, by day, with filters.
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { ShownEvent } from '../../core/status/shown-event.ts';
import type { App, View } from '../common/app.ts';
import { searchField, segments } from '../common/parts.ts';
import { loadStyle } from '../common/style.ts';
import { EVENT_CHOICES, kindsOf, readGroup } from './event-kinds.ts';
import { addEvent, withNewer } from './event-list.ts';
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
    const rows = withDays(shown);
    return html`<ol class="events">
      ${repeat(
        rows,
        (row) => row.key,
        (row) => (row.kind === 'day' ? drawDay(row.text) : drawEvent(row.event)),
      )}
    </ol>`;
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

type Row =
  | { readonly kind: 'day'; readonly key: string; readonly text: string }
  | { readonly kind: 'event'; readonly key: string; readonly event: ShownEvent };

function withDays(events: readonly ShownEvent[]): Row[] {
  const seen = new Map<string, number>();
  let last = '';
  return events.flatMap((event) => {
    const id = `${event.firstAt} ${event.kind} ${event.server ?? ''}`;
    const number = seen.get(id) ?? 0;
    seen.set(id, number + 1);
    const row: Row = { kind: 'event', key: `${id} ${number}`, event };
    const today = day(event.at);
    if (today === last) return [row];
    last = today;
    return [{ kind: 'day', key: `day ${today} ${event.at}`, text: today }, row];
  });
}

function drawDay(text: string): TemplateResult {
  return html`<li class="day"><h2>${text}</h2></li>`;
}

function drawEvent({ at, server, text, tone, count }: ShownEvent): TemplateResult {
  return html`<li class="event">
    <time class="soft" datetime=${new Date(at).toISOString()} title=${utc(at)}>${clock(at, true)}</time>
    <i class="dot ${tone}" aria-hidden="true"></i>
    <span
      >${
        server === null
          ? nothing
          : html`<a href=${writeRoute({ view: 'server', name: server })}
              ><b><bdi>${server}</bdi></b></a
            > `
      }<bdi>${text}</bdi>${count > 1 ? html` <span class="soft small">${count} times</span>` : nothing}</span
    >
  </li>`;
}
