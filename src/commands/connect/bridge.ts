// Bridge from a client's lines to the gateway: sends each message in order, hands on every answer, and lives through a restart of the daemon.
import { isObject, parseJson } from '../../core/base/guards.ts';
import { RPC_CODES } from '../../core/base/json-rpc.ts';
import type { Clock } from '../../system/time/clock.ts';
import { pause } from '../../system/time/pause.ts';
import type { ExchangeOutcome, ExchangeRequest } from './gateway-client.ts';
import {
  errorAnswer,
  isAnswer,
  isRepeatable,
  modernHeaders,
  readMessage,
  type ClientMessage,
  type RequestId,
} from './message.ts';
import { createSession, hasLostProcess, type Session } from './session.ts';

export interface BridgeOptions {
  readonly server: string;
  readonly clock: Clock;
  /** One exchange with whoever serves now. */
  readonly exchange: (request: ExchangeRequest) => Promise<ExchangeOutcome>;
  /** Resolves to true once somebody serves again, to false when nobody came back in time. */
  readonly reconnect: () => Promise<boolean>;
  /** Sends one line to the client; a promise when it does not read, which resolves once it does. */
  readonly say: (line: string) => Promise<void> | undefined;
  /** Tells a person, on standard error. */
  readonly tell: (text: string) => void;
  /** The gateway has not come back: nothing more can be done. */
  readonly onGone: () => void;
  /** The process that the session had to itself has ended: as with any server over stdio, that is the end. */
  readonly onOver: () => void;
}

export interface Bridge {
  /** Takes one line of the client; resolves once the next one may follow it. */
  take(line: string): Promise<void>;
  /** Waits for what is under way, at most `grace` ms, then cancels it and ends the session. */
  end(grace: number): Promise<void>;
}

/** A request without an answer. */
interface Pending {
  readonly message: ClientMessage;
  readonly controller: AbortController;
  readonly sentAt: number;
  isCancelled: boolean;
}

/** Ms by which a cancellation stays behind its request: they travel on two connections, and must not overtake each other. */
const CANCEL_LAG = 20;
/** Ms that the end of a session may take, while the client waits for ours; on a busy machine it takes its time, and a session that is not ended stays. */
const FAREWELL = 1500;

export function createBridge(options: BridgeOptions): Bridge {
  const { clock, tell } = options;
  const pending = new Map<RequestId, Pending>();
  const path = `/${encodeURIComponent(options.server)}/mcp`;
  const session = createSession({ ...options, path, say: sayLine });
  let queue: Promise<void> = Promise.resolve();
  let onIdle = (): void => {};
  let hasEnded = false;

  function sayLine(text: string): Promise<void> | undefined {
    // A line is a message: one that was written over several lines is written anew.
    return options.say(text.includes('\n') ? JSON.stringify(parseJson(text)) : text);
  }

  function refuse(id: RequestId, message: string, data: Readonly<Record<string, unknown>>): void {
    void sayLine(errorAnswer(id, { code: RPC_CODES.serverError, message, data }));
  }

  /** Resolves when the next message may follow: it must not overtake this one. */
  function dispatch(message: ClientMessage): Promise<void> {
    if (message.method === 'notifications/cancelled') return cancel(message);
    if (message.id === null) return notify(message);
    const { id, method } = message;
    const entry = {
      message,
      controller: new AbortController(),
      sentAt: clock.monotonic(),
      isCancelled: false,
    };
    pending.set(id, entry);
    return new Promise((resolve) => {
      const onSent = method === 'initialize' ? () => {} : resolve;
      void answer(id, entry, onSent).finally(() => {
        if (pending.get(id) === entry) pending.delete(id);
        resolve();
        if (pending.size === 0) onIdle();
      });
    });
  }

  async function notify(message: ClientMessage): Promise<void> {
    await post(message, {});
  }

  async function answer(id: RequestId, entry: Pending, onSent: () => void): Promise<void> {
    const { message, controller } = entry;
    let isAnswered = false;
    const onMessage = (text: string): Promise<void> | undefined => {
      isAnswered ||= isAnswer(text);
      if (message.method === 'initialize' && isAnswered) session.greeted(message, text);
      return entry.isCancelled && isAnswered ? undefined : sayLine(text);
    };
    const outcome = await post(message, { signal: controller.signal, onSent, onMessage });
    if (isAnswered || entry.isCancelled || hasEnded) return;
    if (outcome.kind === 'answered' && outcome.refusal !== '') return void sayLine(refusalLine(id, outcome));
    if (outcome.kind === 'answered' && outcome.status >= 400)
      return refuse(id, `The watchdog answered with HTTP ${outcome.status}`, { reason: 'refused' });
    const isLost = outcome.kind !== 'unreached';
    refuse(id, isLost ? LOST : GONE, { reason: 'daemon_restarted', mayHaveRun: isLost });
  }

  /** Sends a message until it has arrived somewhere: it waits for a daemon, and a lost session is opened again. */
  async function post(
    message: ClientMessage,
    more: Pick<ExchangeRequest, 'signal' | 'onSent' | 'onMessage'>,
  ): Promise<ExchangeOutcome> {
    let repeats = isRepeatable(message) || message.id === null ? 1 : 0;
    for (;;) {
      await session.settled();
      const used = session.id;
      const outcome = await options.exchange({
        method: 'POST',
        path,
        headers: { ...POSTED, ...headersOf(message, session) },
        body: message.text,
        ...more,
      });
      if (hasEnded || more.signal?.aborted === true) return outcome;
      if (outcome.kind === 'broken' && repeats > 0) {
        repeats -= 1;
      } else if (outcome.kind === 'answered') {
        if (message.method === 'initialize' && outcome.session !== null) session.id = outcome.session;
        if (used !== null && hasLostProcess(outcome)) {
          options.onOver();
          return outcome;
        }
        const isForgotten = used !== null && isUnknownSession(outcome) && message.version === null;
        if (!isForgotten || !(await session.renew(used))) return remember(message, outcome);
        continue;
      } else if (outcome.kind === 'broken') return outcome;
      if (!(await options.reconnect())) {
        options.onGone();
        return outcome;
      }
    }
  }

  function remember(message: ClientMessage, outcome: ExchangeOutcome): ExchangeOutcome {
    if (outcome.kind !== 'answered') return outcome;
    if (outcome.status < 400) session.remember(message);
    else if (message.id === null) tell(`a message was refused: ${sentenceOf(outcome)}`);
    return outcome;
  }

  async function untilIdle(): Promise<void> {
    if (pending.size > 0) await new Promise<void>((resolve) => (onIdle = resolve));
  }

  async function cancel(message: ClientMessage): Promise<void> {
    const { requestId } = message.params;
    const entry =
      typeof requestId === 'string' || typeof requestId === 'number' ? pending.get(requestId) : undefined;
    if (entry !== undefined) entry.isCancelled = true;
    // In the 2026-07-28 era the end of an exchange is its cancellation.
    if (entry !== undefined && entry.message.version !== null) return entry.controller.abort();
    const early = entry === undefined ? 0 : entry.sentAt + CANCEL_LAG - clock.monotonic();
    if (early > 0) await pause(clock, early);
    await notify(message);
  }

  return {
    take(line) {
      if (line.trim() === '') return Promise.resolve();
      const message = readMessage(line);
      if (message === null) return Promise.resolve(sayLine(NOT_JSON));
      queue = queue.then(() => (hasEnded ? undefined : dispatch(message)));
      return queue;
    },
    async end(grace) {
      if (grace > 0) await Promise.race([queue.then(untilIdle), pause(clock, grace)]);
      hasEnded = true;
      if (pending.size > 0) tell(`${pending.size} under way at the end of the input, not answered`);
      for (const { controller } of pending.values()) controller.abort();
      await Promise.race([session.end(), pause(clock, FAREWELL)]);
    },
  };
}

const POSTED = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' } as const;
const LOST = 'The watchdog ended while it worked on this';
const GONE = 'The watchdog is gone and did not come back';
const NOT_JSON = JSON.stringify({
  jsonrpc: '2.0',
  id: null,
  error: { code: -32_700, message: 'This line is not JSON' },
});

function headersOf(message: ClientMessage, session: Session): Readonly<Record<string, string>> {
  if (message.version !== null) return modernHeaders(message);
  return message.method === 'initialize' ? {} : session.headers();
}

type Refused = Extract<ExchangeOutcome, { kind: 'answered' }>;

function isUnknownSession({ status, refusal }: Refused): boolean {
  if (status !== 404) return false;
  const value = parseJson(refusal);
  return isObject(value) && isObject(value['error']) && value['error']['code'] === RPC_CODES.sessionNotFound;
}

/** The gateway's own answer, under the id of the request. */
function refusalLine(id: RequestId, { status, refusal }: Refused): string {
  const value = parseJson(refusal);
  if (isObject(value) && isObject(value['error'])) return JSON.stringify({ ...value, id });
  const message = `The watchdog answered with HTTP ${status}`;
  return errorAnswer(id, { code: RPC_CODES.serverError, message });
}

function sentenceOf({ status, refusal }: Refused): string {
  const value = parseJson(refusal);
  const error = isObject(value) ? value['error'] : undefined;
  const message = isObject(error) ? error['message'] : undefined;
  return typeof message === 'string' ? message : `HTTP ${status}`;
}
