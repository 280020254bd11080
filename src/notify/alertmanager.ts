// How we speak with Alertmanager: whether it is ready, what it is to tell, and what it is to be silent about.
import { json } from 'node:stream/consumers';
import type { PostedAlert } from '../core/alertmanager-post.ts';
import { readSilences, type Silence } from '../core/silences.ts';
import { isObject } from '../core/unknown.ts';
import type { Clock } from '../system/clock.ts';
import { createHttpClient, type HttpAnswer, type HttpClient } from '../system/http.ts';

export interface Alertmanager {
  isReady(): Promise<boolean>;
  /** Whether it took them. */
  post(alerts: readonly PostedAlert[]): Promise<boolean>;
  /** Those that are active or to come; null when it did not tell. */
  silences(): Promise<readonly Silence[] | null>;
  close(): void;
}

const PATIENCE = 3000;
const LARGEST_ANSWER = 4 * 1024 * 1024;

/** @param url as the config has it: with a path when Alertmanager has a route prefix, with credentials when it asks for some */
export function openAlertmanager({
  url,
  clock,
}: {
  readonly url: string;
  readonly clock: Clock;
}): Alertmanager {
  const parts: Parts = { base: new URL(url), client: createHttpClient(), clock };
  return {
    isReady: () => ask(parts, { path: '/-/ready' }, async ({ status }) => status === 200).catch(() => false),
    post(alerts) {
      const body = JSON.stringify(alerts.map((alert) => written(alert)));
      return ask(parts, { path: '/api/v2/alerts', body }, async ({ status }) => status === 200).catch(
        () => false,
      );
    },
    silences: () => ask(parts, { path: '/api/v2/silences' }, readAnswer).catch(() => null),
    close: () => parts.client.dropSockets(),
  };
}

interface Parts {
  readonly base: URL;
  readonly client: HttpClient;
  readonly clock: Clock;
}

async function ask<Result>(
  { base, client, clock }: Parts,
  { path, body }: { readonly path: string; readonly body?: string },
  read: (answer: HttpAnswer) => Promise<Result>,
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
  let answer: HttpAnswer | null = null;
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

async function readAnswer({ status, headers, body }: HttpAnswer): Promise<readonly Silence[] | null> {
  if (status !== 200 || Number(headers['content-length'] ?? 0) > LARGEST_ANSWER) return null;
  const answer: unknown = await json(body);
  return Array.isArray(answer) ? readSilences(answer.map((one: unknown) => withTimes(one))) : null;
}

function withTimes(silence: unknown): unknown {
  if (!isObject(silence)) return null;
  return { ...silence, startsAt: moment(silence['startsAt']), endsAt: moment(silence['endsAt']) };
}

function moment(written: unknown): number {
  return typeof written === 'string' ? Date.parse(written) : NaN;
}
