// Timeline of one server: the last six hours in states, and what happened.
import { html, nothing, svg, type TemplateResult } from 'lit-html';
import type { ShownEvent } from '../../core/status/shown-event.ts';
import type { PageServer } from '../../core/status/page-status.ts';
import type { App } from '../common/app.ts';
import { heartbeat } from '../common/marks.ts';
import { segments } from '../common/parts.ts';
import { readBeats, rightEdge, SLOT_MINUTES, SLOTS, upShare } from '../model/heartbeat.ts';
import { foldRuns, type EventEntry } from '../model/event-runs.ts';
import { RANGES, type RangeKey } from '../model/curves/ranges.ts';
import { writeRoute } from '../model/route.ts';
import { clock, share, utc } from '../model/words.ts';
import type { Records } from './records.ts';

const SHOWN = 6;
const LEGEND = [
  ['up', 'up'],
  ['slow', 'suspect'],
  ['again', 'restarted'],
  ['down', 'down'],
  ['off', 'off'],
] as const;

export interface TimelineParts {
  readonly records: Records;
  readonly range: RangeKey;
  readonly choose: (range: RangeKey) => void;
}

export function drawTimeline(
  app: App,
  { name, beats }: PageServer,
  { records, range, choose }: TimelineParts,
): TemplateResult {
  const { now } = app.state();
  const up = upShare(readBeats(beats));
  const events = records.events();
  const entries = foldRuns(events ?? []);
  return html`<section class="card panel timeline">
    <header>
      <h2>Last 6 hours</h2>
      <span class="soft small">${up === null ? '' : up === 0 ? 'never up' : `up ${share(up)}`}</span>
      <span class="legend" aria-hidden="true"
        >${LEGEND.map(
          ([key, label]) =>
            html`<span class="key-${key}"
              >${label}${key === 'slow' && beats.includes('a') ? ', unauthorized' : ''}</span
            >`,
        )}</span
      >
      ${segments(
        'Range of the charts',
        RANGES.map(({ key, label }) => ({ key, label })),
        range,
        choose,
      )}
    </header>
    ${heartbeat(beats, rightEdge(now))} ${axis(rightEdge(now))}
    ${
      events === null || events.length === 0
        ? html`<p class="soft small nothing">
            ${events === null ? '' : 'No restart, failure or update is recorded.'}
          </p>`
        : html`<ol class="happened">
            ${entries.slice(0, SHOWN).map(drawEntry)}
          </ol>`
    }
    ${
      entries.length > SHOWN || entries.length < (events?.length ?? 0)
        ? html`<a class="link small" href=${writeRoute({ view: 'events', server: name, kind: 'all' })}
            >All its events</a
          >`
        : nothing
    }
  </section>`;
}

/** Full hours below the bar. @param end ms of its right edge */
function axis(end: number): TemplateResult {
  const length = SLOTS * SLOT_MINUTES * 60_000;
  const first = Math.ceil((end - length) / HOUR) * HOUR;
  const hours = Array.from({ length: 6 }, (_, index) => first + index * HOUR);
  return html`<svg class="axis" aria-hidden="true">
    ${hours.map((at) => {
      const x = (1 - (end - at) / length) * 100;
      // A label at the very edge would be cut.
      return x < 2 || x > 98 ? svg`` : svg`<text x="${x}%" y="11" text-anchor="middle">${clock(at)}</text>`;
    })}
  </svg>`;
}

const HOUR = 3_600_000;

/** A run with its beginning, an event alone. */
function drawEntry(entry: EventEntry): TemplateResult {
  if (entry.kind === 'event') return drawEvent(entry.event);
  const { texts, firstAt } = entry.run;
  return drawEvent({ ...entry.run, text: `${texts.join(', ')}, since ${clock(firstAt)}` });
}

function drawEvent({
  at,
  text,
  tone,
  count,
}: Pick<ShownEvent, 'at' | 'text' | 'tone' | 'count'>): TemplateResult {
  return html`<li>
    <time class="soft" title=${utc(at)}>${clock(at)}</time><i class="dot ${tone}" aria-hidden="true"></i>
    <span
      ><bdi>${text}</bdi>${count > 1 ? html` <span class="soft small">${count} times</span>` : nothing}</span
    >
  </li>`;
}
