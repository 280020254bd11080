// Probe kind `mcp`: ping and tools/list, the same over every transport and in both protocol eras.
import { RPC_CODES, type JsonObject, type RpcError } from '../core/base/json-rpc.ts';
import { isObject } from '../core/base/guards.ts';
import type { ProbeResult } from '../core/model/observations.ts';
import type { Tool } from '../core/tools/tool-diff.ts';
import { quote } from '../wire/call.ts';
import { withTimeout, type Deadline } from '../wire/deadline.ts';
import type { HandshakeResult } from '../wire/handshake.ts';
import type { McpTransport } from '../wire/mcp-transport.ts';
import { openTransport } from '../wire/open-transport.ts';
import { listTools } from './list-tools.ts';
import {
  resultOfFailure,
  timed,
  type ProbeAttempt,
  type ProbeKind,
  type ProbeSession,
  type UntimedResult,
} from './probe-kind.ts';

export const mcp: ProbeKind<'mcp'> = {
  summary: 'ping (or server/discover) every interval, tools/list every deepEvery-th time',
  open: (target) => sessionOver(openTransport(target)),
};

function sessionOver(transport: McpTransport): ProbeSession {
  return {
    connect: (deadline) => timed(deadline, async () => resultOfHandshake(await transport.connect(deadline))),
    async probe(depth, deadline) {
      const handshake = await ensureConnected(transport, deadline);
      if (handshake !== null) return [{ probe: 'ping', result: handshake }];
      if (depth === 'full') return [await probeFully(transport, deadline)];
      const ping = await probeLiveness(transport, deadline);
      if (!needsConfirming(ping.result)) return [ping];
      // Some servers drop ping silently and serve everything else: without this they are restarted for ever.
      return [ping, await probeList(transport, deadline)];
    },
    tools: (deadline) => toolsOver(transport, deadline),
    close: (deadline) => transport.close(deadline),
  };
}

/** Lists the tools; null when the server does not answer, or before the handshake. */
async function toolsOver(transport: McpTransport, deadline: Deadline): Promise<readonly Tool[] | null> {
  if (transport.peer === null) return null;
  const outcome = await withTimeout(deadline, (signal) => listTools(transport, signal));
  return outcome.ok ? outcome.tools : null;
}

function resultOfHandshake(result: HandshakeResult): UntimedResult {
  switch (result.kind) {
    case 'connected':
      return { outcome: 'passed' };
    case 'refused':
      return { outcome: 'failed', reason: 'protocol', detail: result.detail, quote: result.quote };
    case 'failed':
    case 'inconclusive':
      return resultOfFailure(result);
    default:
      return result satisfies never;
  }
}

/** Does the handshake if need be: null once connected, otherwise its result. A refusal is an answer, so a sign of life. */
async function ensureConnected(transport: McpTransport, deadline: Deadline): Promise<ProbeResult | null> {
  if (transport.peer !== null) return null;
  const result = await timed(deadline, async () => {
    const handshake = await withTimeout(deadline, (signal) => transport.connect({ ...deadline, signal }));
    return handshake.kind === 'refused' ? { outcome: 'passed' } : resultOfHandshake(handshake);
  });
  return transport.peer === null ? result : null;
}

function needsConfirming(result: ProbeResult): boolean {
  return result.outcome === 'failed' && result.reason !== 'refused' && result.reason !== 'unauthorized';
}

async function probeLiveness(transport: McpTransport, deadline: Deadline): Promise<ProbeAttempt> {
  const method = transport.peer?.handshake.era === 'modern' ? 'server/discover' : 'ping';
  const result = await timed(deadline, async () =>
    withTimeout(deadline, async (signal) => {
      const outcome = await transport.call(method, undefined, signal);
      return outcome.kind === 'response' ? { outcome: 'passed' } : resultOfFailure(outcome);
    }),
  );
  return { probe: 'ping', result };
}

/** Probes what lies behind the server; one that offers no lists is only pinged. */
async function probeFully(transport: McpTransport, deadline: Deadline): Promise<ProbeAttempt> {
  return listMethod(transport) === null ? probeLiveness(transport, deadline) : probeList(transport, deadline);
}

async function probeList(transport: McpTransport, deadline: Deadline): Promise<ProbeAttempt> {
  const method = listMethod(transport) ?? 'tools/list';
  const result = await timed(deadline, async () =>
    withTimeout(deadline, (signal) => listPages(transport, method, signal)),
  );
  return { probe: 'list_tools', result };
}

const LISTS = ['tools', 'prompts', 'resources'] as const;

function listMethod({ peer }: McpTransport): string | null {
  const offered = LISTS.find((list) => isObject(peer?.capabilities[list]));
  return offered === undefined ? null : `${offered}/list`;
}

/** A server that always names a next page would hold the probe for ever. */
const MAX_PAGES = 20;

async function listPages(
  transport: McpTransport,
  method: string,
  signal: AbortSignal,
): Promise<UntimedResult> {
  let count = 0;
  let params: JsonObject = {};
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const outcome = await transport.call(method, params, signal);
    if (outcome.kind !== 'response') return resultOfFailure(outcome);
    if (outcome.response.kind === 'error') return resultOfError(outcome.response.error);
    const { tools, nextCursor } = outcome.response.result;
    if (Array.isArray(tools)) count += tools.length;
    if (typeof nextCursor !== 'string')
      return { outcome: 'passed', ...(method === 'tools/list' && { tools: count }) };
    params = { cursor: nextCursor };
  }
  return { outcome: 'passed' };
}

/**
 * Judges an error response. It is an answer: the server lives. The one exception is a bridge that says it lost the
 * server behind it (`Not connected`, `Connection closed` are the SDK's words): nothing but a restart brings that back.
 */
function resultOfError({ code, message }: RpcError): UntimedResult {
  const isInternal = code === RPC_CODES.internalError || code === RPC_CODES.serverError;
  if (!isInternal || !/not connected|connection closed/iu.test(message)) return { outcome: 'passed' };
  return {
    outcome: 'failed',
    reason: 'protocol',
    detail: `The server behind it is gone: ${code} ${quote(message)}`,
    quote: quote(message),
  };
}
