// How a server of the first HTTP transport (2024-11-05, deprecated) is watched: one stream for answers, POST for questions.
import type { Readable } from 'node:stream';
import type { JsonObject } from '../core/base/json-rpc.ts';
import { failed, failureOf, type CallFailure, type CallOutcome } from './call.ts';
import { withTimeout, type Deadline } from './deadline.ts';
import { endpointOf, failureOfStatus, headersOf, parseUrl, post } from './http-endpoint.ts';
import { createEventStreamReader } from './event-stream.ts';
import type { ProbeTarget } from '../probes/probe-kind.ts';
import {
  initializeParams,
  legacyPeer,
  refusal,
  type PeerInfo,
  type HandshakeResult,
  type McpTransport,
} from './handshake.ts';
import { Peer } from './peer.ts';

/** One open stream and where its questions go. */
interface Stream {
  readonly peer: Peer;
  readonly body: Readable;
  readonly postTo: URL;
}

const MAX_EVENT_BYTES = 16 * 1024 * 1024;
const OLDEST = '2024-11-05';

export function openSse(target: ProbeTarget): McpTransport {
  return new SseTransport(target);
}

class SseTransport implements McpTransport {
  readonly #target: ProbeTarget;
  peer: PeerInfo | null = null;
  #stream: Stream | null = null;
  #count = 0;

  constructor(target: ProbeTarget) {
    this.#target = target;
  }

  connect(patience: Deadline): Promise<HandshakeResult> {
    return withTimeout(patience, (signal) => this.#initialize(signal));
  }

  async call(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<CallOutcome> {
    if (this.#stream === null || this.#stream.peer.isEnded) {
      const greeting = await this.#initialize(signal);
      if (greeting.kind === 'refused') return { kind: 'answer', answer: greeting.answer };
      if (greeting.kind !== 'greeted') return greeting;
    }
    const outcome = this.#stream?.peer.request(method, params, signal);
    return outcome ?? failed('closed', 'The event stream ended');
  }

  /** The session is the stream. */
  close(): Promise<void> {
    this.#stream?.body.destroy();
    this.#stream = null;
    return Promise.resolve();
  }

  async #initialize(signal: AbortSignal): Promise<HandshakeResult> {
    await this.close();
    const stream = await openStream(this.#target, { number: (this.#count += 1), signal });
    if ('kind' in stream) return stream;
    this.#stream = stream;
    const params = initializeParams(this.#target.version, OLDEST);
    const outcome = await stream.peer.request('initialize', params, signal);
    const isResult = outcome.kind === 'answer' && outcome.answer.kind === 'result';
    const found = isResult && outcome.answer.kind === 'result' ? legacyPeer(outcome.answer.result) : null;
    if (found === null) {
      await this.close();
      return outcome.kind === 'answer' ? refusal('initialize', outcome.answer) : outcome;
    }
    stream.peer.notify('notifications/initialized');
    this.peer = found;
    this.#target.onHandshake(found.handshake);
    return { kind: 'greeted', contact: found };
  }
}

interface Opening {
  readonly number: number;
  readonly signal: AbortSignal;
}

/** Resolves once the stream has said where to POST. */
async function openStream(target: ProbeTarget, { number, signal }: Opening): Promise<Stream | CallFailure> {
  const url = endpointOf(target.spec);
  // The stream outlives the request that opened it, but not a timeout before it is of use.
  const life = new AbortController();
  const giveUp = () => life.abort(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const headers = { ...headersOf(target.spec), accept: 'text/event-stream' };
    const {
      status,
      headers: received,
      body,
    } = await target.http.send({ method: 'GET', url, headers, signal: life.signal });
    const isStream = received['content-type']?.startsWith('text/event-stream') === true;
    if (status === 200 && isStream) return await follow(target, { url, body, number });
    body.destroy();
    const what = `GET ${url.pathname}`;
    return (
      failureOfStatus(status, what) ??
      failed('http_status', `${what} was answered with HTTP ${status}, no event stream`)
    );
  } catch (error) {
    return failureOf(error, signal, 'the opening of the event stream');
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

interface Following {
  readonly url: URL;
  readonly body: Readable;
  readonly number: number;
}

function follow(target: ProbeTarget, { url, body, number }: Following): Promise<Stream | CallFailure> {
  return new Promise((resolve, reject) => {
    let stream: Stream | null = null;
    const reader = createEventStreamReader(MAX_EVENT_BYTES, ({ type, data }) => {
      if (type !== 'endpoint') stream?.peer.receive(data);
      else stream ??= begin(data);
    });

    function begin(data: string): Stream | null {
      const postTo = parseUrl(data, url);
      // Our headers may hold a secret: a server must not have them sent to somebody else.
      if (postTo?.origin !== url.origin) {
        body.destroy();
        resolve(failed('protocol', `The endpoint of the stream is at another origin: ${data}`));
        return null;
      }
      const begun = { postTo, body, peer: peerOver(target, { postTo, body, number }) };
      resolve(begun);
      return begun;
    }

    function end(error?: Error): void {
      stream?.peer.end(failed('closed', 'The event stream ended'));
      if (error === undefined) resolve(failed('closed', 'The event stream ended'));
      else reject(error);
    }

    body.on('data', (chunk: Buffer) => reader.push(chunk));
    body.once('error', end);
    body.once('close', () => end());
  });
}

/** A question that cannot be posted ends the stream: its session is of no more use. */
function peerOver(
  target: ProbeTarget,
  { postTo, body, number }: Omit<Stream, 'peer'> & { number: number },
): Peer {
  const what = 'POST to the endpoint of the stream';

  async function send(message: string, signal: AbortSignal): Promise<void> {
    const exchange = await post(target, { url: postTo, id: null, message, headers: {}, what, signal });
    const failure = 'kind' in exchange ? exchange : failureOfPost(exchange.status, what);
    // Our own timeout is told by the request itself.
    if (failure?.kind !== 'failed' || signal.aborted) return;
    peer.end(failure);
    body.destroy();
  }

  const peer = new Peer({
    idPrefix: `wd:${target.run}:${number}:`,
    send: (message, signal = new AbortController().signal) => void send(message, signal),
  });
  return peer;
}

function failureOfPost(status: number, what: string): CallFailure | null {
  const failure = failureOfStatus(status, what);
  if (failure !== null || status < 300) return failure;
  return failed('http_status', `${what} was answered with HTTP ${status}`);
}
