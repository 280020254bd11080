// How we speak with Alertmanager: whether it is ready, what it is to tell, and what it is to be silent about.
import type { PostedAlert } from '../core/delivery/alertmanager-post.ts';
import { readSilences, type Silence } from '../core/delivery/silences.ts';
import { codeOf, isObject, parseJson } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import { createHttpClient, type HttpResponse, type HttpClient } from '../system/net/http-client.ts';
import { outcomeOfResponse, outcomeOfError } from './channels/http-outcome.ts';

export interface AlertmanagerClient {
  /** Why it is not ready, for people; null when it is. */
  checkReady(): Promise<string | null>;
  /** Why it did not take them, for people; null when it did. */
  post(alerts: readonly PostedAlert[]): Promise<string | null>;
  /** Those that are active or to come; null when it did not tell. */
  silences(): Promise<readonly Silence[] | null>;
  close(): void;
}

const PATIENCE = 3000;
const LARGEST_ANSWER = 4 * 1024 * 1024;
/** `OK` is what it answers; whoever says more than this is not Alertmanager. */
const LARGEST_READINESS = 64;

/** @param url as the config has it: with a path when Alertmanager has a route prefix, with credentials when it asks for some */
export function openAlertmanagerClient({
  url,
  clock,
}: {
  readonly url: string;
  readonly clock: Clock;
}): AlertmanagerClient {
  const parts: Parts = { base: new URL(url), client: createHttpClient(), clock };
  return {
    checkReady: () => troubleOf(parts, { path: '/-/ready' }, readReadiness),
    post: (alerts) =>
      troubleOf(parts, {
        path: '/api/v2/alerts',
        body: JSON.stringify(alerts.map((alert) => written(alert))),
      }),
    silences: () => ask(parts, { path: '/api/v2/silences' }, readAnswer).catch(() => null),
    close: () => parts.client.dropSockets(),
  };
}

interface Parts {
  readonly base: URL;
  readonly client: HttpClient;
  readonly clock: Clock;
}

interface Question {
  readonly path: string;
  /** JSON; without it nothing is posted. */
  readonly body?: string;
}

async function troubleOf(
  parts: Parts,
  question: Question,
  read: (answer: HttpResponse) => Promise<string | null> = async (answer) => refusalIn(answer),
): Promise<string | null> {
  try {
    return await ask(parts, question, read);
  } catch (error) {
    // Only our own patience aborts while anybody still asks.
    const timeout = codeOf(error) === 'ABORT_ERR' ? PATIENCE : null;
    const { detail } = outcomeOfError(error, { host: parts.base.host, timeout }).outcome;
    return detail.replace(/ \(([^()]*)\)$/u, ': $1');
  }
}

function refusalIn(answer: HttpResponse): string | null {
  const { outcome } = outcomeOfResponse(answer);
  return outcome.result === 'sent' ? null : outcome.detail;
}

/** A login page or a Prometheus says 200 as well, and would swallow what it is to tell. */
async function readReadiness(answer: HttpResponse): Promise<string | null> {
  const refusal = refusalIn(answer);
  if (refusal !== null) return refusal;
  const text = await readText(answer.body, LARGEST_READINESS);
  const isKnown = text !== null && ['', 'ok'].includes(text.trim().toLowerCase());
  return isKnown ? null : 'what answers there is no Alertmanager';
}

async function ask<Result>(
  { base, client, clock }: Parts,
  { path, body }: Question,
  read: (answer: HttpResponse) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const cancel = clock.after(PATIENCE, () => stop.abort());
  const url = new URL(base.pathname.replace(/\/+$/u, '') + path, base);
  const headers = {
    'user-agent': 'mcp-watchdog',
    accept: 'application/json',
    ...(base.username === '' && base.password === '' ? {} : { authorization: credentials(base) }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  let answer: HttpResponse | null = null;
  try {
    const method = body === undefined ? 'GET' : 'POST';
    answer = await client.send({
      method,
      url,
      headers,
      signal: stop.signal,
      ...(body === undefined ? {} : { body }),
    });
    return await read(answer);
  } finally {
    answer?.body.destroy();
    cancel();
  }
}

function credentials({ username, password }: URL): string {
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** Alertmanager makes the fingerprint; `generatorURL` leads to nothing of ours and may be left out. */
function written({ labels, annotations, startsAt, endsAt }: PostedAlert): unknown {
  return {
    labels,
    annotations,
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
  };
}

async function readAnswer({ status, body }: HttpResponse): Promise<readonly Silence[] | null> {
  const text = status === 200 ? await readText(body, LARGEST_ANSWER) : null;
  const answer = text === null ? null : parseJson(text);
  return Array.isArray(answer) ? readSilences(answer.map((one: unknown) => withTimes(one))) : null;
}

/** Null when it is too large. */
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
  return { ...silence, startsAt: moment(silence['startsAt']), endsAt: moment(silence['endsAt']) };
}

function moment(written: unknown): number {
  return typeof written === 'string' ? Date.parse(written) : NaN;
}
