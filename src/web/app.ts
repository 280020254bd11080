// App of express behind the front of `metrics.listen`: the page, its API, rules and runbooks.
import type { RequestListener } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { Status } from '../core/model/status.ts';
import { publicForm } from '../core/status/public-status.ts';
import { isObject } from '../core/base/guards.ts';
import type { AccessControl } from './access.ts';
import type { PageSource } from './api/page-source.ts';
import { addReadApi } from './api/read-api.ts';
import { addSessionRoutes, type SessionRoutesOptions } from './session/add-session.ts';
import { type AlertmanagerWebhookOptions, receiveAlertmanagerWebhook } from './alertmanager-webhook.ts';
import { addQueryApi, type QueryApiOptions } from './api/query-api.ts';
import { addPage } from './page/add-page.ts';
import { pageAssets } from './page/assets.ts';
import { addRulesApi, type RulesApiOptions } from './rules-api.ts';
import { addRunbooks } from './runbooks.ts';
import { renderMissingPage } from './pages/document.ts';
import { type PlainRoutes, sendFault, sendPlain } from './plain-response.ts';
import { ALERTMANAGER_WEBHOOK_PATH } from './request-guard.ts';
import type { ScrapeAhead } from './scrape-ahead.ts';

export interface WebAppOptions extends AlertmanagerWebhookOptions, RulesApiOptions, QueryApiOptions {
  readonly status: () => Status;
  readonly page: PageSource;
  /** Left out, nobody can sign in. */
  readonly session?: SessionRoutesOptions;
  readonly metrics: () => Promise<{ readonly text: Buffer; readonly contentType: string }>;
  /** The same in the format OpenMetrics; left out, only `metrics` is served. */
  readonly openMetrics?: WebAppOptions['metrics'];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Host names accepted beside the loopback ones, in lower case, with or without a port. */
  readonly allowedHosts: readonly string[];
  /** False until every server that should run was started once. */
  readonly isReady: () => boolean;
  /** False when the daemon does not work, for instance because its ticks stopped. */
  readonly isHealthy: () => boolean;
  /** From the web config; left out, every request that passes the guard is answered. */
  readonly access?: AccessControl;
  /** Called after each scrape of /metrics with the user agent and the Host header; safe to print, short, perhaps empty. */
  readonly onScrape?: (by: string, host: string) => void;
  /** Has the text ready for scrapers in a rhythm; left out, each scrape makes its own. */
  readonly ahead?: Pick<ScrapeAhead, 'note'>;
  /** Called once, when somebody has asked for a page and the pages are loaded. */
  readonly onOpened?: () => void;
  /** Called when nobody looks at the page any more. */
  readonly onUnwatched?: () => void;
  /** Called with errors of ours; the client gets a 500 without details. */
  readonly onFault: (error: unknown) => void;
}

/** Creates the app behind the checks of `createWebApp`, which every request has passed. */
export function createPages(options: WebAppOptions, routes: PlainRoutes): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  // A hash of megabytes per scrape, which no scraper asks for.
  app.disable('etag');
  addRoutes(app, options, routes);
  app.use(missing);
  app.use(failed(options.onFault));
  options.onOpened?.();
  return app;
}

function addRoutes(
  app: Pick<Express, 'get' | 'post' | 'delete' | 'use'>,
  options: WebAppOptions,
  routes: PlainRoutes,
): void {
  const { now, page } = options;
  const status = (): Status => publicForm(options.status(), page.hide);
  addPage(app, { status, now });
  const isSignedIn = addSessionRoutes(app, { session: options.session, status: options.status });
  // As others write them: `/Metrics`, `/-/ready/`.
  for (const [path, route] of routes) app.get(path, route);
  addReadApi(app, {
    source: page,
    assets: () => pageAssets().hash,
    isSignedIn,
    ...(options.onUnwatched !== undefined && { onUnwatched: options.onUnwatched }),
  });
  app.post(ALERTMANAGER_WEBHOOK_PATH, receiveAlertmanagerWebhook(options));
  addRulesApi(app, options);
  addQueryApi(app, options);
  addRunbooks(app);
}

function missing(request: Request, response: Response): void {
  const isForPrograms = request.path.startsWith('/api/') || request.accepts(['json', 'html']) === 'json';
  if (isForPrograms) response.status(404).json({ error: 'page not found' });
  else response.status(404).type('html').send(renderMissingPage());
}

function failed(onFault: (error: unknown) => void) {
  // Four parameters are how express knows an error handler.
  return (error: unknown, request: Request, response: Response, _next: NextFunction): void => {
    // What express cannot read, such as a path with half an escape, is no fault of ours.
    const isUnreadable = isClientFault(error) && !response.headersSent;
    if (isUnreadable) sendPlain(response, { status: 400, text: 'The request cannot be read' });
    else sendFault(error, { request, response, onFault });
  };
}

/** Express marks what is wrong with a request by a status of 4xx. */
function isClientFault(error: unknown): boolean {
  const status = isObject(error) ? error['status'] : null;
  return typeof status === 'number' && status >= 400 && status < 500;
}
