// Front of `metrics.listen`: the checks that every request passes, and what monitoring reads; pages and APIs are loaded when somebody asks.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import helmet from 'helmet';
import { neutralise, truncate } from '../core/base/text.ts';
import type { AccessControl } from './access.ts';
import { prefersOpenMetrics } from './api/accept.ts';
import type { WebAppOptions } from './app.ts';
import { compressOnce, isCompressed, sendText } from './compressed-response.ts';
import { STYLE_SOURCE } from './pages/style.ts';
import { type PlainRoutes, sendFault, sendPlain } from './plain-response.ts';
import { pathOf, refuseRequest } from './request-guard.ts';

/** Loads the app of express, which has all routes but the checks in front of them. */
export type LoadPages = (options: WebAppOptions, routes: PlainRoutes) => Promise<RequestListener>;

/**
 * Creates the listener. Scrapers and health checks are answered without express, which with the pages takes 6 MiB of resident
 * memory; on most days nobody opens them.
 */
export function createWebApp(options: WebAppOptions, load: LoadPages = loadPages): RequestListener {
  const { allowedHosts, access, onFault } = options;
  const protect = helmet(SECURITY);
  const routes = plainRoutes(options);
  let pages: Promise<RequestListener> | null = null;

  function loaded(): Promise<RequestListener> {
    pages ??= load(options, routes).catch((error: unknown) => {
      // The next request tries it again.
      pages = null;
      throw error;
    });
    return pages;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (refuseRequest(request, response, allowedHosts)) return;
    protect(request, response, () => undefined);
    response.setHeader('Cache-Control', 'no-store');
    if (access !== undefined && (await isDenied(access, request, response))) return;
    const route = routes.get(pathOf(request));
    if (route === undefined) (await loaded())(request, response);
    else await route(request, response);
  }

  return (request, response) =>
    void answer(request, response).catch((error: unknown) =>
      sendFault(error, { request, response, onFault }),
    );
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

async function loadPages(options: WebAppOptions, routes: PlainRoutes): Promise<RequestListener> {
  const { createPages } = await import('./app.ts');
  return createPages(options, routes);
}

async function isDenied(
  access: AccessControl,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const denial = await access.check(request.headers.authorization);
  for (const [name, value] of Object.entries(access.headers())) response.setHeader(name, value);
  if (denial === null) return false;
  sendPlain(response, { status: denial.status, text: denial.reason, headers: denial.headers });
  return true;
}

function plainRoutes(options: WebAppOptions): PlainRoutes {
  const { isReady, isHealthy } = options;
  return new Map([
    ['/metrics', metricsRoute(options)],
    ['/-/healthy', (_request, response) => tell(response, isHealthy(), ['Healthy', 'Not healthy'])],
    ['/-/ready', (_request, response) => tell(response, isReady(), ['Ready', 'Still starting'])],
  ]);
}

function metricsRoute({ metrics, openMetrics, onScrape, ahead }: WebAppOptions) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const isOpen = openMetrics !== undefined && prefersOpenMetrics(request.headers.accept);
    const read = isOpen ? openMetrics : metrics;
    const from = request.socket.remoteAddress;
    const page = await read();
    await sendText(request, response, page);
    if (request.method !== 'GET') return;
    const [by, host] = [short(request.headers['user-agent']), short(request.headers.host)];
    onScrape?.(by, host);
    const isPacked = isCompressed(request, page.text);
    ahead?.note(`${from} ${by} ${isOpen} ${isPacked}`, async () => {
      const { text, contentType } = await read();
      if (isPacked) await compressOnce(text, contentType);
    });
  };
}

const HEADER_LENGTH = 100;

function short(header: string | undefined): string {
  return truncate(neutralise(header ?? ''), HEADER_LENGTH);
}

async function tell(
  response: ServerResponse,
  holds: boolean,
  [yes, no]: readonly [string, string],
): Promise<void> {
  sendPlain(response, { status: holds ? 200 : 503, text: holds ? yes : no });
}
