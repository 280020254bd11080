// HTTP client of Alertmanager: readiness, posting alerts, reading silences.
import type { PostedAlert } from '../core/delivery/alertmanager-post.ts';
import { readSilences, type Silence } from '../core/delivery/silences.ts';
import { codeOf, isObject, parseJson } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import { createHttpClient, type HttpResponse, type HttpClient } from '../system/net/http-client.ts';
import { basicAuthorization } from './channels/basic-authorization.ts';
import { outcomeOfResponse, outcomeOfError } from './channels/http-outcome.ts';

export interface AlertmanagerClient {
  /** Returns why it is not ready, for people; null when it is. */
  checkReady(): Promise<string | null>;
  /** Posts alerts; returns why it did not accept them, for people, or null when it did. */
  post(alerts: readonly PostedAlert[]): Promise<string | null>;
  /** Reads the active and pending silences; null when the request failed. */
  silences(): Promise<readonly Silence[] | null>;
  close(): void;
}

/** ms */
const TIMEOUT = 3000;
/** Bytes of a response body. */
const MAX_RESPONSE = 4 * 1024 * 1024;
/** Bytes; Alertmanager answers `OK`, so a longer body comes from something else. */
const MAX_READY_RESPONSE = 64;

/** Opens a client; `url` as in the config: with a path when Alertmanager has a route prefix, with credentials when it needs them. */
export function openAlertmanagerClient({
  url,
  clock,
}: {
  readonly url: string;
  readonly clock: Clock;
}): AlertmanagerClient {
  const connection: Connection = { base: new URL(url), client: createHttpClient(), clock };
  return {
    checkReady: () => failureOf(connection, { path: '/-/ready' }, readReadiness),
    post: (alerts) =>
      failureOf(connection, {
        path: '/api/v2/alerts',
        body: JSON.stringify(alerts.map((alert) => toJson(alert))),
      }),
    silences: () => request(connection, { path: '/api/v2/silences' }, readSilenceList).catch(() => null),
    close: () => connection.client.dropSockets(),
  };
}

interface Connection {
  readonly base: URL;
  readonly client: HttpClient;
  readonly clock: Clock;
}

interface AlertmanagerRequest {
  readonly path: string;
  /** JSON to POST; without it the request is a GET. */
  readonly body?: string;
}

async function failureOf(
  connection: Connection,
  query: AlertmanagerRequest,
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

function refusalIn(response: HttpResponse): string | null {
  const { outcome } = outcomeOfResponse(response);
  return outcome.result === 'sent' ? null : outcome.detail;
}

/** A login page or a Prometheus answers 200 too, and would swallow the alerts. */
async function readReadiness(response: HttpResponse): Promise<string | null> {
  const refusal = refusalIn(response);
  if (refusal !== null) return refusal;
  const text = await readText(response.body, MAX_READY_RESPONSE);
  const isKnown = text !== null && ['', 'ok'].includes(text.trim().toLowerCase());
  return isKnown ? null : 'the server that answers is not Alertmanager';
}

async function request<Result>(
  { base, client, clock }: Connection,
  { path, body }: AlertmanagerRequest,
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
    const method = body === undefined ? 'GET' : 'POST';
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

/** Alertmanager computes the fingerprint itself; `generatorURL` is optional and we have no page for it. */
function toJson({ labels, annotations, startsAt, endsAt }: PostedAlert): unknown {
  return {
    labels,
    annotations,
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
  };
}

async function readSilenceList({ status, body }: HttpResponse): Promise<readonly Silence[] | null> {
  const text = status === 200 ? await readText(body, MAX_RESPONSE) : null;
  const answer = text === null ? null : parseJson(text);
  return Array.isArray(answer) ? readSilences(answer.map((one: unknown) => withTimes(one))) : null;
}

/** Returns the body; null when it is too large. */
async function readText(body: HttpResponse['body'], largest: number): Promise<string | null> {
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

function withTimes(silence: unknown): unknown {
  if (!isObject(silence)) return null;
  return { ...silence, startsAt: timeOf(silence['startsAt']), endsAt: timeOf(silence['endsAt']) };
}

function timeOf(written: unknown): number {
  return typeof written === 'string' ? Date.parse(written) : NaN;
}
