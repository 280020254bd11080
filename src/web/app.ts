// What is served on `metrics.listen`: read-only, without a secret, to this machine or to whom the web config lets in.
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Express, NextFunction, Request, Response } from 'express';
import type { Status } from '../core/model/status.ts';
import { truncate, neutralise } from '../core/base/text.ts';
import type { AccessControl } from './access.ts';
import { findRefusal, methodsOf, ALERTMANAGER_WEBHOOK_PATH } from '../core/base/request-origin.ts';
import { type AlertmanagerWebhookOptions, receiveAlertmanagerWebhook } from './alertmanager-webhook.ts';
import { addRulesApi, type RulesApiOptions } from './rules-api.ts';
import { renderMissingPage, renderStatusPage } from './pages/status-page.ts';
import { STYLE_SOURCE } from './pages/style.ts';
import { compressOnce, isWorthCompressing } from './compressed-response.ts';

export interface WebAppOptions extends AlertmanagerWebhookOptions, RulesApiOptions {
  readonly status: () => Status;
  readonly metrics: () => Promise<{ readonly text: Buffer; readonly contentType: string }>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Names beside the loopback ones under which we may be asked, in lower case, with or without a port. */
  readonly allowedHosts: readonly string[];
  /** False until every server that should run was started once. */
  readonly isReady: () => boolean;
  /** False when the daemon does not do its work, for instance because its ticks stopped. */
  readonly isHealthy: () => boolean;
  /** Of the web config; without one, whoever may ask is answered. */
  readonly access?: AccessControl;
  /** Told of each reading of /metrics: the user agent, and the Host that was asked for; safe to print, short, perhaps empty. */
  readonly onScrape?: (by: string, host: string) => void;
  /** Told of a fault of ours; the client gets a 500 without details. */
  readonly onFault: (error: unknown) => void;
}

/** express and helmet are loaded here, when they are needed: together they take 13 MB. */
export async function createWebApp(parts: WebAppOptions): Promise<RequestListener> {
  const [{ default: express }, { default: helmet }] = await Promise.all([
    import('express'),
    import('helmet'),
  ]);
  const app = express();
  app.disable('x-powered-by');
  // A hash of megabytes per scrape, which no scraper asks for.
  app.disable('etag');
  app.use(guard(parts.allowedHosts));
  app.use(helmet(SECURITY));
  app.use(forgetful);
  if (parts.access !== undefined) app.use(admit(parts.access));
  addRoutes(app, parts);
  app.use(missing);
  app.use(failed(parts.onFault));
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
  // Only who owns the host name may insist on https, for all that is served under it: the web config can.
  strictTransportSecurity: false,
};

const HEADER_LENGTH = 100;

function addRoutes(app: Pick<Express, 'get' | 'post'>, parts: WebAppOptions): void {
  const { status, metrics, now, isReady, isHealthy, onScrape } = parts;
  app.get('/', (_request, response) => void response.type('html').send(renderStatusPage(status(), now())));
  app.get('/metrics', async (request, response) => {
    await sendText(request, response, await metrics());
    if (request.method === 'GET')
      onScrape?.(short(request.headers['user-agent']), short(request.headers.host));
  });
  app.get('/api/v1/status', (_request, response) => void response.json(status()));
  app.post(ALERTMANAGER_WEBHOOK_PATH, receiveAlertmanagerWebhook(parts));
  addRulesApi(app, parts);
  app.get('/-/healthy', (_request, response) => answer(response, isHealthy(), ['Healthy', 'Not healthy']));
  app.get('/-/ready', (_request, response) => answer(response, isReady(), ['Ready', 'Still starting']));
}

function short(header: string | undefined): string {
  return truncate(neutralise(header ?? ''), HEADER_LENGTH);
}

/** Not `send`: it would look into the text for a character set and a hash. */
async function sendText(
  request: Request,
  response: Response,
  { text, contentType }: { readonly text: Buffer; readonly contentType: string },
): Promise<void> {
  const isSmaller = isWorthCompressing(text) && request.acceptsEncodings('gzip') === 'gzip';
  const body = isSmaller ? await compressOnce(text) : text;
  if (isSmaller) response.set('Content-Encoding', 'gzip');
  response
    .set({ 'Content-Type': contentType, 'Content-Length': String(body.length), Vary: 'Accept-Encoding' })
    .end(body);
}

function answer(response: Response, holds: boolean, [yes, no]: readonly [string, string]): void {
  response
    .status(holds ? 200 : 503)
    .type('text')
    .send(`${holds ? yes : no}\n`);
}

function guard(allowedHosts: readonly string[]) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const refusal = findRefusal(askingOf(request), allowedHosts);
    if (refusal === null) return next();
    if (refusal.status === 405) response.set('Allow', methodsOf(request.path).join(', '));
    // What it may have sent along is not read, so the connection cannot be used again.
    response.set({ Connection: 'close', 'X-Content-Type-Options': 'nosniff' });
    response.status(refusal.status).type('text').send(`${refusal.reason}\n`);
  };
}

function admit(access: AccessControl) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const denial = await access.check(request.headers.authorization);
    response.set(access.headers());
    if (denial === null) return next();
    response.set(denial.headers).status(denial.status).type('text').send(`${denial.reason}\n`);
  };
}

function askingOf({ method = '', path, headers, socket }: IncomingMessage & { readonly path: string }) {
  return {
    method,
    path,
    host: headers.host,
    origin: headers.origin,
    site: first(headers['sec-fetch-site']),
    mode: first(headers['sec-fetch-mode']),
    address: socket.localAddress ?? '',
    port: socket.localPort ?? 0,
  };
}

function first(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

function forgetful(_request: Request, response: Response, next: NextFunction): void {
  response.set('Cache-Control', 'no-store');
  next();
}

function missing(request: Request, response: Response): void {
  const isForPrograms = request.path.startsWith('/api/') || request.accepts(['json', 'html']) === 'json';
  if (isForPrograms) response.status(404).json({ error: 'Not found' });
  else response.status(404).type('html').send(renderMissingPage());
}

function failed(onFault: (error: unknown) => void) {
  // Four parameters are how express knows an error handler.
  return (error: unknown, _request: Request, response: Response, next: NextFunction): void => {
    onFault(error);
    if (response.headersSent) return next(error);
    response.status(500).type('text').send('This went wrong on our side; the log says more\n');
  };
}
