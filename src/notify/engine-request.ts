// HTTP requests to a configured Prometheus or Alertmanager: with a timeout, credentials of the url, and failures for people.
import { codeOf } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import type { HttpResponse, HttpClient } from '../system/net/http-client.ts';
import { basicAuthorization } from './channels/basic-authorization.ts';
import { outcomeOfResponse, outcomeOfError } from './channels/http-outcome.ts';

/** ms */
const TIMEOUT = 3000;

export interface EngineConnection {
  readonly base: URL;
  readonly client: HttpClient;
  readonly clock: Clock;
}

interface EngineRequest {
  readonly path: string;
  /** JSON to POST; without it the request is a GET. */
  readonly body?: string;
  readonly isDelete?: boolean;
}

export async function failureOf(
  connection: EngineConnection,
  query: EngineRequest,
  read: (response: HttpResponse) => Promise<string | null> = async (response) => refusalIn(response),
): Promise<string | null> {
  try {
    return await request(connection, query, read);
  } catch (error) {
    // While the client is in use, only our own timeout aborts a request.
    const timeout = codeOf(error) === 'ABORT_ERR' ? TIMEOUT : null;
    const { detail } = outcomeOfError(error, { host: connection.base.host, timeout }).outcome;
    return detail.replace(/ \(([^()]*)\)$/u, ': $1');
  }
}

export function refusalIn(response: HttpResponse): string | null {
  const { outcome } = outcomeOfResponse(response);
  return outcome.result === 'sent' ? null : outcome.detail;
}

export async function request<Result>(
  { base, client, clock }: EngineConnection,
  { path, body, isDelete = false }: EngineRequest,
  read: (response: HttpResponse) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const cancel = clock.after(TIMEOUT, () => stop.abort());
  const url = new URL(base.pathname.replace(/\/+$/u, '') + path, base);
  const headers = {
    'user-agent': 'mcp-watchdog',
    accept: 'application/json',
    ...basicAuthorization(base),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  let response: HttpResponse | null = null;
  try {
    const method = isDelete ? 'DELETE' : body === undefined ? 'GET' : 'POST';
    response = await client.send({
      method,
      url,
      headers,
      signal: stop.signal,
      ...(body === undefined ? {} : { body }),
    });
    return await read(response);
  } finally {
    response?.body.destroy();
    cancel();
  }
}

/** Returns the body; null when it is too large. */
export async function readText(body: HttpResponse['body'], largest: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > largest) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
