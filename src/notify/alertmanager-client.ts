// HTTP client of Alertmanager: readiness, posting alerts, reading alerts and silences.
import type { PostedAlert } from '../core/delivery/alertmanager-post.ts';
import { readSilences, type Silence } from '../core/delivery/silences.ts';
import { type KnownAlert, readKnownAlerts } from '../core/delivery/alertmanager-view.ts';
import { HEARTBEAT_ALERT } from '../core/delivery/alertmanager-message.ts';
import { isObject, parseJson } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import { createHttpClient, type HttpResponse } from '../system/net/http-client.ts';
import { type EngineConnection, failureOf, readText, refusalIn, request } from './engine-request.ts';

export interface AlertmanagerClient {
  /** Returns why it is not ready, for people; null when it is. */
  checkReady(): Promise<string | null>;
  /** Posts alerts; returns why it did not accept them, for people, or null when it did. */
  post(alerts: readonly PostedAlert[]): Promise<string | null>;
  /** Reads the active and pending silences; null when the request failed. */
  silences(): Promise<readonly Silence[] | null>;
  /** Makes a silence; returns its id there, or why it was not taken, for people. */
  silence(
    silence: Silence,
    about: { readonly comment: string; readonly by: string },
  ): Promise<{ readonly id: string } | { readonly trouble: string }>;
  /** Ends a silence; returns why it could not, for people, null when it did. */
  endSilence(id: string): Promise<string | null>;
  /** Reads its alerts with this `instance` label, all for null; null when the request failed. */
  alerts(instance: string | null): Promise<readonly KnownAlert[] | null>;
  /** Tells whether the heartbeat of Prometheus is among its alerts; we never post it. False when the request failed. */
  hasHeartbeat(): Promise<boolean>;
  /** Reads the config that it runs with, which may hold secrets; null when the request failed. */
  config(): Promise<string | null>;
  close(): void;
}

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
  const connection: EngineConnection = { base: new URL(url), client: createHttpClient(), clock };
  return {
    checkReady: () => failureOf(connection, { path: '/-/ready' }, readReadiness),
    post: (alerts) =>
      failureOf(connection, {
        path: '/api/v2/alerts',
        body: JSON.stringify(alerts.map((alert) => toJson(alert))),
      }),
    silences: () => request(connection, { path: '/api/v2/silences' }, readSilenceList).catch(() => null),
    async silence(silence, { comment, by }) {
      let id: string | null = null;
      const body = JSON.stringify({ ...silenceJson(silence), comment, createdBy: by });
      const trouble = await failureOf(connection, { path: '/api/v2/silences', body }, async (response) => {
        const refusal = refusalIn(response);
        if (refusal === null) id = await readSilenceId(response);
        return refusal;
      });
      return id === null ? { trouble: trouble ?? 'the answer holds no id' } : { id };
    },
    endSilence: (id) =>
      failureOf(connection, { path: `/api/v2/silence/${encodeURIComponent(id)}`, isDelete: true }),
    alerts: (instance) =>
      request(connection, { path: alertsPath(instance) }, readAlertList).catch(() => null),
    hasHeartbeat: () => request(connection, { path: HEARTBEAT_PATH }, readHeartbeat).catch(() => false),
    config: () => request(connection, { path: '/api/v2/status' }, readRunningConfig).catch(() => null),
    close: () => connection.client.dropSockets(),
  };
}

const HEARTBEAT_PATH = `/api/v2/alerts?filter=${encodeURIComponent(`alertname="${HEARTBEAT_ALERT}"`)}`;

function alertsPath(instance: string | null): string {
  const filter =
    instance === null ? '' : `&filter=${encodeURIComponent(`instance=${JSON.stringify(instance)}`)}`;
  return `/api/v2/alerts?active=true${filter}`;
}

async function readAlertList({ status, body }: HttpResponse): Promise<readonly KnownAlert[] | null> {
  const text = status === 200 ? await readText(body, MAX_RESPONSE) : null;
  const answer = text === null ? null : parseJson(text);
  return Array.isArray(answer) ? readKnownAlerts(answer) : null;
}

async function readRunningConfig({ status, body }: HttpResponse): Promise<string | null> {
  const answer = status === 200 ? parseJson((await readText(body, MAX_RESPONSE)) ?? '') : null;
  const config = isObject(answer) && isObject(answer['config']) ? answer['config']['original'] : null;
  return typeof config === 'string' ? config : null;
}

/** Alertmanager lists only alerts that have not ended. */
async function readHeartbeat({ status, body }: HttpResponse): Promise<boolean> {
  const text = status === 200 ? await readText(body, MAX_RESPONSE) : null;
  const answer = text === null ? null : parseJson(text);
  return Array.isArray(answer) && answer.some((alert: unknown) => isHeartbeat(alert));
}

function isHeartbeat(alert: unknown): boolean {
  return isObject(alert) && isObject(alert['labels']) && alert['labels']['alertname'] === HEARTBEAT_ALERT;
}

/** A login page or a Prometheus answers 200 too, and would swallow the alerts. */
async function readReadiness(response: HttpResponse): Promise<string | null> {
  const refusal = refusalIn(response);
  if (refusal !== null) return refusal;
  const text = await readText(response.body, MAX_READY_RESPONSE);
  const isKnown = text !== null && ['', 'ok'].includes(text.trim().toLowerCase());
  return isKnown ? null : 'the server that answers is not Alertmanager';
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

function silenceJson({ matchers, startsAt, endsAt }: Silence) {
  return {
    matchers,
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
  };
}

async function readSilenceId({ body }: HttpResponse): Promise<string | null> {
  const answer = parseJson((await readText(body, MAX_RESPONSE)) ?? '');
  const id = isObject(answer) ? answer['silenceID'] : null;
  return typeof id === 'string' ? id : null;
}

async function readSilenceList({ status, body }: HttpResponse): Promise<readonly Silence[] | null> {
  const text = status === 200 ? await readText(body, MAX_RESPONSE) : null;
  const answer = text === null ? null : parseJson(text);
  return Array.isArray(answer) ? readSilences(answer.map((one: unknown) => withTimes(one))) : null;
}

function withTimes(silence: unknown): unknown {
  if (!isObject(silence)) return null;
  return { ...silence, startsAt: timeOf(silence['startsAt']), endsAt: timeOf(silence['endsAt']) };
}

function timeOf(written: unknown): number {
  return typeof written === 'string' ? Date.parse(written) : NaN;
}
