// MCP transport over HTTP+SSE (2024-11-05, deprecated): one event stream for responses, POST for requests.
import type { Readable } from 'node:stream';
import type { JsonObject } from '../../core/base/json-rpc.ts';
import { failed, failureOf, unread, type CallFailure, type CallOutcome } from '../call.ts';
import { withTimeout, type Deadline } from '../deadline.ts';
import { endpointOf, headersOf, parseUrl, post, sendFollowing, type PostResult } from './http-endpoint.ts';
import { failureOfStatus, unexpectedStatus } from './http-status.ts';
import { createEventStreamReader } from './event-stream.ts';
import { initializeParams, legacyPeer, refusal, type PeerInfo, type HandshakeResult } from '../handshake.ts';
import type { McpTarget, McpTransport, RenewalResult } from '../mcp-transport.ts';
import { OWN_ANSWER, tooLong } from '../message-limits.ts';
import type { Lane } from '../outbox.ts';
import { Peer } from '../peer.ts';
import { readInSlices } from '../../system/files/read-in-slices.ts';
import { SessionTrust, isSessionError } from './session-trust.ts';

/** One open stream and the URL that its requests are posted to. */
interface Stream {
  readonly peer: Peer;
  readonly body: Readable;
  readonly postTo: URL;
}

const OLDEST = '2024-11-05';
/** Messages that wait for a socket or for the response to their POST, in each lane. */
const MAX_OPEN_POSTS = 32;

export function openSse(target: McpTarget): McpTransport {
  return new SseTransport(target);
}

class SseTransport implements McpTransport {
  readonly #target: McpTarget;
  peer: PeerInfo | null = null;
  #stream: Stream | null = null;
  readonly #trust: SessionTrust;
  #count = 0;

  constructor(target: McpTarget) {
    this.#target = target;
    this.#trust = new SessionTrust(target.clock);
  }

  connect(deadline: Deadline): Promise<HandshakeResult> {
    return withTimeout(deadline, (signal) => this.#initialize(signal));
  }

  async renew(deadline: Deadline): Promise<RenewalResult> {
    const verdict = this.#trust.judge();
    if (verdict !== 'renew') return verdict === 'wait' ? { kind: 'too-soon' } : { kind: 'keep' };
    this.peer = null;
    return this.connect(deadline);
  }

  async call(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<CallOutcome> {
    const outcome =
      (await this.#stream?.peer.request(method, params, signal)) ??
      failed('closed', 'The event stream ended');
    if (outcome.kind === 'response') this.#trust.note({ isDoubtful: isSessionError(outcome.response) });
    // A server that does not answer has not forgotten us; one that refused the POST, or ended the stream, may have.
    else this.#trust.noteFailure({ isDoubtful: outcome.kind === 'failed' && outcome.reason !== 'timeout' });
    return outcome;
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
    const response = outcome.kind === 'response' ? outcome.response : null;
    const found = response?.kind === 'result' ? legacyPeer(response.result) : null;
    if (found === null) {
      await this.close();
      return outcome.kind === 'response' ? refusal('initialize', outcome.response) : outcome;
    }
    stream.peer.notify('notifications/initialized');
    this.peer = found;
    this.#target.onHandshake(found.handshake);
    return { kind: 'connected', peer: found };
  }
}

interface OpenStreamOptions {
  readonly number: number;
  readonly signal: AbortSignal;
}

/** Opens the stream; resolves once it has said where to POST. */
async function openStream(
  target: McpTarget,
  { number, signal }: OpenStreamOptions,
): Promise<Stream | CallFailure> {
  const url = endpointOf(target.spec);
  // The stream outlives the request that opened it, but not a timeout before it is of use.
  const life = new AbortController();
  const giveUp = () => life.abort(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const headers = { ...headersOf(target.spec), accept: 'text/event-stream' };
    const { response, url: answering } = await sendFollowing(target, {
      method: 'GET',
      url,
      headers,
      signal: life.signal,
    });
    const { status, headers: received, body } = response;
    const isStream = received['content-type']?.startsWith('text/event-stream') === true;
    if (status === 200 && isStream) return await follow(target, { url: answering, body, number });
    body.destroy();
    const what = `GET ${url.pathname}`;
    return (
      failureOfStatus({ status, headers: received, url: answering, text: null }, what) ??
      failed('http_status', `${what} was answered with HTTP ${status}, no event stream`)
    );
  } catch (error) {
    return failureOf(error, signal, 'the opening of the event stream');
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

interface StreamBody {
  readonly url: URL;
  readonly body: Readable;
  readonly number: number;
}

function follow(target: McpTarget, { url, body, number }: StreamBody): Promise<Stream | CallFailure> {
  return new Promise((resolve, reject) => {
    let stream: Stream | null = null;
    const reader = createEventStreamReader(OWN_ANSWER.bytes, ({ type, data, isCut }) => {
      if (isCut === true) stream?.peer.failAll(unread(`An event of the server ${tooLong(OWN_ANSWER)}`));
      else if (type !== 'endpoint') stream?.peer.receiveText(data);
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
      const opened = { postTo, body, peer: peerOver(target, { postTo, body, number }) };
      resolve(opened);
      return opened;
    }

    function end(error?: Error): void {
      stream?.peer.end(failed('closed', 'The event stream ended'));
      if (error === undefined) resolve(failed('closed', 'The event stream ended'));
      else reject(error);
    }

    readInSlices(body, (chunk) => reader.push(chunk));
    body.once('error', end);
    body.once('close', () => end());
  });
}

/** Makes the peer whose requests are posted; one that cannot be posted ends the stream, whose session is then useless. */
function peerOver(
  target: McpTarget,
  { postTo, body, number }: Omit<Stream, 'peer'> & { number: number },
): Peer {
  const what = 'POST to the endpoint of the stream';

  const open: Record<Lane, number> = { first: 0, second: 0 };

  async function send(message: string, signal: AbortSignal): Promise<void> {
    const response = await post(target, { url: postTo, id: null, message, headers: {}, what, signal });
    const failure = 'kind' in response ? response : failureOfPost(response, what);
    // Our own timeout is told by the request itself.
    if (failure?.kind !== 'failed' || signal.aborted) return;
    peer.end(failure);
    body.destroy();
  }

  const peer = new Peer({
    idPrefix: `wd:${target.run}:${number}:`,
    send(message, lane) {
      // A server that asks faster than it takes our answers gets no more of them.
      if (open[lane] >= MAX_OPEN_POSTS) return 'full';
      open[lane] += 1;
      const controller = new AbortController();
      void send(message, controller.signal).finally(() => (open[lane] -= 1));
      // A request that is aborted ends with its POST: a server that hangs is not sent another one to say so.
      return {
        withdraw() {
          controller.abort();
          return true;
        },
      };
    },
  });
  return peer;
}

function failureOfPost(response: PostResult, what: string): CallFailure | null {
  const failure = failureOfStatus(response, what);
  return failure !== null || response.status < 300 ? failure : unexpectedStatus(response, what);
}
