// Web server of the daemon: wires the pages to status and metrics, and decides when it is ready and healthy.
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import type { ServerStatus, Status } from '../../core/model/status.ts';
import type { Recorder } from '../../metrics/recorder.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Logger } from '../../system/files/log.ts';
import { findPortOwner } from '../../system/net/port-owner.ts';
import { createWebApp } from '../../web/front.ts';
import type { WebAppOptions } from '../../web/app.ts';
import type { AlertmanagerWebhook } from '../../web/alertmanager-webhook.ts';
import { createScrapeAhead } from '../../web/scrape-ahead.ts';
import { listenHttp, type HttpListener } from '../../system/net/http-listener.ts';
import type { QueryApiOptions } from '../../web/api/query-api.ts';
import type { RulesApiOptions } from '../../web/rules-api.ts';
import type { StateStore } from '../home/state-store.ts';
import { collectLater } from '../own-load.ts';
import type { Page } from './open-page.ts';
import { openWebAccess } from './web-access.ts';

export interface WebParts {
  readonly config: DaemonConfig;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Logger;
  readonly recorder: Recorder;
  readonly stateStore: StateStore;
  /** Ms between two ticks, as of now. */
  readonly interval: () => number;
  readonly status: () => Status;
  readonly page: Page;
  readonly rules: NonNullable<RulesApiOptions['rules']>;
  readonly queries: NonNullable<QueryApiOptions['queries']>;
  readonly alertmanagerWebhook: AlertmanagerWebhook;
}

/** Ticks that may be missing before the daemon reports itself unhealthy. */
const MISSED_TICKS = 4;
/** Ms without a tick that are nothing yet, however short the interval: a busy machine is late too. */
const LATE = 10_000;

/** @throws WatchdogError LISTEN_FAILED */
export async function serveWeb(parts: WebParts): Promise<HttpListener> {
  const { config, clock, bus, log, status, interval } = parts;
  let lastTick = clock.monotonic();
  bus.subscribe((event) => {
    if (event.kind === 'ticked') lastTick = clock.monotonic();
  });
  const protection = await openWebAccess(config.metrics, { clock, log });
  const ahead = createScrapeAhead(clock, (err) => log.error({ err }, 'Cannot prepare /metrics'));
  const leftGarbage = collectLater({ bus, clock });
  const app = createWebApp({
    status,
    page: parts.page.source,
    session: parts.page.routes({
      isSecure: protection?.tls !== undefined,
      users: () => protection?.users() ?? [],
    }),
    metrics: savedPage(parts, 'text'),
    openMetrics: savedPage(parts, 'open-metrics'),
    rules: parts.rules,
    queries: parts.queries,
    now: () => clock.now(),
    allowedHosts: config.metrics.allowedHosts,
    isReady: () => status().servers.every((server) => !isFirstStart(server)),
    isHealthy: () => clock.monotonic() - lastTick < Math.max(LATE, MISSED_TICKS * interval()),
    onOpened: leftGarbage,
    onUnwatched: leftGarbage,
    ahead,
    onScrape: (by, host) => bus.publish({ kind: 'scraped', by, host }),
    alertmanagerWebhook: parts.alertmanagerWebhook,
    onFault: (err) => log.error({ err }, 'Cannot answer a request'),
    ...(protection === null ? {} : { access: protection.access }),
  });
  const { host, port } = config.metrics;
  const listener = await listenHttp(app, {
    host,
    port,
    setting: 'metrics.listen',
    clock,
    ...(protection?.tls === undefined ? {} : { tls: protection.tls }),
    whoListens: findPortOwner,
    onFault: (err) => log.error({ err }, 'Cannot take a connection'),
  });
  return {
    ...listener,
    close() {
      ahead.stop();
      return listener.close();
    },
  };
}

/** Saves the counters before they are scraped: one that goes back after a crash of ours would count as a reset. */
function savedPage(
  { recorder, stateStore }: WebParts,
  format: Parameters<Recorder['render']>[0],
): WebAppOptions['metrics'] {
  let shown: unknown = null;
  return async () => {
    const page = await recorder.render(format);
    if (page.text !== shown) stateStore.saveCounters();
    shown = page.text;
    return page;
  };
}

/** Tells whether it is still starting for the first time; a server that failed counts as started, its failure shows elsewhere. */
function isFirstStart({ desired, state, run, startFailures, health }: ServerStatus): boolean {
  if (desired === 'down') return false;
  if (state === 'watched') return health.up === null;
  return run <= 1 && startFailures === 0 && (state === 'starting' || state === 'stopped');
}
