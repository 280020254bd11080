// What a kind of probe is: one file that offers this, and one line in the registry.
import type { Handshake, ProbeResult } from '../core/model/observations.ts';
import type { ProbeName } from '../core/model/vocabulary.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { Tool } from '../core/tools/tool-diff.ts';
import { messageOf } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import type { HttpClient } from '../system/net/http-client.ts';
import type { Connection } from '../wire/connection.ts';
import type { Deadline } from '../wire/deadline.ts';

/** One thing that was tried and what it showed. */
export interface ProbeAttempt {
  readonly probe: ProbeName;
  readonly result: ProbeResult;
}

/** The server as a probe sees it. */
export interface ProbeTarget {
  readonly spec: ServerSpec;
  /** Number of its process; 0 for a server that we do not start. */
  readonly run: number;
  /** Of a stdio server; null otherwise. */
  readonly connection: Connection | null;
  readonly http: HttpClient;
  readonly clock: Clock;
  /** What commands of the user are run with: as small as what the server itself gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Our own version, told to servers. */
  readonly version: string;
  /** Told what a server said about itself, each time contact is made. */
  readonly onHandshake: (handshake: Handshake) => void;
}

/** The probing of one incarnation. */
export interface ProbeSession {
  /** One attempt to make contact while the server starts. `patience.timeout` bounds each request. */
  connect(patience: Deadline): Promise<ProbeResult>;
  /**
   * One look. The last sighting decides; the ones before it are for the record. Never empty.
   * @param depth `deep` also goes through to what lies behind the server
   */
  probe(depth: ProbeDepth, patience: Deadline): Promise<readonly [...ProbeAttempt[], ProbeAttempt]>;
  /** Its whole list of tools, asked now; null when it does not answer. Left out where the kind does not speak MCP. */
  tools?(patience: Deadline): Promise<readonly Tool[] | null>;
  /** Takes leave of the server. Only called while it may still listen. */
  close(patience: Deadline): Promise<void>;
}

export type ProbeDepth = 'shallow' | 'deep';

export interface ProbeKind {
  readonly summary: string;
  open(target: ProbeTarget): ProbeSession;
}

/** Runs `work` and fills in how long it took, ms. Whatever it throws is a fault of ours. */
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

/** What is thrown inside a probe is our own doing, or the machine's: too many open files, no name service, a bug. */
export function faultOf(error: unknown): Extract<ProbeResult, { outcome: 'inconclusive' }> {
  return { outcome: 'inconclusive', detail: `The probe itself failed: ${messageOf(error)}` };
}

/** Passed, or refused us for want of permission: either way somebody answered. */
export function isAlive(result: ProbeResult): result is Exclude<ProbeResult, { outcome: 'inconclusive' }> {
  return result.outcome === 'passed' || (result.outcome === 'failed' && result.reason === 'unauthorized');
}

export type UntimedResult =
  | { readonly outcome: 'passed'; readonly tools?: number }
  | Omit<Extract<ProbeResult, { outcome: 'failed' }>, 'took'>
  | Extract<ProbeResult, { outcome: 'inconclusive' }>;
