// Requests of clients as people read them: a table, and one line each while they are followed.
import { latency } from '../../core/base/format.ts';
import { neutralise } from '../../core/base/text.ts';
import type { NumberedCall } from '../../core/gateway/call-summary.ts';
import { localTime } from '../../logs/log-entry.ts';
import { type Cell, fit, paint, type ViewOptions } from '../views/style.ts';
import { type Column, layoutTable } from '../views/table.ts';

/** Columns; a server may name a tool with 10,000 characters. */
const WIDEST_REQUEST = 80;

const COLUMNS: readonly Column<NumberedCall>[] = [
  { title: 'TIME', cell: ({ at }) => ({ text: localTime(at), style: 'dim' }), leaves: 2 },
  { title: 'SERVER', cell: ({ server }) => ({ text: server, style: 'bold' }) },
  { title: 'CLIENT', cell: ({ client }) => ({ text: neutralise(client ?? '') }), leaves: 3, shrinksTo: 12 },
  { title: 'REQUEST', cell: (call) => ({ text: requestText(call) }), widest: WIDEST_REQUEST },
  { title: 'TOOK', cell: ({ took }) => ({ text: latency(took) }), align: 'right' },
  { title: 'OUTCOME', cell: (call) => outcomeCell(call) },
];

export function callTable(
  calls: readonly NumberedCall[],
  { width, colour }: Pick<ViewOptions, 'width' | 'colour'>,
): string[] {
  if (calls.length === 0)
    return ['No client has asked for anything since the watchdog started: see mcp-watchdog connect --help'];
  return layoutTable(calls, COLUMNS, { width, colour });
}

export function callLine(
  call: NumberedCall,
  { width, colour }: Pick<ViewOptions, 'width' | 'colour'>,
): string {
  const { text, style } = outcomeCell(call);
  const client = call.client === null ? '' : ` by ${neutralise(call.client)}`;
  const line = `${localTime(call.at)} ${call.server} ${requestText(call)}${client} ${latency(call.took)} ${text}`;
  return paint(fit(line, width), style === 'green' ? undefined : style, colour);
}

function requestText({ method, tool }: NumberedCall): string {
  return neutralise(tool === null ? method : `${method} ${tool}`);
}

function outcomeCell({ error, waited, isRetry }: NumberedCall): Cell {
  const remarks = [...(waited > 0 ? [`waited ${latency(waited)}`] : []), ...(isRetry ? ['sent twice'] : [])];
  const word = error === '' ? 'ok' : (WORDS[error] ?? `error ${error}`);
  const style = error === '' ? 'green' : error === 'cancelled' ? 'dim' : 'yellow';
  return { text: [word, ...remarks].join(', '), style };
}

const WORDS: Readonly<Record<string, string>> = {
  tool_error: 'the tool failed',
  timeout: 'no answer in time',
  cancelled: 'cancelled',
  server_restarted: 'the server died, may have run',
  server_unavailable: 'the server did not come back',
  busy: 'too much at once',
};
