// Row of one server in the overview: state, heartbeat, cause and cure, numbers.
import { guard } from 'lit-html/directives/guard.js';
import { html, nothing, type TemplateResult } from 'lit-html';
import { size, span } from '../../core/base/format.ts';
import { readBeats, upShare } from '../model/heartbeat.ts';
import { lastOf } from '../model/curves/sparks.ts';
import type { PageServer } from '../../core/status/page-status.ts';
import { lasting, rate, seconds, share, shortName, UNKNOWN } from '../model/words.ts';
import { stateWords, wordsSince } from '../../core/status/state-words.ts';
import { updateBadge } from '../model/update-badge.ts';
import { writeRoute } from '../model/route.ts';
import type { PageState } from '../common/app.ts';
import { heartbeat, icon, sparkline, TONES } from '../common/marks.ts';
import type { WantedRow } from './rows.ts';

/** Restarts in six hours from which the number is shown loud. */
const MANY_RESTARTS = 5;

type Curve = readonly (number | null)[] | undefined;

/** @param cause what is wrong, if anything @param edge right edge of its heartbeat, ms since the epoch */
export function wantRow(
  server: PageServer,
  cause: string | null,
  { state, edge }: { readonly state: PageState; readonly edge: number },
): WantedRow {
  const { now, sparks } = state;
  const { name } = server;
  const next = server.nextAttemptAt === null ? '' : span(server.nextAttemptAt - now);
  const curves = [sparks.memory.get(name), sparks.probe.get(name)] as const;
  const counts = [sparks.calls.get(name), sparks.restarts.get(name)];
  return {
    name,
    from: [server, cause, ...curves, ...counts, lasting(wordsSince(server), now), next, edge],
    draw: () => row(server, cause, { state, curves, edge }),
  };
}

interface Drawn {
  readonly state: PageState;
  readonly curves: readonly [memory: Curve, probe: Curve];
  readonly edge: number;
}

function row(server: PageServer, cause: string | null, { state, curves, edge }: Drawn): TemplateResult {
  const { name, group, beats } = server;
  const isCalm = group === 'healthy' || group === 'off';
  const up = upShare(readBeats(beats));
  return html`<div class="cells">
      <div class="who">
        ${icon(TONES[group])}
        <a href=${writeRoute({ view: 'server', name })} title=${name}
          ><bdi>${shortName(name, isCalm ? 17 : 30)}</bdi></a
        >
        ${isCalm ? stateText(server, state.now) : nothing}
      </div>
      <div class="pulse">${guard([beats, edge], () => heartbeat(beats, edge))}</div>
      <div class="cell wide share soft small">${upWords(up)}</div>
      ${numbers(server, { state, curves, edge })} ${version(server, state.now)}
    </div>
    ${isCalm ? nothing : why(server, cause, state.now)}`;
}

/** What of the last six hours it was up; `new` before anything is known. */
function upWords(up: number | null): string {
  if (up === null) return 'new';
  return up === 0 ? 'never up' : share(up);
}

function stateText(server: PageServer, now: number): TemplateResult {
  return html`<span class="state">${stateWords(server)} ${lasting(wordsSince(server), now)}</span>`;
}

function why(server: PageServer, cause: string | null, now: number): TemplateResult {
  const { group, cure, nextAttemptAt } = server;
  const next =
    nextAttemptAt === null
      ? ''
      : nextAttemptAt - now < 1000
        ? 'tries now'
        : `tries again in ${span(nextAttemptAt - now)}`;
  return html`<div class="why">
    <span
      ><b class=${TONES[group]}>${stateWords(server)}</b>
      <span class="soft">${lasting(wordsSince(server), now)}</span></span
    >
    ${cause === null ? nothing : html`<span><bdi>${cause}</bdi></span>`}
    ${
      cure === null
        ? nothing
        : html`<span class=${group === 'needs_you' ? 'cure' : 'soft'}><bdi>${cure}</bdi></span>`
    }
    ${next === '' ? nothing : html`<span class="soft">${next}</span>`}
  </div>`;
}

function numbers(
  server: PageServer,
  { state: { sparks }, curves: [memories, probes] }: Drawn,
): TemplateResult {
  const { name, usage } = server;
  const probe = lastOf(probes);
  const calls = sparks.calls.get(name) ?? null;
  const restarts = sparks.restarts.get(name);
  const restarted = restarts === undefined ? null : Math.round(restarts);
  return html`${cell('', usage === null ? null : size(usage.residentBytes), {
    kind: 'wide',
    curve: memories,
  })}
  ${cell('p95', probe === null ? null : seconds(probe), { kind: 'wide', curve: probes })}
  ${cell('calls/min', calls === null ? null : rate(calls), {})}
  ${cell(restarted === 1 ? 'restart' : 'restarts', restarted === null ? null : String(restarted), {
    kind: (restarted ?? 0) >= MANY_RESTARTS ? 'many' : '',
  })}`;
}

function cell(
  label: string,
  text: string | null,
  { kind = '', curve }: { kind?: string; curve?: Curve },
): TemplateResult {
  return html`<div class="cell ${kind} ${text === null || text === '0' ? 'none' : ''}">
    ${curve === undefined ? nothing : guard([curve], () => sparkline(curve))}<span>${text ?? UNKNOWN}</span
    ><span class="label">${label}</span>
  </div>`;
}

function version(server: PageServer, now: number): TemplateResult {
  const badge = updateBadge(server, now);
  return html`<div class="version ${server.version === null && badge === null ? 'none' : ''}">
    <bdi title=${server.version ?? ''}>${server.version ?? UNKNOWN}</bdi>
    ${
      badge === null
        ? nothing
        : html`<span class="badge ${badge.isNews ? 'news' : ''}" title=${badge.title}
            ><bdi>${badge.text}</bdi></span
          >`
    }
  </div>`;
}
