// Probe kind `mcp`: ping and tools/list, the same over every transport and in both protocol eras.
import type { ProbeResult } from '../core/model/observations.ts';
import type { ToolsOutcome } from '../core/tools/tool-diff.ts';
import { isRefusal } from '../core/model/vocabulary.ts';
import { withTimeout, type Deadline } from '../wire/deadline.ts';
import type { HandshakeResult } from '../wire/handshake.ts';
import type { McpTransport } from '../wire/mcp-transport.ts';
import { openTransport } from '../wire/open-transport.ts';
import { excusingBusy } from './busy.ts';
import { listMethod, probeList, type ListProbeOptions } from './tools/list-probe.ts';
import { listTools } from './tools/list-tools.ts';
import { noteRefusal, sparing } from './sparing-session.ts';
import {
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
  open(target) {
    const transport = openTransport(target);
    const options: SessionOptions = {
      list: { expect: target.spec.expect, onCondition: target.onCondition },
      onRefusal: (detail) => noteRefusal(target, detail),
      isStopped: target.isStopped,
    };
    return excusingBusy(sparing(sessionOver(transport, options), transport, target), target);
  },
};

/** How long a later handshake may take at least, ms: some servers need seconds for what they answer a ping in no time. */
const HANDSHAKE_TIMEOUT = 10_000;

interface SessionOptions {
  readonly list: ListProbeOptions;
  /** Called when the server answered a handshake with a refusal. */
  readonly onRefusal: (detail: string) => void;
  /** As in `ProbeTarget`. */
  readonly isStopped: () => Promise<boolean>;
}

function sessionOver(transport: McpTransport, { list, onRefusal, isStopped }: SessionOptions): ProbeSession {
  return {
    connect: (deadline, startTime = 0) => {
      const timeout = Math.max(deadline.timeout, startTime);
      return timed(deadline, async () =>
        resultOfHandshake(await transport.connect({ ...deadline, timeout })),
      );
    },
    async probe(depth, deadline) {
      const handshake = await ensureConnected(transport, deadline, onRefusal);
      if (handshake !== null) return [{ probe: 'ping', result: handshake }];
      const attempts = await probeOnce({ transport, list, depth, isStopped }, deadline);
      const renewal = await renewIfLost(transport, deadline);
      if (renewal === 'keep') return attempts;
      if (renewal === 'renewed') return probeOnce({ transport, list, depth, isStopped }, deadline);
      // An answer that passed says more than that nothing could be found out.
      const isEnough = renewal.outcome === 'inconclusive' && attempts.at(-1)?.result.outcome === 'passed';
      return isEnough ? attempts : [{ ...attempts[0], result: renewal }];
    },
    tools: (deadline) => toolsOver(transport, deadline),
    close: (deadline) => transport.close(deadline),
  };
}

type Attempts = readonly [...ProbeAttempt[], ProbeAttempt];

interface ProbeRequest {
  readonly transport: McpTransport;
  readonly list: ListProbeOptions;
  readonly depth: ProbeDepth;
  readonly isStopped: SessionOptions['isStopped'];
}

async function probeOnce(request: ProbeRequest, deadline: Deadline): Promise<Attempts> {
  const { transport, list, depth, isStopped } = request;
  if (depth === 'full') return [await probeFully(request, deadline)];
  const ping = await probeLiveness(transport, deadline);
  // What is stopped serves nothing else either.
  if (!needsConfirming(ping.result) || (await isStopped())) return [ping];
  // Some servers drop ping silently and serve everything else: without this they are restarted for ever.
  return [ping, await probeList(transport, list, deadline)];
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

/** Lists the tools; null before the handshake. */
async function toolsOver(transport: McpTransport, deadline: Deadline): Promise<ToolsOutcome | null> {
  if (transport.peer === null) return null;
  const list = () => withTimeout(deadline, (signal) => listTools(transport, signal));
  const outcome = await list();
  if (outcome.ok) return outcome;
  const renewal = await transport.renew(patient(deadline));
  return renewal.kind === 'connected' ? list() : outcome;
}

function resultOfHandshake(result: HandshakeResult): UntimedResult {
  switch (result.kind) {
    case 'connected':
      return { outcome: 'passed' };
    case 'refused':
      return {
        outcome: 'failed',
        reason: 'protocol',
        detail: result.detail,
        quote: result.quote,
        ...(result.response.kind === 'error' && { isRefused: true }),
      };
    case 'failed':
    case 'inconclusive':
      return resultOfFailure(result);
    default:
      return result satisfies never;
  }
}

/** Does the handshake if need be: null once connected, otherwise its result. A refusal is an answer, so a sign of life. */
async function ensureConnected(
  transport: McpTransport,
  deadline: Deadline,
  onRefusal: SessionOptions['onRefusal'],
): Promise<ProbeResult | null> {
  if (transport.peer !== null) return null;
  const result = await timed(deadline, async () => {
    const within = patient(deadline);
    const handshake = await withTimeout(within, (signal) => transport.connect({ ...within, signal }));
    if (handshake.kind !== 'refused') return resultOfHandshake(handshake);
    onRefusal(handshake.detail);
    return { outcome: 'passed' };
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
async function probeFully({ transport, list }: ProbeRequest, deadline: Deadline): Promise<ProbeAttempt> {
  return listMethod(transport, list.expect) === null
    ? probeLiveness(transport, deadline)
    : probeList(transport, list, deadline);
}
