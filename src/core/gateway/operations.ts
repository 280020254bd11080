// Requests of clients as metrics show them: label values from closed or bounded lists, durations gathered by label set.
import { BOOKKEEPING, READS } from './methods.ts';
import { type TraceContext, traceOf } from './trace-context.ts';
import type { Channel, Exchange, ExchangeError } from './model.ts';

/** Requests that have ended, with the same labels. */
export interface OperationBatch {
  /** JSON-RPC method, or `_other`. */
  readonly method: string;
  /** Name of the tool of a `tools/call`, `_other`, or empty. */
  readonly tool: string;
  /** Empty for success. */
  readonly error: string;
  readonly channel: Channel;
  /** Ms of each request. */
  readonly took: readonly number[];
  /** The last one that belongs to a trace; left out without one. */
  readonly exemplar?: TraceContext & { readonly took: number };
}

/** Stands for whatever is not in a list: no client mints a series. */
const OTHER = '_other';

const METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'server/discover',
  'ping',
  'tools/call',
  'subscriptions/listen',
  ...READS,
  ...BOOKKEEPING,
]);

/** Tools with a label value of their own: the first of the server's list. */
const MAX_TOOLS = 50;
/** Label sets of one server; what would be another is counted with tool and error `_other`. */
const MAX_LABEL_SETS = 200;

const OWN_ERRORS: ReadonlySet<ExchangeError> = new Set([
  '',
  'tool_error',
  'timeout',
  'cancelled',
  'server_restarted',
  'server_unavailable',
  'busy',
  '-32603',
  '-32000',
]);

/** Errors of the request, by OTel's rule none of the server: malformed, unknown method or params, unknown resource. */
const CLIENT_ERRORS: ReadonlySet<string> = new Set(['-32700', '-32600', '-32601', '-32602', '-32002']);

/** Gathers the requests of one server. */
export interface OperationMeter {
  add(exchange: Exchange): void;
  /** Tools of the last list, in its order. */
  setTools(names: readonly string[]): void;
  /** Returns what was added since the last call. */
  take(): readonly OperationBatch[];
}

export function createOperationMeter(): OperationMeter {
  const known = new Set<string>();
  let tools: ReadonlySet<string> = new Set();
  let batches = new Map<string, Mutable>();

  function labelsOf({ method, tool, error, channel }: Exchange): Labels {
    const own = {
      method: METHODS.has(method) ? method : OTHER,
      tool: tool === null ? '' : tools.has(tool) ? tool : OTHER,
      error: errorLabel(error),
      channel,
    };
    const key = keyOf(own);
    if (known.has(key)) return own;
    if (known.size < MAX_LABEL_SETS) {
      known.add(key);
      return own;
    }
    return { ...own, tool: tool === null ? '' : OTHER, error: own.error === '' ? '' : '_OTHER' };
  }

  /** Most requests are like the one before them: their labels need not be made again. */
  let last: (Kind & { readonly batch: Mutable }) | null = null;

  function batchOf(exchange: Exchange): Mutable {
    if (last !== null && isAlike(exchange, last)) return last.batch;
    const labels = labelsOf(exchange);
    const key = keyOf(labels);
    const batch: Mutable = batches.get(key) ?? { ...labels, took: [] };
    batches.set(key, batch);
    const { method, tool, error, channel } = exchange;
    last = { method, tool, error, channel, batch };
    return batch;
  }

  return {
    add(exchange) {
      const batch = batchOf(exchange);
      const { took, request } = exchange;
      batch.took.push(took);
      const trace = traceOf(request);
      if (trace !== null) batch.exemplar = { ...trace, took };
    },
    setTools(names) {
      tools = new Set(names.slice(0, MAX_TOOLS));
      last = null;
    },
    take() {
      const taken = [...batches.values()];
      batches = new Map();
      last = null;
      return taken;
    },
  };
}

/** All of an exchange that its labels depend on. */
type Kind = Pick<Exchange, 'method' | 'tool' | 'error' | 'channel'>;
type Labels = Omit<OperationBatch, 'took' | 'exemplar'>;
type Mutable = Labels & { readonly took: number[]; exemplar?: OperationBatch['exemplar'] & {} };

function isAlike(one: Kind, other: Kind): boolean {
  return (
    one.method === other.method &&
    one.tool === other.tool &&
    one.error === other.error &&
    one.channel === other.channel
  );
}

function keyOf({ method, tool, error, channel }: Labels): string {
  return `${channel} ${method} ${error} ${tool}`;
}

function errorLabel(error: ExchangeError): string {
  if (OWN_ERRORS.has(error)) return error;
  return CLIENT_ERRORS.has(error) ? '' : '_OTHER';
}
