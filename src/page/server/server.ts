// One server: its state and what it did, its curves, tools, clients, versions and log, and what can be done with it.
import { html, nothing, type TemplateResult } from 'lit-html';
import type { PageServer, PageStatus } from '../../core/status/page-status.ts';
import type { App, View } from '../common/app.ts';
import { icon } from '../common/marks.ts';
import { loadStyle } from '../common/style.ts';
import { RANGES, secondsOf, type RangeKey } from '../model/curves/ranges.ts';
import { writeRoute } from '../model/route.ts';
import { createActions } from './actions.ts';
import { createCurves } from './curves.ts';
import { drawFailure } from './failure.ts';
import { drawFacts, drawHead } from './head.ts';
import { createLogPanel } from './log-panel.ts';
import { createRecords } from './records.ts';
import { drawClients, drawConnect, drawTools, drawVersions } from './side.ts';
import { drawTimeline } from './timeline.ts';

/** Ms between two readings of what does not come with the stream; over hours of curves half as often. */
const AGAIN = 15_000;
const SLOW = 2 * AGAIN;
const HOURS = 3600;

export function openServer(app: App, name: string): View {
  loadStyle('views.css');
  let range: RangeKey = '3';
  let client = 0;
  const records = createRecords(app, name);
  const curves = createCurves(app, name, () => secondsOf(range));
  const log = createLogPanel(app, name);
  const actions = createActions(app);
  const find = (): PageServer | undefined =>
    app.state().status?.servers.find((server) => server.name === name);

  function read(): void {
    const server = find();
    if (document.hidden || app.state().gone !== null || server === undefined) return;
    void readAll(server);
  }

  /** Curves show the restarts, so these come first. */
  async function readAll(server: PageServer): Promise<void> {
    await records.read();
    await curves.read(server, records.marks());
  }

  let readAt = Date.now();
  const timer = setInterval(() => {
    const isSoon = secondsOf(range) > HOURS && Date.now() - readAt < SLOW - AGAIN / 2;
    if (isSoon) return;
    readAt = Date.now();
    read();
  }, AGAIN);
  read();
  log.start();

  function choose(key: RangeKey): void {
    range = key;
    read();
    app.redraw();
  }

  function draw(): TemplateResult {
    const { status } = app.state();
    const server = find();
    if (status === null) return html``;
    return server === undefined ? missing(name) : whole(status, server);
  }

  function whole(status: PageStatus, server: PageServer): TemplateResult {
    const hasProcess = server.source !== 'url';
    return html`${drawHead(app, status, { server, actions })} ${drawFailure(app, status, server)}
      ${drawFacts(server, app.state().now)} ${drawTimeline(app, server, { records, range, choose })}
      <div class="charts">${curves.draw(server)}</div>
      <div class="two">
        <div class="column">
          ${hasProcess ? log.draw() : nothing}
          ${drawTools(server, records.tools(), status.daemon.gateway?.url ?? null)}
        </div>
        <div class="column">
          ${drawVersions(server, app.state().now)} ${drawClients(server, records.clients(), app.state().now)}
          ${drawConnect(app, server, {
            gateway: status.daemon.gateway?.url ?? null,
            chosen: client,
            choose(index) {
              client = index;
              app.redraw();
            },
          })}
        </div>
      </div>`;
  }

  function onKey(key: string): boolean {
    const server = find();
    if (server === undefined) return false;
    const chosen = RANGES.find((one) => one.key === key);
    if (chosen !== undefined) return (choose(chosen.key), true);
    if (key === 'l') return log.focus();
    if (key === 'j' || key === 'k') return neighbour(key === 'j' ? 1 : -1);
    return actions.byKey(key, server);
  }

  function neighbour(direction: 1 | -1): boolean {
    const names = app.state().status?.servers.map((server) => server.name) ?? [];
    const next = names[names.indexOf(name) + direction];
    if (next !== undefined) app.go({ view: 'server', name: next });
    return true;
  }

  return {
    title: name,
    draw,
    onKey,
    onNews(isBack) {
      if (!isBack) return;
      records.forget();
      curves.forget();
      read();
      log.start();
    },
    onEvent(event) {
      if (event.server === name) records.add(event);
    },
    close() {
      clearInterval(timer);
      log.close();
      curves.close();
    },
  };
}

function missing(name: string): TemplateResult {
  return html`<section class="verdict">
      <div>
        <h1>
          ${icon('grey', 24)} <span>There is no server <bdi>${name}</bdi></span>
        </h1>
        <p class="soft">It was removed from the config, or the address has a mistake.</p>
      </div>
    </section>
    <p><a class="link" href=${writeRoute({ view: 'overview' })}>All servers</a></p>`;
}
