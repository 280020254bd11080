// Guard in front of all routes: the Host and origin rule, and the methods of each path.
import type { NextFunction, Request, Response } from 'express';
import { FORM_PATHS } from './api/query-api.ts';
import { refuseForeignOrigin } from '../core/base/request-origin.ts';
import { originOf } from '../system/net/http-listener.ts';

/** Where Alertmanager posts what it sent: the one path that takes anything. */
export const ALERTMANAGER_WEBHOOK_PATH = '/api/v1/alertmanager';

/** @param allowedHosts further names, in lower case, with or without a port */
export function guardRequests(allowedHosts: readonly string[]) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const foreign = refuseForeignOrigin(originOf(request), {
      allowedHosts,
      isLinkable: isLinkable(request.path),
    });
    if (foreign !== null) return refuse(response, foreign.status, foreign.reason);
    const methods = methodsOf(request.path);
    if (methods.includes(request.method)) return next();
    response.set('Allow', methods.join(', '));
    refuse(response, 405, `Only ${methods.join(' and ')} ${methods.length > 1 ? 'are' : 'is'} allowed`);
  };
}

function refuse(response: Response, status: 400 | 403 | 405, reason: string): void {
  // The body of the request is not read, so the connection cannot be used again.
  response.set({ Connection: 'close', 'X-Content-Type-Options': 'nosniff' });
  response.status(status).type('text').send(`${reason}\n`);
}

function methodsOf(path: string): readonly string[] {
  if (path === ALERTMANAGER_WEBHOOK_PATH) return ['POST'];
  // What only asks may be asked in a form too: long expressions do not fit in a URL.
  return FORM_PATHS.has(path) ? ['GET', 'HEAD', 'POST'] : ['GET', 'HEAD'];
}

/** Runbooks are opened from Grafana, from Alertmanager and from chats, and are the same on every machine. */
function isLinkable(path: string): boolean {
  return path === '/runbooks' || path.startsWith('/runbooks/');
}
