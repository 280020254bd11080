// Listing of all tools of a server with their input schemas, page by page, within bounds.
import type { JsonObject } from '../../core/base/json-rpc.ts';
import { describeCause, withQuotation } from '../../core/base/cause.ts';
import { isObject, messageOf } from '../../core/base/guards.ts';
import { isRefusal } from '../../core/model/vocabulary.ts';
import type { Tool, ToolsOutcome } from '../../core/tools/tool-diff.ts';
import { hintsOf } from '../../core/tools/tool-hints.ts';
import { pause } from '../../system/time/pause.ts';
import { quote, type CallFailure } from '../../wire/call.ts';
import { endOfWait, withTimeout, type Deadline } from '../../wire/deadline.ts';
import type { McpTarget, McpTransport } from '../../wire/mcp-transport.ts';
import { openTransport } from '../../wire/open-transport.ts';

type ToolsFailure = Extract<ToolsOutcome, { ok: false }>;

/** A server that starts is asked again this often, ms. */
const RETRY_DELAY = 200;
/** How long the end of the session may take, ms. */
const CLOSE_TIMEOUT = 500;

/** All pages together: more than that is no list for a person's client either. */
const MAX_PAGES = 100;
const MAX_TOOLS = 10_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** Longest name of a next page, which is sent back to the server, UTF-16 units. */
export const MAX_CURSOR = 64 * 1024;

export function longCursor(method: string): string {
  return `The answer to ${method} names its next page with more than ${MAX_CURSOR} characters`;
}

/**
 * Connects to a server, again and again until it answers, lists its tools and ends the session. `deadline.timeout`
 * bounds all of that together. Never rejects.
 */
export async function connectAndListTools(target: McpTarget, deadline: Deadline): Promise<ToolsOutcome> {
  const transport = openTransport(target);
  let last: ToolsFailure | null = null;
  try {
    return await withTimeout(deadline, async (signal) => {
      const within = { ...deadline, signal };
      for (;;) {
        last = await connect(transport, within, last);
        if (last === null) return listTools(transport, signal);
        if (last.fault === 'unauthorized') return last;
        await pause(deadline.clock, RETRY_DELAY, signal);
        if (signal.aborted) return last;
      }
    });
  } catch (error) {
    return fail('ours', messageOf(error));
  } finally {
    const { signal } = new AbortController();
    await transport.close({ clock: deadline.clock, timeout: CLOSE_TIMEOUT, signal }).catch(() => undefined);
  }
}

/** Returns null once connected. What the server answered last says more than that the time is up. */
async function connect(
  transport: McpTransport,
  deadline: Deadline,
  last: ToolsFailure | null,
): Promise<ToolsFailure | null> {
  const result = await transport.connect(deadline);
  switch (result.kind) {
    case 'connected':
      return null;
    case 'refused':
      return fail('server', withQuotation(result.detail, result.quote));
    case 'failed':
    case 'inconclusive':
      return deadline.signal.aborted && last !== null && result.kind === 'failed' ? last : failOf(result);
    default:
      return result satisfies never;
  }
}

/** Lists all tools of a server after the handshake; none when it declared that it has none to offer. */
export async function listTools(transport: McpTransport, signal: AbortSignal): Promise<ToolsOutcome> {
  if (!isObject(transport.peer?.capabilities['tools'])) return { ok: true, tools: [] };
  const tools: Tool[] = [];
  const cursors = new Set<string>();
  let characters = 0;
  let params: JsonObject = {};
  for (let page = 0; page < MAX_PAGES; page += 1) {
    if (signal.aborted) return failOfWait(signal);
    const outcome = await transport.call('tools/list', params, signal);
    if (outcome.kind !== 'response') return failOf(outcome);
    if (outcome.response.kind === 'error') {
      const { code, message } = outcome.response.error;
      return fail('server', describeCause({ cause: `The answer to tools/list was ${code}`, quote: message }));
    }
    const { result } = outcome.response;
    if (!Array.isArray(result['tools'])) return fail('server', 'The answer to tools/list holds no tools');
    characters += JSON.stringify(result['tools']).length;
    for (const entry of result['tools']) tools.push(...toolOf(entry));
    if (tools.length > MAX_TOOLS) return tooLong(`${MAX_TOOLS} tools`);
    if (characters > MAX_CHARACTERS) return tooLong('16 MiB');
    const { nextCursor } = result;
    // A page that was given already brings nothing new: the list ends here, as the probe says of it.
    if (typeof nextCursor !== 'string') return { ok: true, tools };
    if (nextCursor.length > MAX_CURSOR) return fail('server', longCursor('tools/list'));
    if (cursors.has(nextCursor)) return { ok: true, tools: distinct(tools) };
    cursors.add(nextCursor);
    params = { cursor: nextCursor };
  }
  return tooLong(`${MAX_PAGES} pages (${tools.length} tools so far)`);
}

function tooLong(limit: string): ToolsFailure {
  return fail('server', `Its list of tools is longer than ${limit}`);
}

/** The first of each name. */
function distinct(tools: readonly Tool[]): Tool[] {
  return [...new Map(tools.toReversed().map((tool) => [tool.name, tool])).values()].toReversed();
}

function toolOf(entry: unknown): Tool[] {
  if (!isObject(entry) || typeof entry['name'] !== 'string') return [];
  const { name, description, inputSchema } = entry;
  const hints = hintsOf(entry['annotations']);
  return [
    {
      name,
      inputSchema,
      ...(typeof description === 'string' && { description }),
      ...(hints !== null && { hints }),
    },
  ];
}

function failOf(failure: CallFailure): ToolsFailure {
  if (failure.kind === 'inconclusive') return fail('ours', failure.detail);
  const detail = withQuotation(failure.detail, failure.quote);
  return fail(isRefusal(failure.reason) ? 'unauthorized' : 'server', detail);
}

function failOfWait(signal: AbortSignal): ToolsFailure {
  const end = endOfWait(signal, 'tools/list');
  return fail(end.outcome === 'failed' ? 'server' : 'ours', end.detail);
}

function fail(fault: ToolsFailure['fault'], detail: string): ToolsFailure {
  return { ok: false, fault, detail: quote(detail) };
}
