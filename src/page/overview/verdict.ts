// Verdict on top of the overview: the same count as the alerts, and what concerns the watchdog itself.
import { html, nothing, type TemplateResult } from 'lit-html';
import { countNeeds, headlineOf } from '../model/groups.ts';
import type { PageStatus } from '../../core/status/page-status.ts';
import { clock } from '../model/words.ts';
import type { App } from '../common/app.ts';
import { icon, type Tone } from '../common/marks.ts';

/** @param facts numbers beside it */
export function overviewVerdict(
  app: App,
  status: PageStatus,
  facts: readonly { readonly name: string; readonly value: string }[],
): TemplateResult {
  const { gone } = app.state();
  const isEmpty = status.servers.length === 0;
  const title = isEmpty ? 'No server is configured yet' : headlineOf(status, gone !== null);
  return html`<section class="verdict" aria-label="Verdict">
    <div>
      <h1>
        ${icon(gone === null ? toneOf(status) : 'grey', 24)}
        <span
          >${gone === null ? nothing : html`<span class="soft">At ${clock(gone.since, true)}:</span> `}${title}</span
        >
      </h1>
      ${also(status, gone !== null)}
    </div>
    ${
      isEmpty
        ? nothing
        : html`<dl class="facts">
            ${facts.map(
              ({ name, value }) =>
                html`<div>
                  <dt>${name}</dt>
                  <dd>${value}</dd>
                </div>`,
            )}
          </dl>`
    }
  </section>`;
}

function toneOf(status: PageStatus): Tone {
  const needs = countNeeds(status);
  if (needs.servers + needs.own > 0) return 'red';
  if (status.servers.some(({ group }) => group === 'handled')) return 'amber';
  return status.servers.some(({ group }) => group === 'healthy') ? 'green' : 'grey';
}

function also(status: PageStatus, isPast: boolean): TemplateResult {
  const handled = status.servers.filter(({ group }) => group === 'handled').length;
  const needs = countNeeds(status);
  const own = status.troubles.filter(({ about }) => about === null);
  const said =
    needs.servers > 0 && handled > 0
      ? `The watchdog ${isPast ? 'handled' : 'handles'} ${handled} more. `
      : '';
  return html`<p class="soft">
    ${said}${
      own.length === 0
        ? status.servers.length === 0
          ? 'The watchdog runs, and waits for its first server.'
          : nothing
        : html`Of the watchdog itself:
          ${own.map(
            ({ root }, index) =>
              html`${index > 0 ? '; ' : ''}<a class="link" href="#/alerts"><bdi>${root}</bdi></a>`,
          )}`
    }
  </p>`;
}
