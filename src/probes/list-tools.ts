// All tools of a server with what they take, page by page, within bounds.
import type { JsonObject } from '../core/base/json-rpc.ts';
import type { Tool } from '../core/tools/tool-diff.ts';
import { isObject } from '../core/base/guards.ts';
import { quote, type CallFailure } from '../wire/call.ts';
import { endOfWait } from '../wire/deadline.ts';
import type { McpTransport } from '../wire/handshake.ts';

/**
 * `fault`: the server's; ours, when nothing was found out; or nobody's, when it lives but does not know us. `detail` is
 * one line for people.
 */
export type ToolsOutcome =
  | { readonly ok: true; readonly tools: readonly Tool[] }
  | { readonly ok: false; readonly fault: 'server' | 'ours' | 'unauthorized'; readonly detail: string };

export type ToolsFailure = Extract<ToolsOutcome, { ok: false }>;

/** Together: more than that is no list for a person's client either. */
const MAX_PAGES = 100;
const MAX_TOOLS = 10_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** All tools of a server that has introduced itself; none when it says that it has none to offer. */
export async function listTools(transport: McpTransport, signal: AbortSignal): Promise<ToolsOutcome> {
  if (!isObject(transport.peer?.capabilities['tools'])) return { ok: true, tools: [] };
  const tools: Tool[] = [];
  let characters = 0;
  let params: JsonObject = {};
  for (let page = 0; page < MAX_PAGES; page += 1) {
    if (signal.aborted) return endedWait(signal);
    const outcome = await transport.call('tools/list', params, signal);
    if (outcome.kind !== 'answer') return toolsFailureOf(outcome);
    if (outcome.answer.kind === 'error') {
      const { code, message } = outcome.answer.error;
      return toolsFailure('server', `The answer to tools/list was ${code} ${message}`);
    }
    const { result } = outcome.answer;
    if (!Array.isArray(result['tools']))
      return toolsFailure('server', 'The answer to tools/list holds no tools');
    characters += lengthOf(result['tools']);
    tools.push(...result['tools'].flatMap(toolOf));
    if (tools.length > MAX_TOOLS || characters > MAX_CHARACTERS) break;
    if (typeof result['nextCursor'] !== 'string') return { ok: true, tools };
    params = { cursor: result['nextCursor'] };
  }
  return toolsFailure('server', `Its list of tools does not end: ${tools.length} so far`);
}

function toolOf(entry: unknown): Tool[] {
  if (!isObject(entry) || typeof entry['name'] !== 'string') return [];
  return [{ name: entry['name'], inputSchema: entry['inputSchema'] }];
}

function lengthOf(value: unknown): number {
  try {
    return JSON.stringify(value).length;
  } catch {
    // Nested deeper than the stack goes: it has come through as one message, which is bounded.
    return MAX_CHARACTERS / MAX_PAGES;
  }
}

export function toolsFailureOf(failed: CallFailure): ToolsFailure {
  if (failed.kind === 'inconclusive') return toolsFailure('ours', failed.detail);
  return toolsFailure(failed.reason === 'unauthorized' ? 'unauthorized' : 'server', failed.detail);
}

function endedWait(signal: AbortSignal): ToolsFailure {
  const end = endOfWait(signal, 'tools/list');
  return toolsFailure(end.outcome === 'failed' ? 'server' : 'ours', end.detail);
}

export function toolsFailure(fault: ToolsFailure['fault'], detail: string): ToolsFailure {
  return { ok: false, fault, detail: quote(detail) };
}
