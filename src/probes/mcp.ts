// Does an MCP server answer, and does what lies behind it? The looks are the same over every transport and in both eras.
import { RPC_CODES, type JsonObject, type RpcError } from '../core/base/json-rpc.ts';
import type { ProbeResult } from '../core/model/observations.ts';
import type { Tool } from '../core/tools/tool-diff.ts';
import { isObject } from '../core/base/guards.ts';
import type { CallFailure } from '../wire/call.ts';
import { withTimeout, type Deadline } from '../wire/deadline.ts';
import {
  timed,
  type ProbeKind,
  type ProbeSession,
  type ProbeAttempt,
  type ProbeTarget,
  type UntimedResult,
} from './probe-kind.ts';
import { listTools } from './list-tools.ts';
import { openHttp } from '../wire/mcp-http.ts';
import { openSse } from '../wire/mcp-sse.ts';
import { openStdio } from '../wire/mcp-stdio.ts';
import type { HandshakeResult, McpTransport } from '../wire/handshake.ts';

export const mcp: ProbeKind = {
  summary: 'ping (or server/discover) every interval, tools/list every deepEvery-th time',
  open: (target) => sessionOver(transportOf(target)),
};

export function transportOf(target: ProbeTarget): McpTransport {
  const { spec } = target;
  switch (spec.transport) {
    case 'stdio':
      return openStdio(target);
    case 'http':
      return openHttp(target);
    case 'sse':
      return openSse(target);
    default:
      return spec.transport satisfies never;
  }
}

function sessionOver(transport: McpTransport): ProbeSession {
  return {
    connect: (patience) => timed(patience, async () => resultOfGreeting(await transport.connect(patience))),
    async probe(depth, patience) {
      const hello = await makeContact(transport, patience);
      if (hello !== null) return [{ probe: 'ping', result: hello }];
      if (depth === 'deep') return [await lookDeep(transport, patience)];
      const ping = await lookShallow(transport, patience);
      if (!needsConfirming(ping.result)) return [ping];
      // Some servers drop ping silently and serve everything else: without this they are restarted for ever.
      return [ping, await listSomething(transport, patience)];
    },
    tools: (patience) => toolsOver(transport, patience),
    close: (patience) => transport.close(patience),
  };
}

/** Null when the server does not answer, or has not introduced itself. */
async function toolsOver(transport: McpTransport, patience: Deadline): Promise<readonly Tool[] | null> {
  if (transport.peer === null) return null;
  const outcome = await withTimeout(patience, (signal) => listTools(transport, signal));
  return outcome.ok ? outcome.tools : null;
}

function resultOfGreeting(greeting: HandshakeResult): UntimedResult {
  switch (greeting.kind) {
    case 'greeted':
      return { outcome: 'passed' };
    case 'refused':
      return { outcome: 'failed', reason: 'protocol', detail: greeting.detail };
    case 'failed':
    case 'inconclusive':
      return resultOfFailure(greeting);
    default:
      return greeting satisfies never;
  }
}

/** Null once contact is made; until then, what the attempt showed. A refusal is an answer, so a sign of life. */
async function makeContact(transport: McpTransport, patience: Deadline): Promise<ProbeResult | null> {
  if (transport.peer !== null) return null;
  const result = await timed(patience, async () => {
    const greeting = await withTimeout(patience, (signal) => transport.connect({ ...patience, signal }));
    return greeting.kind === 'refused' ? { outcome: 'passed' } : resultOfGreeting(greeting);
  });
  return transport.peer === null ? result : null;
}

function needsConfirming(result: ProbeResult): boolean {
  return result.outcome === 'failed' && result.reason !== 'refused' && result.reason !== 'unauthorized';
}

async function lookShallow(transport: McpTransport, patience: Deadline): Promise<ProbeAttempt> {
  const method = transport.peer?.handshake.era === 'modern' ? 'server/discover' : 'ping';
  const result = await timed(patience, async () =>
    withTimeout(patience, async (signal) => {
      const outcome = await transport.call(method, undefined, signal);
      return outcome.kind === 'answer' ? { outcome: 'passed' } : resultOfFailure(outcome);
    }),
  );
  return { probe: 'ping', result };
}

/** A server that offers no lists is only pinged. */
async function lookDeep(transport: McpTransport, patience: Deadline): Promise<ProbeAttempt> {
  return listMethod(transport) === null
    ? lookShallow(transport, patience)
    : listSomething(transport, patience);
}

async function listSomething(transport: McpTransport, patience: Deadline): Promise<ProbeAttempt> {
  const method = listMethod(transport) ?? 'tools/list';
  const result = await timed(patience, async () =>
    withTimeout(patience, (signal) => listAll(transport, method, signal)),
  );
  return { probe: 'list_tools', result };
}

const LISTS = ['tools', 'prompts', 'resources'] as const;

function listMethod({ peer: contact }: McpTransport): string | null {
  const offered = LISTS.find((list) => isObject(contact?.capabilities[list]));
  return offered === undefined ? null : `${offered}/list`;
}

/** A server that always names a next page would hold the probe for ever. */
const MAX_PAGES = 20;

async function listAll(transport: McpTransport, method: string, signal: AbortSignal): Promise<UntimedResult> {
  let count = 0;
  let params: JsonObject = {};
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const outcome = await transport.call(method, params, signal);
    if (outcome.kind !== 'answer') return resultOfFailure(outcome);
    if (outcome.answer.kind === 'error') return resultOfError(outcome.answer.error);
    const { tools, nextCursor } = outcome.answer.result;
    if (Array.isArray(tools)) count += tools.length;
    if (typeof nextCursor !== 'string')
      return { outcome: 'passed', ...(method === 'tools/list' && { tools: count }) };
    params = { cursor: nextCursor };
  }
  return { outcome: 'passed' };
}

/**
 * An error is an answer: the server lives. The one exception is a bridge that says it lost the server behind it
 * (`Not connected`, `Connection closed` are the SDK's words): nothing but a restart brings that back.
 */
function resultOfError({ code, message }: RpcError): UntimedResult {
  const isInternal = code === RPC_CODES.internalError || code === RPC_CODES.serverError;
  if (!isInternal || !/not connected|connection closed/iu.test(message)) return { outcome: 'passed' };
  return {
    outcome: 'failed',
    reason: 'protocol',
    detail: `The server behind it is gone: ${code} ${message}`,
  };
}

function resultOfFailure(failure: CallFailure): UntimedResult {
  return failure.kind === 'inconclusive'
    ? { outcome: 'inconclusive', detail: failure.detail }
    : { outcome: 'failed', reason: failure.reason, detail: failure.detail };
}
