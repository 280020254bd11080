// Full probe of an MCP server: its list, and what the config expects of its tools.
import { RPC_CODES, type JsonObject, type RpcError } from '../../core/base/json-rpc.ts';
import { isObject } from '../../core/base/guards.ts';
import type { ServerCondition } from '../../core/model/vocabulary.ts';
import type { ExpectPolicy } from '../../core/model/server-spec.ts';
import { quote } from '../../wire/call.ts';
import { withTimeout, type Deadline } from '../../wire/deadline.ts';
import type { McpTransport } from '../../wire/mcp-transport.ts';
import { callCanary, expectsTools, unmetExpectation, type ListedTool } from './expectation.ts';
import { MAX_CURSOR, longCursor } from './list-tools.ts';
import { resultOfFailure, timed, type ProbeAttempt, type UntimedResult } from '../probe-kind.ts';

export interface ListProbeOptions {
  readonly expect: ExpectPolicy;
  /** Called with each remark on the server that this probe can make, null when it does not hold. */
  readonly onCondition: (condition: ServerCondition, message: string | null) => void;
}

/** Lists what the server offers, then makes the call that the config asks for. */
export async function probeList(
  transport: McpTransport,
  options: ListProbeOptions,
  deadline: Deadline,
): Promise<ProbeAttempt> {
  const method = listMethod(transport, options.expect) ?? 'tools/list';
  const result = await timed(deadline, async () => {
    const listed = await withTimeout(deadline, (signal) => list({ transport, method, ...options }, signal));
    const { call } = options.expect;
    if (listed.outcome !== 'passed' || call === null) return listed;
    // The call has a timeout of its own: it does more than a list.
    const failure = await withTimeout(deadline, (signal) => callCanary(transport, call, signal));
    return failure ?? listed;
  });
  return { probe: 'list_tools', result };
}

const LISTS = ['tools', 'prompts', 'resources'] as const;

/** Method of the first list that the server offers; null when it offers none. Tools that are expected are asked for anyway. */
export function listMethod({ peer }: McpTransport, expect: ExpectPolicy): string | null {
  if (expectsTools(expect)) return 'tools/list';
  const offered = LISTS.find((name) => isObject(peer?.capabilities[name]));
  return offered === undefined ? null : `${offered}/list`;
}

/** A server that always names a next page would hold the probe for ever, or what it lists our memory. */
const MAX_PAGES = 20;
const MAX_TOOLS = 10_000;

interface ListRequest extends ListProbeOptions {
  readonly transport: McpTransport;
  readonly method: string;
}

async function list(request: ListRequest, signal: AbortSignal): Promise<UntimedResult> {
  const { transport, method, expect, onCondition } = request;
  const tools: ListedTool[] = [];
  const cursors = new Set<string>();
  let params: JsonObject = {};
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const outcome = await transport.call(method, params, signal);
    if (outcome.kind === 'failed' && outcome.isUnread === true)
      return resultOfUnread(outcome.detail, request);
    if (outcome.kind !== 'response') return resultOfFailure(outcome);
    if (outcome.response.kind === 'error') return resultOfError(outcome.response.error, expect);
    const { tools: more, nextCursor } = outcome.response.result;
    onCondition('odd_list', method === 'tools/list' ? oddList(more) : null);
    if (Array.isArray(more)) for (const tool of more) tools.push(tool);
    const isRepeated = typeof nextCursor === 'string' && cursors.has(nextCursor);
    if (typeof nextCursor !== 'string' || isRepeated) {
      onCondition('cursor_repeats', isRepeated ? repeatedCursor(method, page + 1) : null);
      // Pages that came twice must not count twice.
      return conclude(request, isRepeated ? distinct(tools) : tools);
    }
    if (nextCursor.length > MAX_CURSOR)
      return { outcome: 'failed', reason: 'protocol', detail: longCursor(method) };
    if (tools.length > MAX_TOOLS) break;
    cursors.add(nextCursor);
    params = { cursor: nextCursor };
  }
  // More than is counted: nothing can be said about the tools beyond them.
  return { outcome: 'passed' };
}

/**
 * Judges a list that is longer or deeper than is read: it is an answer, no restart makes it shorter, and clients of the
 * gateway may be given more. Where tools are expected, nobody knows whether they are there.
 */
function resultOfUnread(detail: string, { method, expect, onCondition }: ListRequest): UntimedResult {
  onCondition(
    'odd_list',
    `its ${method} is more than the watchdog reads, so that its tools are not known: ${detail}`,
  );
  return expectsTools(expect) ? { outcome: 'inconclusive', detail } : { outcome: 'passed' };
}

/** Says why the clients' SDKs refuse a page of tools as a whole; null when they take it. */
function oddList(tools: unknown): string | null {
  const cure = 'so that many clients refuse the whole list';
  if (!Array.isArray(tools)) return `its tools/list holds no array \`tools\`, ${cure}`;
  const at = tools.findIndex((tool) => !isTool(tool));
  if (at === -1) return null;
  const odd = JSON.stringify(tools[at]);
  return quote(
    `its tools/list has an entry without a name or an inputSchema of type object, ${cure}: entry ${at + 1}, ${odd}`,
  );
}

function isTool(tool: unknown): boolean {
  if (!isObject(tool) || typeof tool['name'] !== 'string') return false;
  const { inputSchema } = tool;
  return isObject(inputSchema) && inputSchema['type'] === 'object';
}

/** The first of each name. */
function distinct(tools: readonly ListedTool[]): ListedTool[] {
  const names = new Set<unknown>();
  return tools.filter((tool) => {
    const name = isObject(tool) ? tool['name'] : undefined;
    const isNew = !names.has(name);
    names.add(name);
    return isNew;
  });
}

function repeatedCursor(method: string, pages: number): string {
  return `its ${method} names a page again that it gave already (after ${pages} pages), so that a client may list without end: leave nextCursor out on the last page`;
}

function conclude({ method, expect }: ListRequest, tools: readonly ListedTool[]): UntimedResult {
  if (method !== 'tools/list') return { outcome: 'passed' };
  const unmet = unmetExpectation(expect, tools);
  if (unmet !== null) return { outcome: 'failed', reason: 'protocol', detail: quote(unmet) };
  return { outcome: 'passed', tools: tools.length };
}

/**
 * Judges an error response. It is an answer: the server lives. The one exception is a bridge that says it lost the
 * server behind it (`Not connected`, `Connection closed` are the SDK's words): nothing but a restart brings that back.
 */
function resultOfError({ code, message }: RpcError, expect: ExpectPolicy): UntimedResult {
  // Whoever expects tools is not served by an error in their place.
  if (expectsTools(expect)) {
    const words = quote(message);
    const detail = quote(`The answer to tools/list was ${code} ${words}`);
    return { outcome: 'failed', reason: 'protocol', detail, quote: words };
  }
  const isInternal = code === RPC_CODES.internalError || code === RPC_CODES.serverError;
  if (!isInternal || !/not connected|connection closed/iu.test(message)) return { outcome: 'passed' };
  return {
    outcome: 'failed',
    reason: 'protocol',
    detail: `The server behind it is gone: ${code} ${quote(message)}`,
    quote: quote(message),
  };
}
