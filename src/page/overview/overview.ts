// Overview: the verdict, and every server by whose turn it is.
import { html, noChange, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { size } from '../../core/base/format.ts';
import { causesOf, groupServers, type ServerGroup } from '../model/groups.ts';
import { changedInPlace } from '../model/apply.ts';
import { rightEdge } from '../model/heartbeat.ts';
import type { PageServer, PageStatus } from '../../core/status/page-status.ts';
import { rate, UNKNOWN } from '../model/words.ts';
import type { App, PageState, View } from '../common/app.ts';
import { firstSteps } from './first-steps.ts';
import { wantRow } from './row.ts';
import { createRows, type WantedRow } from './rows.ts';
import { searchField } from '../common/parts.ts';
import { overviewVerdict } from './verdict.ts';

export function openOverview(app: App): View {
  const rows = createRows();
  let filter = '';
  let causes: ReadonlyMap<string, string> = new Map();
  /** What the table was drawn from. */
  let drawn: (Pick<PageState, 'tick' | 'sparks' | 'gone'> & { filter: string; status: PageStatus }) | null =
    null;

  function draw(): TemplateResult {
    const { status } = app.state();
    if (status === null) return html`${nothing}`;
    const isEmpty = status.servers.length === 0;
    if (isEmpty) drawn = null;
    return html`${overviewVerdict(app, status, facts(app, status))}
    ${isEmpty ? firstSteps(app) : table(status)}`;
  }

  /** A status that changes servers in their places touches only their rows: nothing else of the table is looked at. */
  function table(status: PageStatus): TemplateResult | typeof noChange {
    const { tick, sparks, gone } = app.state();
    const before = drawn;
    drawn = { tick, sparks, gone, filter, status };
    const isLike =
      before !== null &&
      before.tick === tick &&
      before.sparks === sparks &&
      before.gone === gone &&
      before.filter === filter;
    const changed = isLike && filter === '' ? changedInPlace(before.status, status) : null;
    if (changed === null) return wholeTable(status);
    rows.update(changed.map(want));
    return noChange;
  }

  function wholeTable(status: PageStatus): TemplateResult {
    const groups = groupServers(status, filter);
    causes = causesOf(status);
    const wanted = new Map(
      groups.flatMap(({ servers }) => servers.map((server) => [server.name, want(server)] as const)),
    );
    rows.update([...wanted.values()]);
    return html`<section class="table" aria-label="Servers">
      <div class="heads">
        ${searchField('Filter servers', filter, (text) => {
          filter = text;
          app.redraw();
        })}
        <span class="left">Last 6 hours</span><span class="wide">Up</span><span class="wide">Memory</span>
        <span class="wide">Probe p95</span><span>Calls/min</span><span>Restarts</span>
        <span class="left">Version</span>
      </div>
      ${
        groups.length === 0
          ? none(filter)
          : repeat(
              groups,
              ({ group }) => group,
              (group) => drawGroup(group, wanted),
            )
      }
    </section>`;
  }

  function want(server: PageServer): WantedRow {
    const state = app.state();
    return wantRow(server, causes.get(server.name) ?? null, { state, edge: rightEdge(state.now) });
  }

  function none(text: string): TemplateResult {
    return html`<p class="empty">
      No server fits <b><bdi>${text}</bdi></b
      >.
      <button type="button" @click=${clear}>Show all</button>
    </p>`;
  }

  function clear(): void {
    filter = '';
    app.redraw();
  }

  function drawGroup(
    { group, title, hint, servers }: ServerGroup,
    wanted: ReadonlyMap<string, WantedRow>,
  ): TemplateResult {
    return html`<section class="group ${group}" aria-labelledby="group-${group}">
      <h2 id="group-${group}"><b>${title}</b> <span>${servers.length}</span> <span>${hint}</span></h2>
      <ul>
        ${repeat(
          servers,
          ({ name }) => name,
          (server) => html`<li class="row" ${rows.place(wanted.get(server.name) ?? want(server))}></li>`,
        )}
      </ul>
    </section>`;
  }

  return { title: '', draw, close: () => rows.close() };
}

interface Fact {
  readonly name: string;
  readonly value: string;
}

function facts(app: App, { servers }: PageStatus): readonly Fact[] {
  const { sparks } = app.state();
  const memory = sum(servers.map(({ usage }) => usage?.residentBytes ?? 0));
  const clients = sum(servers.map((server) => server.clients?.sessions ?? 0));
  const hasCalls = sparks.calls.size > 0;
  return [
    { name: 'healthy', value: String(servers.filter(({ group }) => group === 'healthy').length) },
    { name: 'calls a minute', value: hasCalls ? rate(sum([...sparks.calls.values()])) : UNKNOWN },
    { name: 'clients', value: String(clients) },
    { name: 'memory', value: memory === 0 ? UNKNOWN : size(memory) },
    {
      name: 'restarts in 6 h',
      value: sparks.restarts.size > 0 ? String(Math.round(sum([...sparks.restarts.values()]))) : UNKNOWN,
    },
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
