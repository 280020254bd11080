// Trace context of a request, as W3C and MCP write it: `traceparent` in `_meta`.
import { metaOf } from './messages.ts';
import type { JsonObject } from '../base/json-rpc.ts';

export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
}

/** Reads the trace that a request belongs to; null for none, and for what is no `traceparent`. */
export function traceOf(request: JsonObject): TraceContext | null {
  const { traceparent } = metaOf(request);
  if (typeof traceparent !== 'string') return null;
  const [, traceId, spanId] = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}$/u.exec(traceparent) ?? [];
  // All zeros is no trace, and version ff is forbidden.
  if (traceId === undefined || spanId === undefined || traceparent.startsWith('ff')) return null;
  return /^0+$/u.test(traceId) || /^0+$/u.test(spanId) ? null : { traceId, spanId };
}
