// Status page at `/`: every server in one table, alerts, versions and links.
import { usedMemory } from '../../core/lifecycle/resource-limits.ts';
import type { DaemonStatus, ServerStatus, Status } from '../../core/model/status.ts';
import {
  availableVersion,
  summarizeHeld,
  describeProgress,
  versionColumn,
  withoutDetail,
} from '../../core/update/update-text.ts';
import { updateFacts } from '../../core/update/update-facts.ts';
import { describeUnsaved, statusSummary, restartsOf } from '../../core/status/health-summary.ts';
import {
  countTroubles,
  headline,
  troublesOf,
  type Trouble,
  type TroubleCounts,
} from '../../core/status/troubles.ts';
import { cpu, size, span, uptime } from '../../core/base/format.ts';
import { describeDelivery } from '../../core/delivery/delivery.ts';
import { renderDocument } from './document.ts';
import { type Content, type Html, html } from './html.ts';
import { healthBadge, type StatusBadge, stateBadge } from './status-badges.ts';

/** Seconds after which the browser reloads the page. */
const REFRESH = 5;

const LINKS = [
  ['/metrics', 'Metrics for Prometheus'],
  ['/api/v1/status', 'Status as JSON'],
  ['/api/v1/alerts', 'Alerts as JSON'],
  ['/api/v1/rules', 'Rules as JSON'],
  ['/runbooks/', 'Runbooks'],
  ['/-/healthy', 'Healthy?'],
  ['/-/ready', 'Ready?'],
] as const;

/** Renders the whole document. @param now milliseconds since the epoch */
export function renderStatusPage(status: Status, now: number): string {
  const { daemon, servers } = status;
  const counts = countTroubles(status, now);
  return renderDocument(
    { title: `${summary(counts, servers.length)} · mcp-watchdog`, refresh: REFRESH },
    html`<h1>mcp-watchdog</h1>
      <p class="summary ${toneOf(counts)}">${summary(counts, servers.length)}</p>
      ${notices(daemon, now)} ${firing(troublesOf(status, now), now)}
      <div class="frame" tabindex="0" role="region" aria-label="Servers">${table(servers, now)}</div>
      ${versions(servers, now)}
      <nav aria-label="More">
        <ul>
          ${LINKS.map(([path, name]) => html`<li><a href="${path}">${name}</a></li>`)}
        </ul>
      </nav>
      ${footer(daemon, now)}`,
  );
}

/** The same counts as the alerts below: who needs a person, who is being taken care of. */
function summary(counts: TroubleCounts, servers: number): string {
  if (servers === 0) return 'No server is configured';
  if (counts.needs_you > 0 || counts.handled > 0) return headline(counts);
  return servers === 1 ? 'The server is healthy' : `All ${servers} servers are healthy`;
}

function toneOf({ needs_you: needsYou, handled }: TroubleCounts): StatusBadge['tone'] {
  return needsYou > 0 ? 'bad' : handled > 0 ? 'busy' : 'good';
}

function notices({ config, braked, unsaved }: DaemonStatus, now: number): Html[] {
  return [
    ...(config.ok
      ? []
      : [
          html`<p class="notice">
            The config was not taken over, the previous one is in use: ${config.error}
          </p>`,
        ]),
    ...(unsaved === undefined ? [] : [html`<p class="notice">${describeUnsaved(unsaved, now)}</p>`]),
    ...(braked
      ? [html`<p class="notice">Many servers fail at once: restarts by probes are held back.</p>`]
      : []),
  ];
}

/** Renders the troubles that alerts tell of, the worst first, one line each; nothing when none fires. */
function firing(troubles: readonly Trouble[], now: number): Html | null {
  const lines = troubles.flatMap(({ alerts: [gravest, ...others], cure, group }) => {
    if (gravest === undefined) return [];
    const { name, severity, since, summary, runbook } = gravest;
    const also = others.map((other) => html`, ${runbookLink(other.name, other.runbook)}`);
    return [
      html`<li>
        <span class="mark ${TONES[severity]}">${severity}</span> ${summary}
        <span class="sub">${runbookLink(name, runbook)}${also}, for ${span(now - since)}</span>
        ${cure === null || group !== 'needs_you' ? null : sub(`What to do: ${cure}`)}
      </li>`,
    ];
  });
  if (lines.length === 0) return null;
  return html`<section aria-label="Alerts">
    <h2>Alerts</h2>
    <ul class="alerts">
      ${lines}
    </ul>
  </section>`;
}

function runbookLink(name: string, runbook: string | undefined): Content {
  return runbook === undefined ? name : html`<a href="${runbook}">${name}</a>`;
}

const TONES = { critical: 'bad', warning: 'busy', info: 'idle' } as const;

const COLUMNS: readonly (readonly [title: string, isNumber: boolean])[] = [
  ['Server', false],
  ['State', false],
  ['Health', false],
  ['Version', false],
  ['PID', true],
  ['Uptime', true],
  ['Memory', true],
  ['CPU', true],
  ['Restarts', true],
  ['Last reason', false],
];

function table(servers: readonly ServerStatus[], now: number): Html {
  if (servers.length === 0) return html`<p class="empty">Add one to the config: it starts at once.</p>`;
  const heads = COLUMNS.map(
    ([title, isNumber]) => html`<th scope="col" class="${isNumber ? 'number' : 'text'}">${title}</th>`,
  );
  return html`<table>
    <thead>
      <tr>
        ${heads}
      </tr>
    </thead>
    <tbody>
      ${servers.map((server) => row(server, now))}
    </tbody>
  </table>`;
}

function row(server: ServerStatus, now: number): Html {
  const { name, pid, startedAt, usage, tools } = server;
  return html`<tr>
    <th scope="row">${name}${sub(server.package ?? server.transport)}</th>
    <td>${mark(stateBadge(server))}${restNote(server)}</td>
    <td>
      ${mark(healthBadge(server))}${tools === null ? null : sub(tools === 1 ? '1 tool' : `${tools} tools`)}
    </td>
    <td>${versionColumn(server) || '–'}${updateNote(server, now)}</td>
    ${number(pid)} ${number(startedAt && uptime(now - startedAt))} ${number(usage && size(usedMemory(usage)))}
    ${number(typeof usage?.cpuCores === 'number' ? cpu(usage.cpuCores) : null)} ${number(restartsOf(server))}
    <td class="reason">${statusSummary(server, now)}</td>
  </tr>`;
}

/** Explains the versions in the column; the details are below the table. */
function updateNote({ update, package: packageId }: ServerStatus, now: number): Html | null {
  const progress = describeProgress(withoutDetail(update), now);
  if (progress !== null) return sub(progress);
  if (availableVersion(update) !== null) return sub('update available');
  const held = update?.outlook?.held[0];
  return held === undefined ? null : sub(`held: ${summarizeHeld(held, packageId ?? '')}`);
}

/** Renders what is known about the updates of each server; nothing when there is none. */
function versions(servers: readonly ServerStatus[], now: number): Html | null {
  const known = servers.flatMap((server) => {
    const facts = updateFacts(server, now).filter(({ label }) => label !== 'asked');
    return facts.length === 0 ? [] : [{ name: server.name, facts }];
  });
  if (known.length === 0) return null;
  const items = known.map(
    ({ name, facts }) => html`<li>${name} ${facts.map(({ label, text }) => sub(`${label}: ${text}`))}</li>`,
  );
  return html`<section aria-label="Versions">
    <h2>Versions</h2>
    <ul class="versions">
      ${items}
    </ul>
  </section>`;
}

/** Says why a server that does not run is all right. */
function restNote({ desired, stoppedBecause }: ServerStatus): Html | null {
  if (desired === 'down') return sub('on request');
  return stoppedBecause === 'completed' ? sub('completed') : null;
}

function number(content: Content): Html {
  return html`<td class="number">${content ?? '–'}</td>`;
}

function mark({ word, tone }: StatusBadge): Html {
  return html`<span class="mark ${tone}">${word}</span>`;
}

function sub(text: string): Html {
  return html`<span class="sub">${text}</span>`;
}

function footer({ version, pid, startedAt, home, delivery }: DaemonStatus, now: number): Html {
  return html`<footer>
    <p>${describeDelivery(delivery)}.</p>
    mcp-watchdog ${version}, process ${pid}, running for ${uptime(now - startedAt)}, home ${home}. This page
    refreshes every ${REFRESH} s.
  </footer>`;
}
