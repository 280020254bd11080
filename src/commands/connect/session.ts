// Legacy session of a shim: its id, its own stream, and what is said again when another daemon does not know it.
import { isObject, parseJson } from '../../core/base/guards.ts';
import { PROCESS_ENDED } from '../../core/gateway/messages.ts';
import type { Clock } from '../../system/time/clock.ts';
import { pause } from '../../system/time/pause.ts';
import type { ExchangeOutcome, ExchangeRequest } from './gateway-client.ts';
import { isAnswer, type ClientMessage } from './message.ts';

export interface SessionOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly exchange: (request: ExchangeRequest) => Promise<ExchangeOutcome>;
  readonly reconnect: () => Promise<boolean>;
  readonly say: (line: string) => Promise<void> | undefined;
  readonly onGone: () => void;
  /** The process of the session has ended, and with it what the client had there. */
  readonly onOver: () => void;
}

export interface Session {
  /** Null before the first greeting. */
  id: string | null;
  headers(): Readonly<Record<string, string>>;
  /** Resolves once no new session is being opened: until then there is none that a message could be sent with. */
  settled(): Promise<unknown>;
  /** Notes the client's greeting and its answer. */
  greeted(greeting: ClientMessage, answer: string): void;
  /** Notes what a new session has to be told again: the log level, and what is subscribed to. */
  remember(message: ClientMessage): void;
  /** Opens a new session in place of one that is not known any more, unseen by the client. @returns false when that failed */
  renew(lost: string): Promise<boolean>;
  /** Closes the own stream and ends the session. */
  end(): Promise<void>;
}

/** Ms before a stream that ended is opened again. */
const STREAM_PAUSE = 250;
/** Times that a new session is asked for while connections break. */
const MOST_GREETINGS = 3;

export function createSession(options: SessionOptions): Session {
  const { path, clock, exchange } = options;
  let greeting: ClientMessage | null = null;
  let initialized: ClientMessage | null = null;
  let version: string | null = null;
  let level: ClientMessage | null = null;
  const subscribed = new Map<string, ClientMessage>();
  let renewal: Promise<boolean> | null = null;
  let count = 0;
  const ending = new AbortController();

  const headers = (): Readonly<Record<string, string>> => ({
    ...(session.id === null ? {} : { 'mcp-session-id': session.id }),
    ...(version === null ? {} : { 'mcp-protocol-version': version }),
  });

  /** Sends something of our own, whose answers are not the client's. */
  async function post(text: string, onMessage: (text: string) => undefined): Promise<ExchangeOutcome> {
    return exchange({ method: 'POST', path, headers: { ...POSTED, ...headers() }, body: text, onMessage });
  }

  async function repeat(message: ClientMessage): Promise<void> {
    const own = { ...JSON.parse(message.text), ...(message.id === null ? {} : { id: ownId() }) };
    await post(JSON.stringify(own), () => undefined);
  }

  function ownId(): string {
    return `connect:${(count += 1)}`;
  }

  /** Whoever is asked may be the one that just ends: then whoever comes after it. */
  async function sayGreeting({ text }: ClientMessage): Promise<ExchangeOutcome> {
    const again: unknown = JSON.parse(text);
    for (let attempt = 1; ; attempt += 1) {
      const own = isObject(again) ? { ...again, id: ownId() } : {};
      const outcome = await post(JSON.stringify(own), (said) => void (version = versionIn(said) ?? version));
      if (outcome.kind === 'answered' || attempt === MOST_GREETINGS) return outcome;
      if (!(await options.reconnect())) return outcome;
    }
  }

  async function greetAgain(): Promise<boolean> {
    if (greeting === null) return false;
    const lost = session.id;
    session.id = null;
    version = null;
    const outcome = await sayGreeting(greeting);
    const isGreeted = outcome.kind === 'answered' && outcome.status < 400;
    session.id = isGreeted ? outcome.session : lost;
    if (!isGreeted) return false;
    for (const message of [initialized, level, ...subscribed.values()])
      if (message !== null) await repeat(message);
    return true;
  }

  /** Keeps the session's own stream open: what the server says unasked comes there. */
  async function listen(): Promise<void> {
    while (!ending.signal.aborted) {
      const used = session.id;
      const outcome = await exchange({
        method: 'GET',
        path,
        headers: { accept: 'text/event-stream', ...headers() },
        signal: ending.signal,
        onMessage: options.say,
      });
      if (ending.signal.aborted) return;
      if (outcome.kind === 'answered' && outcome.status === 405) return;
      if (outcome.kind !== 'answered' && !(await options.reconnect())) return options.onGone();
      if (hasLostProcess(outcome)) return options.onOver();
      if (outcome.kind === 'answered' && outcome.status === 404 && used !== null) await session.renew(used);
      await pause(clock, STREAM_PAUSE, ending.signal);
    }
  }

  const session: Session = {
    id: null,
    headers,
    settled: () => renewal ?? Promise.resolve(),
    greeted(message, answer) {
      greeting = message;
      version = versionIn(answer);
    },
    remember(message) {
      const { method, params } = message;
      const { uri } = params;
      if (method === 'logging/setLevel') level = message;
      else if (method === 'resources/subscribe' && typeof uri === 'string') subscribed.set(uri, message);
      else if (method === 'resources/unsubscribe' && typeof uri === 'string') subscribed.delete(uri);
      else if (method === 'notifications/initialized' && session.id !== null) {
        if (initialized === null) void listen();
        initialized = message;
      }
    },
    renew(lost) {
      // Several messages find out at a time.
      if (session.id !== lost && session.id !== null) return Promise.resolve(true);
      renewal ??= greetAgain().finally(() => (renewal = null));
      return renewal;
    },
    async end() {
      ending.abort();
      if (session.id !== null) await exchange({ method: 'DELETE', path, headers: headers() });
    },
  };
  return session;
}

/** Whether the session had a process of its own, which has ended. */
export function hasLostProcess(outcome: ExchangeOutcome): boolean {
  if (outcome.kind !== 'answered' || outcome.status !== 404) return false;
  const value = parseJson(outcome.refusal);
  const error = isObject(value) ? value['error'] : undefined;
  const data = isObject(error) ? error['data'] : undefined;
  return isObject(data) && data['reason'] === PROCESS_ENDED;
}

const POSTED = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' } as const;

function versionIn(answer: string): string | null {
  if (!isAnswer(answer)) return null;
  const value = parseJson(answer);
  const result = isObject(value) ? value['result'] : undefined;
  const version = isObject(result) ? result['protocolVersion'] : undefined;
  return typeof version === 'string' ? version : null;
}
