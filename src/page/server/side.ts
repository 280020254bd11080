// Panels of one server: its tools, versions and clients, and how a client is connected.
import { html, nothing, type TemplateResult } from 'lit-html';
import { ago, latency, span } from '../../core/base/format.ts';
import { describeHints } from '../../core/tools/tool-hints.ts';
import type { ClientSummary } from '../../core/gateway/call-summary.ts';
import type { UpdateStatus } from '../../core/model/update.ts';
import type { PageServer } from '../../core/status/page-status.ts';
import type { App } from '../common/app.ts';
import { command, segments } from '../common/parts.ts';
import { snippetsFor } from './snippets.ts';
import type { ToolList, ToolRow } from '../model/wire.ts';
import { plural, share, UNKNOWN } from '../model/words.ts';

export function drawTools(server: PageServer, list: ToolList | null, gateway: string | null): TemplateResult {
  const tools = list?.tools ?? [];
  const most = Math.max(1, ...tools.map(({ calls }) => calls ?? 0));
  return html`<section class="card panel">
    <header>
      <h2>Tools</h2>
      <span class="soft">${list === null ? '' : tools.length}</span>
      <span class="soft small end">${toolsHint(server, list, gateway)}</span>
    </header>
    ${
      tools.length === 0
        ? html`<p class="blank soft">${list === null ? 'Loading…' : 'None is known'}</p>`
        : html`<div class="scroll" tabindex="0" role="region" aria-label="Tools">
            <table>
              <thead>
                <tr>
                  <th scope="col">Tool</th>
                  <th scope="col" class="number">Calls</th>
                  <th scope="col" class="number">Errors</th>
                  <th scope="col" class="number p50">p50</th>
                  <th scope="col" class="number">p95</th>
                </tr>
              </thead>
              <tbody>
                ${tools.map((tool) => drawTool(tool, most, server.changedTools))}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

function toolsHint(server: PageServer, list: ToolList | null, gateway: string | null): string {
  if (gateway === null) return 'calls are counted once clients come through the gateway';
  if (list?.source === 'calls') return 'those that clients called lately; it does not list them now';
  const isCalled = list?.tools.some(({ calls }) => (calls ?? 0) > 0) ?? false;
  return server.clients === null && !isCalled
    ? 'no client has come through the gateway yet'
    : 'calls through the gateway, lately';
}

function drawTool(
  { name, calls, errors, p50, p95, hints = {}, access = null }: ToolRow,
  most: number,
  changed: readonly string[],
): TemplateResult {
  const part = calls === null || errors === null || calls === 0 ? null : errors / calls;
  return html`<tr>
    <td>
      <code><bdi>${name}</bdi></code
      >${changed.includes(name) ? html` <span class="tag amber">changed</span>` : nothing}
      ${
        access !== null && access.deniedBy !== null
          ? html`<span class="tag amber" title="denied by ${access.deniedBy}">denied</span>`
          : nothing
      }
      ${describeHints(hints).map((hint) => html` <span class="tag" title="the server says so">${hint}</span>`)}
    </td>
    <td class="number">
      <svg class="meter" viewBox="0 0 60 6" aria-hidden="true">
        <rect x=${60 - (60 * (calls ?? 0)) / most} width=${(60 * (calls ?? 0)) / most} height="6"></rect>
      </svg>
      ${calls ?? UNKNOWN}
    </td>
    <td class="number ${(errors ?? 0) > 0 && (part ?? 0) >= 0.05 ? 'red' : ''}">
      ${errors ?? UNKNOWN}${part !== null && part > 0 ? ` · ${share(part)}` : ''}
    </td>
    <td class="number p50">${p50 === null ? UNKNOWN : latency(p50)}</td>
    <td class="number">${p95 === null ? UNKNOWN : latency(p95)}</td>
  </tr>`;
}

const STEPS = [
  ['installing', 'install'],
  ['canary', 'canary'],
  ['waiting', 'wait'],
  ['switching', 'switch'],
  ['probation', 'probation'],
] as const;

/** Nothing for what is not a package. */
export function drawVersions(
  { update, version, pid }: PageServer,
  now: number,
): TemplateResult | typeof nothing {
  if (update === null) return nothing;
  const { checkedAt, outlook, memory, progress } = update;
  const candidate = outlook?.candidate ?? null;
  const lines = [
    ...(version === null
      ? []
      : [[pid === null ? 'installed' : 'runs', version, pid === null ? '' : 'green'] as const]),
    ...(candidate === null || candidate === version ? [] : [['can be installed', candidate, ''] as const]),
    ...(outlook?.held.slice(0, 3) ?? []).map((held) => [`held: ${held.detail}`, held.version, ''] as const),
    ...(memory.previous === null ? [] : [['before; kept for a rollback', memory.previous, ''] as const]),
    ...(memory.pinned === null ? [] : [['pinned by you', memory.pinned, ''] as const]),
    ...memory.bad
      .slice(0, 3)
      .map(({ version: bad, reason, at }) => [`failed here ${ago(at, now)}: ${reason}`, bad, 'red'] as const),
  ];
  return html`<section class="card panel">
    <header>
      <h2>Version</h2>
      <span class="soft small end"
        >${checkedAt === null ? 'not asked yet' : `asked ${ago(checkedAt, now)}`}</span
      >
    </header>
    ${steps(progress, now)}
    <dl class="versions">
      ${lines.map(
        ([what, which, tone]) =>
          html`<div>
            <dt class=${tone}>
              <code><bdi>${which}</bdi></code>
            </dt>
            <dd class="soft"><bdi>${what}</bdi></dd>
          </div>`,
      )}
    </dl>
    ${
      memory.last === null
        ? nothing
        : html`<p class="soft small">
            Last:
            <bdi>${memory.last.from} → ${memory.last.to}</bdi> ${memory.last.result.replaceAll('_', ' ')}
            ${ago(memory.last.at, now)}${memory.last.reason === null ? '' : html`: <bdi>${memory.last.reason}</bdi>`}
          </p>`
    }
    ${outlook?.error === null || outlook === null ? nothing : html`<p class="small amber"><bdi>${outlook.error}</bdi></p>`}
  </section>`;
}

/** How far an update is; a rollback has one step only. */
function steps(progress: UpdateStatus['progress'], now: number): TemplateResult | typeof nothing {
  if (progress === null) return nothing;
  const { phase, until, detail, from, to } = progress;
  const here = STEPS.findIndex(([key]) => key === phase);
  const left = until === null ? '' : `, ${span(until - now)} left`;
  const list =
    here < 0
      ? html`<li class="here">${phase.replaceAll('_', ' ')}${left}</li>`
      : STEPS.map(
          ([, label], index) =>
            html`<li
              class=${index < here ? 'past' : index === here ? 'here' : ''}
              aria-current=${index === here ? 'step' : nothing}
            >
              ${label}${index === here ? left : ''}
            </li>`,
        );
  return html`<p class="small"><bdi>${from} → ${to}</bdi></p>
    <ol class="phases">
      ${list}
    </ol>
    ${detail === null ? nothing : html`<p class="soft small"><bdi>${detail}</bdi></p>`}`;
}

export function drawClients(server: PageServer, summary: ClientSummary | null, now: number): TemplateResult {
  const load = server.clients;
  return html`<section class="card panel">
    <header>
      <h2>Clients</h2>
      <span class="soft">${load?.sessions ?? ''}</span>
      <span class="soft small end"
        >${load === null ? '' : `${load.inFlight} in flight, ${load.queued} queued`}</span
      >
    </header>
    ${
      summary === null || summary.clients.length === 0
        ? html`<p class="soft">
            ${summary === null ? 'Loading…' : 'None has used it through the gateway lately.'}
          </p>`
        : html`<ul class="clients">
            ${summary.clients.map(
              ({ client, requests, lastAt }) =>
                html`<li>
                  <b><bdi>${client ?? 'without a name'}</bdi></b>
                  <span class="soft small">${plural(requests, 'request')}, last ${ago(lastAt, now)}</span>
                </li>`,
            )}
          </ul>`
    }
  </section>`;
}

export interface ConnectParts {
  readonly gateway: string | null;
  readonly chosen: number;
  readonly choose: (index: number) => void;
}

export function drawConnect(
  app: App,
  { name }: PageServer,
  { gateway, chosen, choose }: ConnectParts,
): TemplateResult {
  const snippets = snippetsFor(name, gateway);
  const shown = snippets[chosen] ?? snippets[0];
  return html`<section class="card panel">
    <header><h2>Connect</h2></header>
    ${segments(
      'Client',
      snippets.map(({ client }, index) => ({ key: String(index), label: client })),
      String(chosen),
      (key) => choose(Number(key)),
    )}
    ${
      shown === undefined
        ? nothing
        : html`<p class="soft small">
              ${shown.file === null ? 'Run in a terminal:' : html`In ${shown.file}:`}
            </p>
            ${command(shown.text, app.say)}`
    }
  </section>`;
}
