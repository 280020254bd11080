// Summary of a server's recent tool calls: number, errors and durations of each tool.
import type { ClientLoad } from './model.ts';
import type { ExchangeError } from './model.ts';

/** A request of a client that has ended, as records show it. */
export interface CallRecord {
  /** Ms since the epoch at which it ended. */
  readonly at: number;
  readonly server: string;
  /** Name that the client gives itself; null when it is not known. */
  readonly client: string | null;
  readonly method: string;
  readonly tool: string | null;
  /** Ms from the request to the answer, `waited` of them for the server to come back. */
  readonly took: number;
  readonly waited: number;
  readonly isRetry: boolean;
  /** Empty for success. */
  readonly error: ExchangeError;
}

/** Numbered in the order in which they ended, over all servers. */
export interface NumberedCall extends CallRecord {
  readonly number: number;
}

/** What a process beside the running one is for: it stands by for a death, or belongs to one session. */
export type BesideKind = 'spare' | 'instance';

/** A process of the server beside the one that its state tells of. */
export interface BesideProcess {
  readonly kind: BesideKind;
  readonly pid: number;
  /** Ms since the epoch. */
  readonly startedAt: number;
}

/** Who used a server through the gateway lately, and what for. */
export interface ClientSummary {
  /** Null for a server that clients cannot reach. */
  readonly load: ClientLoad | null;
  /** By the name that they give themselves; null where it is not known. The last one first. */
  readonly clients: readonly {
    readonly client: string | null;
    readonly requests: number;
    readonly lastAt: number;
  }[];
  /** Tools among the last requests. */
  readonly tools: readonly ToolSummary[];
}

/** The same with the processes that the gateway keeps for them. */
export interface ServerClients extends ClientSummary {
  readonly beside: readonly BesideProcess[];
}

export interface ToolSummary {
  readonly tool: string;
  readonly calls: number;
  readonly errors: number;
  /** Ms. */
  readonly p50: number;
  readonly p95: number;
}

/** Returns one entry for each tool that was called, the most called first. */
export function summariseCalls(records: Iterable<CallRecord>): readonly ToolSummary[] {
  const byTool = new Map<string, CallRecord[]>();
  for (const record of records) {
    if (record.tool === null) continue;
    const known = byTool.get(record.tool);
    if (known === undefined) byTool.set(record.tool, [record]);
    else known.push(record);
  }
  return [...byTool]
    .map(([tool, calls]) => {
      const took = calls.map((call) => call.took).toSorted((a, b) => a - b);
      return {
        tool,
        calls: calls.length,
        errors: calls.filter(({ error }) => error !== '' && error !== 'cancelled').length,
        p50: quantile(took, 0.5),
        p95: quantile(took, 0.95),
      };
    })
    .toSorted((a, b) => b.calls - a.calls || a.tool.localeCompare(b.tool));
}

/** Returns one entry for each name that a client gave itself, the one heard last first. */
export function summariseClients(records: Iterable<CallRecord>): ClientSummary['clients'] {
  const byName = new Map<string | null, { readonly requests: number; readonly lastAt: number }>();
  for (const { client, at } of records) {
    const known = byName.get(client) ?? { requests: 0, lastAt: at };
    byName.set(client, { requests: known.requests + 1, lastAt: Math.max(known.lastAt, at) });
  }
  return [...byName].map(([client, seen]) => ({ client, ...seen })).toSorted((a, b) => b.lastAt - a.lastAt);
}

/** The smallest value that a share of `q` of all does not exceed (nearest rank). */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? 0;
}
