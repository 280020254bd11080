// Channel to any service that accepts JSON over HTTP: optionally signed, retried when a retry can help.
import { createHmac } from 'node:crypto';
import { createConnection } from 'node:net';
import type { Notification, SendResult, WebhookSettings } from '../../core/model/notification.ts';
import type { Clock } from '../../system/time/clock.ts';
import { createHttpClient, type HttpRequest } from '../../system/net/http-client.ts';
import {
  explainLocalNetwork,
  LOCAL_NETWORK_CURE,
  LOCAL_NETWORK_WORDS,
} from '../../system/net/local-network.ts';
import { proxyFor } from '../../system/net/proxy.ts';
import { type OpenChannel, READY, type Readiness, type SendOptions } from './channel.ts';
import { toPayload } from '../message/payload.ts';
import { fillTemplate } from '../message/template.ts';
import { composeMessage, placeholderValues } from '../message/message.ts';
import { basicAuthorization } from './basic-authorization.ts';
import { type HttpAttempt, outcomeOfResponse, outcomeOfError } from './http-outcome.ts';
import { pause } from '../../system/time/pause.ts';

/** ms before the first retry, and the factor from one retry to the next. */
const FIRST_DELAY = 1000;
const DELAY_FACTOR = 4;
const CHECK_TIMEOUT = 3000;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'socks5:': 1080, 'socks:': 1080 };

export const openWebhook: OpenChannel<WebhookSettings> = (settings, { clock }) => {
  const url = new URL(settings.url);
  return {
    kind: 'webhook',
    to: url.host,
    advice: null,
    send: (notification, options) => send(notification, options, { settings, url, clock }),
    check: () => checkReachable(url, clock),
  };
};

interface Target {
  readonly settings: WebhookSettings;
  readonly url: URL;
  readonly clock: Clock;
}

async function send(
  notification: Notification,
  { signal, mayRetry }: SendOptions,
  target: Target,
): Promise<SendResult> {
  const { settings, clock } = target;
  const body = JSON.stringify(bodyOf(notification, settings));
  let delay = FIRST_DELAY;
  for (let left = mayRetry ? settings.retries : 0; ; left -= 1) {
    const { outcome, retryAfter } = await attempt(body, signal, target);
    if (outcome.result === 'sent' || retryAfter === null || left <= 0 || signal.aborted) return outcome;
    await pause(clock, Math.max(delay, retryAfter), signal);
    if (signal.aborted) return outcome;
    delay *= DELAY_FACTOR;
  }
}

function bodyOf(notification: Notification, { template }: WebhookSettings): unknown {
  if (template === null) return toPayload(notification);
  return fillTemplate(template, placeholderValues(composeMessage(notification)));
}

async function attempt(
  body: string,
  signal: AbortSignal,
  { settings, url, clock }: Target,
): Promise<HttpAttempt> {
  const client = createHttpClient();
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  let hasTimedOut = false;
  signal.addEventListener('abort', abort, { once: true });
  const cancel = clock.after(settings.timeout, () => {
    hasTimedOut = true;
    stop.abort();
  });
  try {
    const answer = await client.send(requestOf(body, { settings, url, clock }, stop.signal));
    // Only the status matters; the body is not read.
    answer.body.destroy();
    return outcomeOfResponse(answer);
  } catch (error) {
    return outcomeOfError(error, { host: url.host, timeout: hasTimedOut ? settings.timeout : null });
  } finally {
    cancel();
    signal.removeEventListener('abort', abort);
    client.dropSockets();
  }
}

function requestOf(body: string, { settings, url, clock }: Target, signal: AbortSignal): HttpRequest {
  const own = Object.entries(settings.headers).map(([name, value]) => [name.toLowerCase(), value]);
  const headers: Record<string, string> = {
    'user-agent': 'mcp-watchdog',
    ...basicAuthorization(url),
    ...Object.fromEntries(own),
    'content-type': 'application/json; charset=utf-8',
    ...signature(body, settings.secret, clock),
  };
  return { method: 'POST', url, headers, body, signal };
}

/** Signs the time together with the body, so that a recorded request cannot be replayed later. */
function signature(body: string, secret: string | null, clock: Clock): Record<string, string> {
  if (secret === null) return {};
  const timestamp = String(Math.floor(clock.now() / 1000));
  const digest = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return {
    'x-mcp-watchdog-timestamp': timestamp,
    'x-mcp-watchdog-signature': `sha256=${digest}`,
  };
}

/** Checks that the port, or that of the proxy on the way, accepts a connection; sends nothing. */
function checkReachable(target: URL, clock: Clock): Promise<Readiness> {
  return new Promise((resolve) => {
    const url = proxyOrTarget(target);
    if (url === null) return resolve(unreachable(target, 'the variable for its proxy holds no URL'));
    const port = Number(url.port) || DEFAULT_PORTS[url.protocol] || 80;
    const socket = createConnection({ host: url.hostname.replaceAll(/^\[|\]$/gu, ''), port });
    const end = (readiness: Readiness): void => {
      cancel();
      socket.destroy();
      resolve(readiness);
    };
    const cancel = clock.after(CHECK_TIMEOUT, () => end(unreachable(url, 'it did not answer')));
    socket.once('connect', () => end(READY));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const explained = explainLocalNetwork(error);
      if (explained === error) return end(unreachable(url, error.code ?? error.message));
      end({ ...unreachable(url, LOCAL_NETWORK_WORDS), cure: LOCAL_NETWORK_CURE });
    });
  });
}

/** Null when the variable for the proxy holds no URL. */
function proxyOrTarget(target: URL): URL | null {
  try {
    return proxyFor(target, process.env) ?? target;
  } catch {
    return null;
  }
}

function unreachable({ host }: URL, why: string): Exclude<Readiness, { ok: true }> {
  return {
    ok: false,
    reason: `${host} cannot be reached (${why})`,
    cure: 'Check that this machine is online and that the url of this channel under alerts.notify is right',
  };
}
