// Alerts: one card for each trouble, what follows from it folded below, and what is silenced.
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { PageStatus } from '../../core/status/page-status.ts';
import type { Trouble } from '../../core/status/troubles.ts';
import type { App, View } from '../common/app.ts';
import { icon, TONES } from '../common/marks.ts';
import { openDialog } from '../common/parts.ts';
import { showLocked } from '../common/session-dialog.ts';
import { loadStyle } from '../common/style.ts';
import { alertTroubles, describeAlerts, type AlertTrouble } from './alert-troubles.ts';
import { writeRoute } from '../model/route.ts';
import type { RuleAlert, RuleFault, Silence } from '../model/wire.ts';
import { clock, lasting, utc } from '../model/words.ts';
import { deliveryWords } from '../model/delivery-words.ts';

/** Ms between two readings of the rules. */
const AGAIN = 15_000;

export function openAlerts(app: App): View {
  loadStyle('views.css');
  let alerts: readonly RuleAlert[] = [];
  let faults: readonly RuleFault[] = [];
  let silences: readonly Silence[] = [];
  let hasRules = false;

  async function read(): Promise<void> {
    if (document.hidden || app.state().gone !== null) return;
    const answer = await app.wire.rules();
    if (answer.ok) {
      ({ alerts, faults } = answer.value);
      hasRules = true;
    }
    if (app.state().hasSession) {
      const known = await app.wire.silences();
      if (known.ok) silences = known.value;
    }
    app.redraw();
  }

  const timer = setInterval(() => void read(), AGAIN);
  void read();

  function draw(): TemplateResult {
    const { status } = app.state();
    if (status === null) return html``;
    const { firing, quiet, pending } = alertTroubles(status, alerts);
    return html`${verdict(status, firing)} ${ruleFaults(faults)}
    ${group('Firing', firing, 'One card for each trouble')}
    ${group('Without an alert yet', quiet, 'Known, and watched')}
    ${group('Pending', pending, 'Told when it lasts')} ${silenced()}
    ${
      hasRules && firing.length + quiet.length + pending.length === 0
        ? html`<p class="card">Nothing is wrong, and all rules are evaluated.</p>`
        : nothing
    }`;
  }

  function verdict({ daemon }: PageStatus, firing: readonly AlertTrouble[]): TemplateResult {
    const needs = firing.filter(({ trouble }) => trouble.group === 'needs_you').length;
    const tone = needs > 0 ? 'red' : firing.length > 0 ? 'amber' : 'green';
    return html`<section class="verdict">
      <div>
        <h1>${icon(tone, 24)} <span>${describeAlerts(firing.length, needs)}</span></h1>
        <p class="soft"><bdi>${deliveryWords(daemon)}</bdi></p>
      </div>
    </section>`;
  }

  function group(
    title: string,
    list: readonly AlertTrouble[],
    hint: string,
  ): TemplateResult | typeof nothing {
    if (list.length === 0) return nothing;
    return html`<section aria-label=${title}>
      <h2 class="stack-title">
        ${title} <span class="soft">${list.length}</span> <span class="soft small">${hint}</span>
      </h2>
      <ul class="stack">
        ${repeat(list, ({ trouble }) => `${trouble.about ?? ''} ${trouble.root}`, drawTrouble)}
      </ul>
    </section>`;
  }

  function drawTrouble({ trouble, alerts: told }: AlertTrouble): TemplateResult {
    const { about, group: turn, root, cure, severity, since } = trouble;
    const { now, gone } = app.state();
    const [first, ...rest] = told;
    return html`<li class="trouble">
      <div class="line">
        ${icon(TONES[turn])}
        <div class="what">
          <p class="root">
            ${
              about === null
                ? html`<b>The watchdog itself</b>`
                : html`<a href=${writeRoute({ view: 'server', name: about })}
                    ><b><bdi>${about}</bdi></b></a
                  >`
            }
            <bdi>${root}</bdi>
          </p>
          <p>
            ${
              cure === null
                ? nothing
                : html`<span class=${turn === 'needs_you' ? 'cure' : 'soft'}><bdi>${cure}</bdi></span>`
            }
            <span class="soft"
              >${cure === null ? '' : '· '}${severity} ·
              <span title=${utc(since)}>${lasting(since, now)}</span></span
            >
          </p>
        </div>
        ${
          first === undefined
            ? nothing
            : html`<button type="button" ?disabled=${gone !== null} @click=${() => silence(trouble)}>
                Silence…
              </button>`
        }
      </div>
      ${
        first === undefined
          ? nothing
          : html`<details>
              <summary>
                <code>${first.name}</code>
                ${
                  rest.length === 0
                    ? nothing
                    : html`<span class="soft"
                        >and ${rest.length} that ${rest.length === 1 ? 'follows' : 'follow'} from it</span
                      >`
                }
              </summary>
              <ul class="rules">
                ${told.map((alert) => drawAlert(alert))}
              </ul>
            </details>`
      }
    </li>`;
  }

  function silence({ about, alerts: told }: Trouble): void {
    if (!app.state().hasSession) return showLocked(app);
    const alert = about === null ? (told[0]?.name ?? null) : null;
    openDialog({
      title: `Silence ${about ?? alert ?? 'the watchdog'}`,
      body: html`<p class="soft">It goes on to be watched, restarted and shown; only nobody is told.</p>
        <label class="field"
          >For
          <select name="hours">
            <option value="1">1 h</option>
            <option value="4">4 h</option>
            <option value="24" selected>1 d</option>
            <option value="168">7 d</option>
          </select></label
        >`,
      act: {
        label: 'Silence',
        run: (form) => void begin({ server: about, alert }, Number(form.get('hours'))),
      },
    });
  }

  async function begin(about: Parameters<App['wire']['silence']>[0], hours: number): Promise<void> {
    const answer = await app.wire.silence(about, hours);
    app.say(answer.ok ? `Silenced for ${hours} h` : answer.fault.message);
    await read();
  }

  async function end(id: string): Promise<void> {
    const answer = await app.wire.endSilence(id);
    app.say(answer.ok ? 'The silence is over' : answer.fault.message);
    await read();
  }

  function silenced(): TemplateResult | typeof nothing {
    if (silences.length === 0) return nothing;
    return html`<section aria-label="Silenced">
      <h2 class="stack-title">Silenced <span class="soft">${silences.length}</span></h2>
      <ul class="stack">
        ${silences.map(
          ({ id, matchers, comment, by, until }) =>
            html`<li class="trouble">
              <div class="line">
                ${icon('grey')}
                <div class="what">
                  <p>
                    <code><bdi>${matchers}</bdi></code>
                  </p>
                  <p class="soft">
                    <bdi>${comment}</bdi> by <bdi>${by}</bdi>, until
                    <span title=${utc(until)}>${clock(until)}</span>
                  </p>
                </div>
                <button type="button" @click=${() => void end(id)}>End</button>
              </div>
            </li>`,
        )}
      </ul>
    </section>`;
  }

  return {
    title: 'Alerts',
    draw,
    onNews: (isBack) => void (isBack && read()),
    close: () => clearInterval(timer),
  };
}

function drawAlert({ name, state, severity, holds, value, since, expression }: RuleAlert): TemplateResult {
  return html`<li>
    <p class="small">
      <code>${name}</code> <span class="tag ${state === 'firing' ? 'red' : 'amber'}">${state}</span>
      <span class="soft"
        >${severity}${holds > 0 ? ` · after ${lasting(0, holds * 1000)}` : ''}${value === '' ? '' : ` · value ${value}`}
        · since <span title=${utc(since)}>${clock(since)}</span> ·
        <a href="/runbooks/${encodeURIComponent(name)}">runbook</a></span
      >
    </p>
    ${
      expression === ''
        ? nothing
        : html`<a class="expression" href=${writeRoute({ view: 'query', expression })} title="Open in Query"
            ><bdi>${expression}</bdi></a
          >`
    }
  </li>`;
}

function ruleFaults(faults: readonly RuleFault[]): TemplateResult | typeof nothing {
  if (faults.length === 0) return nothing;
  return html`<div class="wrong">
    <p><b>${faults.length === 1 ? 'A rule' : `${faults.length} rules`} cannot be evaluated:</b></p>
    ${faults.map(({ name, error }) => html`<p><code>${name}</code> <bdi>${error}</bdi></p>`)}
  </div>`;
}
