// Probe kind `mcp`: ping and tools/list, the same over every transport and in both protocol eras.
import { RPC_CODES, type JsonObject, type RpcError } from '../core/base/json-rpc.ts';
import { isObject } from '../core/base/guards.ts';
import type { ProbeResult } from '../core/model/observations.ts';
import { isRefusal } from '../core/model/vocabulary.ts';
import type { Tool } from '../core/tools/tool-diff.ts';
import { quote } from '../wire/call.ts';
import { withTimeout, type Deadline } from '../wire/deadline.ts';
import type { HandshakeResult } from '../wire/handshake.ts';
import type { McpTransport } from '../wire/mcp-transport.ts';
import { openTransport } from '../wire/open-transport.ts';
import { listTools } from './list-tools.ts';
import {
  isAlive,
  resultOfFailure,
  timed,
  type ProbeAttempt,
  type ProbeDepth,
  type ProbeKind,
  type ProbeSession,
  type UntimedResult,
} from './probe-kind.ts';

export const mcp: ProbeKind<'mcp'> = {
  summary: 'ping (or server/discover) every interval, tools/list every deepEvery-th time',
  open: (target) => sessionOver(openTransport(target)),
};

/** How long a later handshake may take at least, ms: some servers need seconds for what they answer a ping in no time. */
const HANDSHAKE_TIMEOUT = 10_000;

function sessionOver(transport: McpTransport): ProbeSession {
  return {
    connect: (deadline, startTime = 0) => {
      const timeout = Math.max(deadline.timeout, startTime);
      return timed(deadline, async () =>
        resultOfHandshake(await transport.connect({ ...deadline, timeout })),
      );
    },
    async probe(depth, deadline) {
      const handshake = await ensureConnected(transport, deadline);
      if (handshake !== null) return [{ probe: 'ping', result: handshake }];
      const attempts = await probeOnce(transport, depth, deadline);
      const renewal = await renewIfLost(transport, deadline);
      if (renewal === 'keep') return attempts;
      if (renewal === 'renewed') return probeOnce(transport, depth, deadline);
      const [first] = attempts;
      return isAlive(attempts.at(-1)?.result ?? renewal) ? attempts : [{ ...first, result: renewal }];
    },
    tools: (deadline) => toolsOver(transport, deadline),
    close: (deadline) => transport.close(deadline),
  };
}

type Attempts = readonly [...ProbeAttempt[], ProbeAttempt];

async function probeOnce(transport: McpTransport, depth: ProbeDepth, deadline: Deadline): Promise<Attempts> {
  if (depth === 'full') return [await probeFully(transport, deadline)];
  const ping = await probeLiveness(transport, deadline);
  if (!needsConfirming(ping.result)) return [ping];
  // Some servers drop ping silently and serve everything else: without this they are restarted for ever.
  return [ping, await probeList(transport, deadline)];
}

/**
 * Renews a session that the server may have forgotten: that is our loss and not the server's fault, so a fresh handshake
 * decides. `keep`: the attempts stand as they are.
 */
async function renewIfLost(
  transport: McpTransport,
  deadline: Deadline,
): Promise<'keep' | 'renewed' | ProbeResult> {
  let verdict: 'keep' | 'renewed' | null = null;
  const result = await timed(deadline, async () => {
    const renewal = await transport.renew(patient(deadline));
    if (renewal.kind === 'too-soon') return { outcome: 'inconclusive', detail: FORGETFUL };
    if (renewal.kind === 'keep') verdict = 'keep';
    else if (renewal.kind === 'connected') verdict = 'renewed';
    else if (renewal.kind !== 'refused') return resultOfHandshake(renewal);
    return { outcome: 'passed' };
  });
  return verdict ?? result;
}

const FORGETFUL = 'The server forgets our sessions; the next one is opened within 15 s';

/** Gives a handshake the time that it may need. */
function patient(deadline: Deadline): Deadline {
  return { ...deadline, timeout: Math.max(deadline.timeout, HANDSHAKE_TIMEOUT) };
}

/** Lists the tools; null when the server does not answer, or before the handshake. */
async function toolsOver(transport: McpTransport, deadline: Deadline): Promise<readonly Tool[] | null> {
  if (transport.peer === null) return null;
  const list = () => withTimeout(deadline, (signal) => listTools(transport, signal));
  const outcome = await list();
  if (outcome.ok) return outcome.tools;
  const renewal = await transport.renew(patient(deadline));
  const again = renewal.kind === 'connected' ? await list() : outcome;
  return again.ok ? again.tools : null;
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
    const within = patient(deadline);
    const handshake = await withTimeout(within, (signal) => transport.connect({ ...within, signal }));
    return handshake.kind === 'refused' ? { outcome: 'passed' } : resultOfHandshake(handshake);
  });
  return transport.peer === null ? result : null;
}

function needsConfirming(result: ProbeResult): boolean {
  return result.outcome === 'failed' && result.reason !== 'refused' && !isRefusal(result.reason);
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
