// Client that posts messages to one server: over connections of its own where it may, else through the HTTP client.
import { createHttpClient, type HttpClient, type HttpRequest } from '../http-client.ts';
import { proxyFor } from '../proxy.ts';
import { closedByPeer } from '../origin-pool.ts';
import { openPostPool, type PostClient, type PostTaker } from './post-pool.ts';

/**
 * Creates the client. Plain HTTP without a proxy, as to servers on this machine, is sent by its own pool; all else by undici.
 *
 * @param environment names proxies and further certificate authorities
 * @param connections at a time, where undici sends
 */
export function createPostClient(
  url: URL,
  environment: Readonly<Record<string, string | undefined>>,
  connections: number,
): PostClient {
  return url.protocol === 'http:' && !hasProxy(url, environment)
    ? openPostPool(url)
    : postThrough(createHttpClient(environment, { connections }));
}

/** A variable that names no proxy is an error of each request. */
function hasProxy(url: URL, environment: Readonly<Record<string, string | undefined>>): boolean {
  try {
    return proxyFor(url, environment) !== null;
  } catch {
    return true;
  }
}

/** Posts messages through a client for all methods. */
export function postThrough(http: HttpClient): PostClient {
  return {
    post(request, taker) {
      const controller = new AbortController();
      const relayed = new RelayedTaker(taker);
      void relay(http, { method: 'POST', ...request, signal: controller.signal }, relayed);
      return () => {
        relayed.leave();
        controller.abort();
      };
    },
    close: () => http.dropSockets(),
  };
}

async function relay(http: HttpClient, request: HttpRequest, taker: RelayedTaker): Promise<void> {
  try {
    const response = await http.send(request);
    taker.head(response);
    // A loop over the body would cost a promise for each piece.
    response.body.on('data', (chunk: Buffer) => taker.chunk(chunk));
    response.body.once('end', () => taker.end());
    response.body.once('error', (error) => taker.failed(error));
    response.body.once('close', () => taker.failed(closedByPeer()));
  } catch (error) {
    taker.failed(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Tells one end, and nothing after it has left. */
class RelayedTaker implements PostTaker {
  #taker: PostTaker | null;

  constructor(taker: PostTaker) {
    this.#taker = taker;
  }

  head(head: Parameters<PostTaker['head']>[0]): void {
    this.#taker?.head(head);
  }

  chunk(bytes: Buffer): void {
    this.#taker?.chunk(bytes);
  }

  end(): void {
    const taker = this.#taker;
    this.#taker = null;
    taker?.end();
  }

  failed(error: Error): void {
    const taker = this.#taker;
    this.#taker = null;
    taker?.failed(error);
  }

  leave(): void {
    this.#taker = null;
  }
}
