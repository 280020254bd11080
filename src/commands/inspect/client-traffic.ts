// Clients of one server and the tools that they call, as `status NAME` shows them.
import { ago, latency, uptime } from '../../core/base/format.ts';
import { neutralise } from '../../core/base/text.ts';
import type {
  BesideKind,
  BesideProcess,
  ServerClients,
  ToolSummary,
} from '../../core/gateway/call-summary.ts';
import { fit, pad, paint, type ViewOptions } from '../views/style.ts';
import { type Column, layoutTable } from '../views/table.ts';

/** Width of the labels in the details above. */
const LABEL = 16;
const MAX_CLIENTS = 5;
const MAX_TOOLS = 10;
const MAX_PROCESSES = 5;

const COLUMNS: readonly Column<ToolSummary>[] = [
  { title: 'TOOL', cell: ({ tool }) => ({ text: neutralise(tool) }), shrinksTo: 16 },
  { title: 'CALLS', cell: ({ calls }) => ({ text: String(calls) }), align: 'right' },
  {
    title: 'ERRORS',
    cell: ({ errors }) =>
      errors === 0 ? { text: '0', style: 'dim' } : { text: String(errors), style: 'yellow' },
    align: 'right',
  },
  { title: 'P50', cell: ({ p50 }) => ({ text: latency(p50) }), align: 'right', leaves: 1 },
  { title: 'P95', cell: ({ p95 }) => ({ text: latency(p95) }), align: 'right' },
];

export function clientTraffic(
  { load, clients, tools, beside }: ServerClients,
  options: ViewOptions,
): string[] {
  const processes = besideFacts(beside, options);
  if (load === null || clients.length === 0) return facts(processes, options);
  const { width, colour, now } = options;
  const { sessions, inFlight, queued } = load;
  const named = clients.slice(0, MAX_CLIENTS).map(({ client, lastAt }) => {
    const name = client === null ? 'unnamed' : neutralise(client);
    return `${name} (${ago(lastAt, now)})`;
  });
  const rest = clients.length - named.length;
  const who = rest > 0 ? [...named, `${rest} more`] : named;
  const told: readonly Fact[] = [
    ['clients', who.join(', ')],
    ['sessions', `${sessions}, ${inFlight} requests under way, ${queued} waiting`],
    ...processes,
  ];
  const table = layoutTable(tools.slice(0, MAX_TOOLS), COLUMNS, { width, colour });
  return [...facts(told, options), ...(tools.length === 0 ? [] : ['', ...table])];
}

type Fact = readonly [label: string, text: string];

function facts(told: readonly Fact[], { width, colour }: ViewOptions): string[] {
  return told.map(
    ([label, text]) => paint(pad(label, LABEL), 'dim', colour) + fit(text, Math.max(0, width - LABEL)),
  );
}

const LABELS = { spare: 'spare', instance: 'own processes' } as const satisfies Record<BesideKind, string>;

/** Processes beside the running one: the spare, and those that belong to one session each. */
function besideFacts(beside: readonly BesideProcess[], { now }: ViewOptions): Fact[] {
  return (['spare', 'instance'] as const).flatMap((kind): Fact[] => {
    const processes = beside.filter((process) => process.kind === kind);
    if (processes.length === 0) return [];
    const shown = processes
      .slice(0, MAX_PROCESSES)
      .map(({ pid, startedAt }) => `pid ${pid}, up ${uptime(Math.max(0, now - startedAt))}`);
    const rest = processes.length - shown.length;
    const text = [...shown, ...(rest > 0 ? [`${rest} more`] : [])].join('; ');
    return [[LABELS[kind], kind === 'spare' ? text : `${processes.length}: ${text}`]];
  });
}
