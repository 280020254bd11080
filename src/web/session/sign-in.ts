// Sign-in of the page: a one-time code for a cookie and a key; and sign-out.
import type { Express } from 'express';
import { isObject } from '../../core/base/guards.ts';
import { cookieName, cookieOf, readJsonBody, refuse, type SessionAccess } from './session-access.ts';
import { SESSION_AGE } from './sessions.ts';

const SESSION_PATH = '/api/v1/session';

export function addSignIn(app: Pick<Express, 'post' | 'delete'>, access: SessionAccess): void {
  const { options, requireOwnPage, requireSession } = access;
  const { sessions, isAllowed, isSecure } = options;
  app.post(SESSION_PATH, requireOwnPage, async (request, response) => {
    if (!isAllowed()) {
      refuse(
        response,
        403,
        'There are no sessions where the network can listen: add TLS, see docs/web-config.md',
      );
      return;
    }
    if (!access.takeTurn(response)) return;
    const body = await readJsonBody(request, response);
    if (body === undefined) return;
    const code = isObject(body) ? body['code'] : null;
    const session = typeof code === 'string' ? sessions.begin(code) : null;
    if (session === null) {
      refuse(response, 401, 'The link is used or too old: run mcp-watchdog open again');
      return;
    }
    response.cookie(cookieName(request, options), session.cookie, {
      httpOnly: true,
      sameSite: 'strict',
      secure: isSecure,
      path: '/',
      maxAge: SESSION_AGE,
    });
    response.json({ key: session.key, until: session.until });
  });
  app.delete(SESSION_PATH, requireOwnPage, requireSession, (request, response) => {
    const name = cookieName(request, options);
    sessions.end(cookieOf(request, name) ?? '');
    response.clearCookie(name, { httpOnly: true, sameSite: 'strict', secure: isSecure, path: '/' });
    response.status(204).end();
  });
}
