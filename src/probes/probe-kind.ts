// Interface of a probe kind: one file that implements it, and one line in the registry.
import type { ProbeResult } from '../core/model/observations.ts';
import {
  isRefusal,
  type ProbeKindName,
  type ProbeName,
  type ServerCondition,
} from '../core/model/vocabulary.ts';
import type { ProbePolicy } from '../core/model/probe-policy.ts';
import type { ToolsOutcome } from '../core/tools/tool-diff.ts';
import { messageOf } from '../core/base/guards.ts';
import type { CallFailure } from '../wire/call.ts';
import type { Deadline } from '../wire/deadline.ts';
import type { ProbeHabits } from './habits.ts';
import type { McpTarget } from '../wire/mcp-transport.ts';

/** One request of a probe round and its result. */
export interface ProbeAttempt {
  readonly probe: ProbeName;
  readonly result: ProbeResult;
}

/** The server as a probe sees it. */
export interface ProbeTarget extends McpTarget {
  /** Environment of commands of the user: as small as what the server itself gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** What is known of the server beyond this process. */
  readonly habits: ProbeHabits;
  /** Tells whether a process of the server is stopped (SIGSTOP), so that it cannot be busy. */
  readonly isStopped: () => Promise<boolean>;
  /** Called when our session is the only one that the server gives, for the life of its process. */
  readonly onSessionTaken: () => void;
  /** Called with a remark on the server, null when it does not hold; the same one may come again. */
  readonly onCondition: (condition: ServerCondition, message: string | null) => void;
}

/** Probing of one server process. */
export interface ProbeSession {
  /**
   * Tries once to connect while the server starts. `deadline.timeout` bounds each request.
   * @param startTime ms that are left of its start: a handshake may take all of them
   */
  connect(deadline: Deadline, startTime?: number): Promise<ProbeResult>;
  /**
   * Runs one probe round. The last attempt decides; the ones before it are for the record. Never empty.
   * @param depth `full` also reaches what lies behind the server
   */
  probe(depth: ProbeDepth, deadline: Deadline): Promise<readonly [...ProbeAttempt[], ProbeAttempt]>;
  /** Lists all its tools now; null before the handshake. Left out where the kind does not speak MCP. */
  tools?(deadline: Deadline): Promise<ToolsOutcome | null>;
  /** Ends the session at the server. Only called while it may still listen. */
  close(deadline: Deadline): Promise<void>;
}

export type ProbeDepth = 'liveness' | 'full';

export interface ProbeKind<Name extends ProbeKindName = ProbeKindName> {
  readonly summary: string;
  open(target: ProbeTarget, policy: ProbePolicy<Name>): ProbeSession;
}

export type ProbeKinds = { readonly [Name in ProbeKindName]: ProbeKind<Name> };

/** Runs `work` and adds how long it took, ms. Whatever it throws is a fault of ours. */
export async function timed(
  { clock }: Deadline,
  work: () => Promise<UntimedResult | ProbeResult>,
): Promise<ProbeResult> {
  const began = clock.monotonic();
  try {
    const result = await work();
    return result.outcome === 'inconclusive' ? result : { ...result, took: clock.monotonic() - began };
  } catch (error) {
    return faultOf(error);
  }
}

/** Turns what a probe threw into a result: it is our own doing, or the machine's (too many open files, no DNS, a bug). */
export function faultOf(error: unknown): Extract<ProbeResult, { outcome: 'inconclusive' }> {
  return { outcome: 'inconclusive', detail: `The probe itself failed: ${messageOf(error)}` };
}

/** Turns a call that failed into a result. */
export function resultOfFailure(failure: CallFailure): UntimedResult {
  return failure.kind === 'inconclusive'
    ? { outcome: 'inconclusive', detail: failure.detail }
    : { outcome: 'failed', reason: failure.reason, detail: failure.detail, quote: failure.quote };
}

/** Tells whether somebody answered: a pass, or a refusal for want of permission. */
export function isAlive(result: ProbeResult): result is Exclude<ProbeResult, { outcome: 'inconclusive' }> {
  return result.outcome === 'passed' || (result.outcome === 'failed' && isRefusal(result.reason));
}

export type UntimedResult =
  | { readonly outcome: 'passed'; readonly tools?: number }
  | Omit<Extract<ProbeResult, { outcome: 'failed' }>, 'took'>
  | Extract<ProbeResult, { outcome: 'inconclusive' }>;
