// Table of a server's calls: requests of clients that wait for the server, or for its answer.
import { isId, metaOf, nameOf, subjectOf } from '../messages.ts';
import type { ClientEvent, ExchangeError, GatewayAction, RequestId } from '../model.ts';
import { TransientMap } from '../transient-map.ts';
import type { Call, Session } from './entries.ts';
import { META } from '../translate.ts';

type Said = Extract<ClientEvent, { kind: 'said' }>;

export function newCall(
  { port, era, channel, message, text, at }: Said,
  session: Session | null,
  { id, method }: { readonly id: RequestId; readonly method: string },
): Call {
  const meta = metaOf(message);
  const token = meta['progressToken'];
  return {
    port,
    session,
    era,
    channel,
    id,
    method,
    message,
    text,
    subject: subjectOf(message),
    client: nameOf(meta[META.client]),
    token: isId(token) ? token : null,
    since: at,
    key: null,
    queuedAt: at,
    sentAt: at,
    waited: 0,
    heardAt: at,
    isRetry: false,
    abandonedAt: null,
  };
}

/** Describes a call that has ended; `response` is what its client got. */
export function observationOf(
  call: Call,
  at: number,
  error: ExchangeError,
  response: string | null,
): Extract<GatewayAction, { kind: 'observe' }> {
  return {
    kind: 'observe',
    at,
    session: call.session?.id ?? null,
    client: call.session?.client ?? call.client,
    channel: call.channel,
    era: call.era,
    method: call.method,
    tool: call.method === 'tools/call' ? call.subject : null,
    took: at - call.since,
    waited: call.waited,
    isRetry: call.isRetry,
    error: call.abandonedAt === null ? error : 'cancelled',
    request: call.message,
    response,
  };
}

/** Calls that the server has, by our ids. */
type SentCalls = Pick<TransientMap<string, Call>, 'get' | 'size' | 'values' | typeof Symbol.iterator>;

export class CallTable {
  readonly #sent = new TransientMap<string, Call>();
  readonly #byPort = new TransientMap<number, Call>();
  #queue = new Set<Call>();

  get sent(): SentCalls {
    return this.#sent;
  }

  get queue(): ReadonlySet<Call> {
    return this.#queue;
  }

  get size(): number {
    return this.#sent.size + this.#queue.size;
  }

  /** When the oldest call that was sent and not answered was sent; null for none. */
  get oldestSentAt(): number | null {
    let oldest: number | null = null;
    for (const { sentAt } of this.#sent.values()) if (oldest === null || sentAt < oldest) oldest = sentAt;
    return oldest;
  }

  atPort(port: number): Call | undefined {
    return this.#byPort.get(port);
  }

  enqueue(call: Call, at: number): void {
    call.queuedAt = at;
    this.#register(call);
    this.#queue.add(call);
  }

  send(call: Call, key: string, at: number): void {
    if (this.#queue.delete(call)) call.waited += at - call.queuedAt;
    call.key = key;
    call.sentAt = at;
    call.heardAt = at;
    this.#register(call);
    this.#sent.set(key, call);
  }

  /** Takes all calls that were sent off the table of those, and returns them; each has to be queued or removed. */
  takeSent(): readonly Call[] {
    const calls = [...this.#sent.values()];
    this.#sent.clear();
    for (const call of calls) call.key = null;
    return calls;
  }

  /** Queues a call again that never reached the server. */
  unsend(call: Call, at: number): void {
    if (call.key !== null) this.#sent.delete(call.key);
    call.key = null;
    this.enqueue(call, at);
  }

  /** Queues calls again, ahead of those that have never been sent. */
  requeue(calls: readonly Call[], at: number): void {
    for (const call of calls) {
      call.isRetry = true;
      call.queuedAt = at;
    }
    this.#queue = new Set([...calls, ...this.#queue]);
  }

  remove(call: Call, at: number): void {
    if (this.#queue.delete(call)) call.waited += at - call.queuedAt;
    if (call.key !== null) this.#sent.delete(call.key);
    if (this.#byPort.get(call.port) === call) this.#byPort.delete(call.port);
    if (call.session?.calls.get(call.id) === call) call.session.calls.delete(call.id);
  }

  #register(call: Call): void {
    this.#byPort.set(call.port, call);
    call.session?.calls.set(call.id, call);
  }
}
