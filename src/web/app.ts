// Web app on `metrics.listen`: the page, metrics, rules and runbooks.
import type { RequestListener } from 'node:http';
import type { Express, NextFunction, Request, Response } from 'express';
import type { Status } from '../core/model/status.ts';
import { publicForm } from '../core/status/public-status.ts';
import { truncate, neutralise } from '../core/base/text.ts';
import { isObject } from '../core/base/guards.ts';
import type { AccessControl } from './access.ts';
import type { PageSource } from './api/page-source.ts';
import { addReadApi } from './api/read-api.ts';
import { addSessionRoutes, type SessionRoutesOptions } from './session/add-session.ts';
import { type AlertmanagerWebhookOptions, receiveAlertmanagerWebhook } from './alertmanager-webhook.ts';
import { prefersOpenMetrics } from './api/accept.ts';
import { addQueryApi, type QueryApiOptions } from './api/query-api.ts';
import { addPage } from './page/add-page.ts';
import { pageAssets } from './page/assets.ts';
import { addRulesApi, type RulesApiOptions } from './rules-api.ts';
import { addRunbooks } from './runbooks.ts';
import { renderMissingPage } from './pages/document.ts';
import { STYLE_SOURCE } from './pages/style.ts';
import { sendText } from './compressed-response.ts';
import { ALERTMANAGER_WEBHOOK_PATH, guardRequests } from './request-guard.ts';

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
  /** Called with errors of ours; the client gets a 500 without details. */
  readonly onFault: (error: unknown) => void;
}

/** Creates the app; express and helmet are loaded only here, because together they take 13 MB. */
export async function createWebApp(options: WebAppOptions): Promise<RequestListener> {
  const [{ default: express }, { default: helmet }] = await Promise.all([
    import('express'),
    import('helmet'),
  ]);
  const app = express();
  app.disable('x-powered-by');
  // A hash of megabytes per scrape, which no scraper asks for.
  app.disable('etag');
  app.use(guardRequests(options.allowedHosts));
  app.use(helmet(SECURITY));
  app.use(noStore);
  if (options.access !== undefined) app.use(admit(options.access));
  addRoutes(app, options);
  app.use(missing);
  app.use(failed(options.onFault));
  return app;
}

const SECURITY = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'style-src': [STYLE_SOURCE],
      'img-src': ['data:'],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
  },
  // Only the owner of the host name may insist on https, for all that is served under it: the web config can.
  strictTransportSecurity: false,
};

const HEADER_LENGTH = 100;

function addRoutes(app: Pick<Express, 'get' | 'post' | 'delete' | 'use'>, options: WebAppOptions): void {
  const { metrics, openMetrics, now, isReady, isHealthy, onScrape, page } = options;
  const status = (): Status => publicForm(options.status(), page.hide);
  addPage(app, { status, now });
  const isSignedIn = addSessionRoutes(app, { session: options.session, status: options.status });
  app.get('/metrics', async (request, response) => {
    const isOpen = openMetrics !== undefined && prefersOpenMetrics(request.headers.accept);
    await sendText(request, response, await (isOpen ? openMetrics() : metrics()));

    if (request.method === 'GET')
      onScrape?.(short(request.headers['user-agent']), short(request.headers.host));
  });
  addReadApi(app, { source: page, assets: () => pageAssets().hash, isSignedIn });
  app.post(ALERTMANAGER_WEBHOOK_PATH, receiveAlertmanagerWebhook(options));
  addRulesApi(app, options);
  addQueryApi(app, options);
  addRunbooks(app);
  app.get('/-/healthy', (_request, response) => answer(response, isHealthy(), ['Healthy', 'Not healthy']));
  app.get('/-/ready', (_request, response) => answer(response, isReady(), ['Ready', 'Still starting']));
}

function short(header: string | undefined): string {
  return truncate(neutralise(header ?? ''), HEADER_LENGTH);
}

function answer(response: Response, holds: boolean, [yes, no]: readonly [string, string]): void {
  response
    .status(holds ? 200 : 503)
    .type('text')
    .send(`${holds ? yes : no}\n`);
}

function admit(access: AccessControl) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const denial = await access.check(request.headers.authorization);
    response.set(access.headers());
    if (denial === null) return next();
    response.set(denial.headers).status(denial.status).type('text').send(`${denial.reason}\n`);
  };
}

function noStore(_request: Request, response: Response, next: NextFunction): void {
  response.set('Cache-Control', 'no-store');
  next();
}

function missing(request: Request, response: Response): void {
  const isForPrograms = request.path.startsWith('/api/') || request.accepts(['json', 'html']) === 'json';
  if (isForPrograms) response.status(404).json({ error: 'page not found' });
  else response.status(404).type('html').send(renderMissingPage());
}

function failed(onFault: (error: unknown) => void) {
  // Four parameters are how express knows an error handler.
  return (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    // A client that breaks off is no fault of ours, and nobody is left to answer.
    if (request.destroyed && !request.complete) return;
    // Nor is a request that express cannot read, such as a path with half an escape.
    if (isClientFault(error) && !response.headersSent)
      return void response.status(400).type('text').send('The request cannot be read\n');
    onFault(error);
    if (response.headersSent) return next(error);
    response.status(500).type('text').send('Internal error; see the log of mcp-watchdog\n');
  };
}

/** Express marks what is wrong with a request by a status of 4xx. */
function isClientFault(error: unknown): boolean {
  const status = isObject(error) ? error['status'] : null;
  return typeof status === 'number' && status >= 400 && status < 500;
}
