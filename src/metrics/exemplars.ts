// Exemplars: the last request with a trace of each label set, to be shown beside its bucket.
import type { EventOf, WatchdogEvent } from '../core/model/events.ts';
import type { TraceContext } from '../core/gateway/trace-context.ts';
import type { Labels } from './sample.ts';

export interface Exemplar extends TraceContext {
  /** Seconds. */
  readonly value: number;
  /** Ms since the epoch. */
  readonly at: number;
}

export interface Exemplars {
  /** Reads an event; subscribe it to the bus. */
  readonly record: (event: WatchdogEvent) => void;
  /** Of the label set of a bucket, whatever its bound; null without a trace. */
  find(labels: Labels): Exemplar | null;
}

export function createExemplars(): Exemplars {
  const servers = new Map<string, Map<string, Exemplar>>();

  function add({ at, server, operations }: EventOf<'exchanged'>): void {
    for (const { method, tool, error, channel, exemplar } of operations) {
      if (exemplar === undefined) continue;
      const own = servers.get(server) ?? new Map<string, Exemplar>();
      const { took, traceId, spanId } = exemplar;
      own.set([method, tool, error, channel].join('\0'), { value: took / 1000, at, traceId, spanId });
      servers.set(server, own);
    }
  }

  return {
    record(event) {
      if (event.kind === 'exchanged') add(event);
      else if (event.kind === 'server-removed') servers.delete(event.server);
    },
    find(labels) {
      const key = LABELS.map((label) => labels[label]).join('\0');
      return servers.get(labels['server'] ?? '')?.get(key) ?? null;
    },
  };
}

const LABELS = ['mcp_method_name', 'gen_ai_tool_name', 'error_type', 'network_transport'] as const;
