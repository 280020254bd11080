// Guard in front of all routes: the Host and origin rule, and the methods of each path.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FORM_PATHS } from './api/query-api.ts';
import { refuseForeignOrigin } from '../core/base/request-origin.ts';
import { originOf } from '../system/net/http-listener.ts';
import { sendPlain } from './plain-response.ts';

/** Where Alertmanager posts what it sent: the one path that takes anything. */
export const ALERTMANAGER_WEBHOOK_PATH = '/api/v1/alertmanager';

/**
 * Refuses what may not be asked: from elsewhere, under another name, or by another method.
 *
 * @param allowedHosts further names, in lower case, with or without a port
 * @returns true when it has answered
 */
export function refuseRequest(
  request: IncomingMessage,
  response: ServerResponse,
  allowedHosts: readonly string[],
): boolean {
  const path = pathOf(request);
  const foreign = refuseForeignOrigin(originOf(request), { allowedHosts, isLinkable: isLinkable(path) });
  if (foreign !== null) return refuse(response, foreign.status, foreign.reason);
  const methods = methodsOf(path);
  if (methods.includes(request.method ?? '')) return false;
  response.setHeader('Allow', methods.join(', '));
  const verb = methods.length > 1 ? 'are' : 'is';
  return refuse(response, 405, `Only ${methods.join(' and ')} ${verb} allowed`);
}

/** Path of the target, without its query; empty for one that is neither a path nor a URL. */
export function pathOf({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  if (url.startsWith('/')) return url.split('?', 1)[0] ?? '';
  return URL.canParse(url) ? new URL(url).pathname : '';
}

function refuse(response: ServerResponse, status: 400 | 403 | 405, text: string): true {
  // The body of the request is not read, so the connection cannot be used again.
  sendPlain(response, {
    status,
    text,
    headers: { Connection: 'close', 'X-Content-Type-Options': 'nosniff' },
  });
  return true;
}

function methodsOf(path: string): readonly string[] {
  if (path === ALERTMANAGER_WEBHOOK_PATH) return ['POST'];
  // What only asks may be asked in a form too: long expressions do not fit in a URL.
  if (FORM_PATHS.has(path)) return ['GET', 'HEAD', 'POST'];
  return CHANGING.find(([pattern]) => pattern.test(path))?.[1] ?? ['GET', 'HEAD'];
}

/** What changes something: all of it asks for a session, and for the Origin of our own page. */
const CHANGING: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^\/api\/v1\/session$/u, ['POST', 'DELETE']],
  [/^\/api\/v1\/servers\/[^/]+\/(?:start|stop|restart|update|rollback)$/u, ['POST']],
  [/^\/api\/v1\/silences$/u, ['GET', 'HEAD', 'POST']],
  [/^\/api\/v1\/silences\/[^/]+$/u, ['DELETE']],
];

/**
 * Runbooks are opened from Grafana, from Alertmanager and from chats, and are the same on every machine. So is the document
 * of the page, which a file of `mcp-watchdog open` leads to: what it shows it asks for itself.
 */
function isLinkable(path: string): boolean {
  return path === '/' || path === '/runbooks' || path.startsWith('/runbooks/');
}
