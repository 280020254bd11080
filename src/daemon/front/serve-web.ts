// Web server of the daemon: wires the pages to status and metrics, and decides when it is ready and healthy.
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import type { ServerStatus, Status } from '../../core/model/status.ts';
import { createExemplars } from '../../metrics/exemplars.ts';
import { createOpenMetricsWriter, OPEN_METRICS_TYPE } from '../../metrics/open-metrics.ts';
import type { Recorder } from '../../metrics/recorder.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Logger } from '../../system/files/log.ts';
import { findPortOwner } from '../../system/net/port-owner.ts';
import { createWebApp } from '../../web/front.ts';
import type { AlertmanagerWebhook } from '../../web/alertmanager-webhook.ts';
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
  const app = createWebApp({
    status,
    page: parts.page.source,
    session: parts.page.routes({
      isSecure: protection?.tls !== undefined,
      users: () => protection?.users() ?? [],
    }),
    metrics: savedPage(parts),
    openMetrics: openMetricsPage(parts),
    rules: parts.rules,
    queries: parts.queries,
    now: () => clock.now(),
    allowedHosts: config.metrics.allowedHosts,
    isReady: () => status().servers.every((server) => !isFirstStart(server)),
    isHealthy: () => clock.monotonic() - lastTick < Math.max(LATE, MISSED_TICKS * interval()),
    onOpened: collectLater({ bus, clock }),
    onScrape: (by, host) => bus.publish({ kind: 'scraped', by, host }),
    alertmanagerWebhook: parts.alertmanagerWebhook,
    onFault: (err) => log.error({ err }, 'Cannot answer a request'),
    ...(protection === null ? {} : { access: protection.access }),
  });
  const { host, port } = config.metrics;
  return listenHttp(app, {
    host,
    port,
    setting: 'metrics.listen',
    clock,
    ...(protection?.tls === undefined ? {} : { tls: protection.tls }),
    whoListens: findPortOwner,
    onFault: (err) => log.error({ err }, 'Cannot take a connection'),
  });
}

/** Saves the counters before they are scraped: one that goes back after a crash of ours would count as a reset. */
function savedPage({ recorder, stateStore }: WebParts): Recorder['render'] {
  let shown: unknown = null;
  return async () => {
    const page = await recorder.render();
    if (page.text !== shown) stateStore.saveCounters();
    shown = page.text;
    return page;
  };
}

/** The same in OpenMetrics, with exemplars of the requests through the gateway. */
function openMetricsPage({ bus, recorder, stateStore }: WebParts): Recorder['render'] {
  const exemplars = createExemplars();
  bus.subscribe(exemplars.record);
  const write = createOpenMetricsWriter(exemplars);
  return async () => {
    const samples = await recorder.samples(() => true);
    stateStore.saveCounters();
    return { text: Buffer.from(write(samples)), contentType: OPEN_METRICS_TYPE };
  };
}

/** Tells whether it is still starting for the first time; a server that failed counts as started, its failure shows elsewhere. */
function isFirstStart({ desired, state, run, startFailures, health }: ServerStatus): boolean {
  if (desired === 'down') return false;
  if (state === 'watched') return health.up === null;
  return run <= 1 && startFailures === 0 && (state === 'starting' || state === 'stopped');
}
