// Expectations on the tools of a server (`expect` in the config): names, number, and one call.
import { isObject } from '../../core/base/guards.ts';
import type { JsonObject, RpcResponse } from '../../core/base/json-rpc.ts';
import type { ExpectPolicy } from '../../core/model/server-spec.ts';
import { quote } from '../../wire/call.ts';
import type { McpTransport } from '../../wire/mcp-transport.ts';
import { resultOfFailure, type UntimedResult } from '../probe-kind.ts';

/** Entry of `tools/list` as it came. */
export type ListedTool = unknown;

type CanaryCall = NonNullable<ExpectPolicy['call']>;

/** Tells whether the config expects any tools at all. */
export function expectsTools({ tools, call }: ExpectPolicy): boolean {
  return tools !== null || call !== null;
}

/** Says in one line what is missing among `tools`; null when nothing is. */
export function unmetExpectation(
  { tools: wanted, call }: ExpectPolicy,
  tools: readonly ListedTool[],
): string | null {
  const names = new Set(tools.flatMap(nameOf));
  if (wanted !== null && 'min' in wanted) {
    if (tools.length < wanted.min)
      return `It lists ${count(tools.length)}, and expect.tools wants at least ${wanted.min}`;
  } else {
    const missing = (wanted ?? []).filter((name) => !names.has(name));
    if (missing.length > 0)
      return `It does not list ${missing.join(', ')}, which expect.tools names: it has ${count(tools.length)}`;
  }
  if (call === null) return null;
  if (!names.has(call.tool)) return `It does not list ${call.tool}, which expect.call is to call`;
  // A probe must not change anything: what the config says does not weigh more than what the tool says of itself.
  return isWriting(tools, call.tool)
    ? `Its tool ${call.tool} says that it is not read-only, so expect.call does not call it: name another tool`
    : null;
}

function count(tools: number): string {
  return tools === 1 ? '1 tool' : `${tools} tools`;
}

function nameOf(tool: unknown): string[] {
  return isObject(tool) && typeof tool['name'] === 'string' ? [tool['name']] : [];
}

function isWriting(tools: readonly ListedTool[], name: string): boolean {
  return tools.some((tool) => {
    if (!isObject(tool) || tool['name'] !== name || !isObject(tool['annotations'])) return false;
    return tool['annotations']['readOnlyHint'] === false;
  });
}

/** Makes the call; null when it succeeds, its failure otherwise. */
export async function callCanary(
  transport: McpTransport,
  { tool, arguments: args }: CanaryCall,
  signal: AbortSignal,
): Promise<UntimedResult | null> {
  const outcome = await transport.call('tools/call', { name: tool, arguments: args }, signal);
  if (outcome.kind !== 'response') return resultOfFailure(outcome);
  const said = errorOf(outcome.response);
  if (said === null) return null;
  const words = quote(said);
  const detail = `The call of ${tool} ended with an error: ${words}`;
  return { outcome: 'failed', reason: 'protocol', detail: quote(detail), quote: words };
}

/** What the server said of a call that failed; null for one that did not. */
function errorOf(response: RpcResponse): string | null {
  if (response.kind === 'error') return `${response.error.code} ${response.error.message}`;
  const { isError, content } = response.result;
  if (isError !== true) return null;
  const texts = (Array.isArray(content) ? content : []).flatMap((part: JsonObject) =>
    isObject(part) && typeof part['text'] === 'string' ? [part['text']] : [],
  );
  return texts[0] ?? 'without a word';
}
