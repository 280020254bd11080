// Access by session: cookie and key of a request, and what every request that changes something must prove.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { parseJson } from '../../core/base/guards.ts';
import type { Clock } from '../../system/time/clock.ts';
import { createTokenBucket } from '../access.ts';
import { readBody } from '../api/read-body.ts';
import type { Sessions } from './sessions.ts';

export interface SessionOptions {
  readonly clock: Clock;
  readonly sessions: Sessions;
  /** True where the connection is TLS. */
  readonly isSecure: boolean;
  /** False for a listener that the network reaches without TLS: there are no sessions then. */
  readonly isAllowed: () => boolean;
  /**
   * Names of the web config that may read logs and act; null where no password is asked for, so that whoever has a session
   * may.
   */
  readonly actors: () => readonly string[] | null;
}

export interface SessionAccess {
  readonly options: SessionOptions;
  /** True for a request with cookie and key of one session, by somebody who may act. */
  isSignedIn(request: Request): boolean;
  /** Answers 401 to a request without a session, 403 to somebody who may not act. */
  readonly requireSession: (request: Request, response: Response, next: NextFunction) => void;
  /** Refuses what does not come from our own page: Origin, Sec-Fetch-Site where the browser knows it, the type and length of the body. */
  readonly requireOwnPage: (request: Request, response: Response, next: NextFunction) => void;
  /** Takes one of ten requests a minute that change something; answers 429 when there is none. */
  takeTurn(response: Response): boolean;
}

/** Bytes of a body. */
const MAX_BODY = 4 * 1024;
const TURNS = { interval: 6_000, burst: 10 };

export function createSessionAccess(options: SessionOptions): SessionAccess {
  const { sessions, clock, isAllowed } = options;
  const turns = createTokenBucket(() => clock.monotonic());

  function hasSession(request: Request): boolean {
    const cookie = cookieOf(request, cookieName(request, options));
    const key = request.headers['x-watchdog-key'];
    return isAllowed() && typeof key === 'string' && cookie !== null && sessions.isValid(cookie, key);
  }

  function mayAct(request: Request): boolean {
    const actors = options.actors();
    return actors === null || actors.includes(userOf(request) ?? '');
  }

  return {
    options,
    isSignedIn: (request) => hasSession(request) && mayAct(request),
    requireSession(request, response, next) {
      if (!hasSession(request)) return refuse(response, 401, SIGN_IN);
      if (!mayAct(request))
        return refuse(response, 403, 'This user may only read: see page.actors in the config');
      next();
    },
    requireOwnPage(request, response, next) {
      const refusal = refuseForeignPage(request, options);
      if (refusal === null) return next();
      refuse(response, ...refusal);
    },
    takeTurn(response) {
      if (turns.take(TURNS)) return true;
      response.set('Retry-After', '6');
      refuse(response, 429, 'Ten changes a minute are the most');
      return false;
    },
  };
}

const SIGN_IN = 'Sign in first: run mcp-watchdog open';

export function refuse(response: Response, status: number, error: string): void {
  response.status(status).json({ error });
}

/** The guard has compared Host and Origin already: here they must be there. */
function refuseForeignPage(
  request: Request,
  { isSecure }: Pick<SessionOptions, 'isSecure'>,
): readonly [number, string] | null {
  const { headers, method } = request;
  if (headers.origin === undefined) return [403, 'The Origin of the page is missing'];
  const site = headers['sec-fetch-site'] ?? siteBefore(headers, isSecure);
  if (site !== 'same-origin') return [403, 'Only our own page may ask for this'];
  if (method === 'DELETE') return null;
  // A form of a web page could send any other type without a preflight request.
  if (request.is('application/json') !== 'application/json')
    return [415, 'Only application/json is understood'];
  return null;
}

/** What a browser that does not send `Sec-Fetch-Site` (Safari before 16.4) would say: the Origin must be ours to the letter. */
function siteBefore({ origin, host = '' }: IncomingHttpHeaders, isSecure: boolean): string {
  return host !== '' && origin === `${isSecure ? 'https' : 'http'}://${host}` ? 'same-origin' : 'cross-site';
}

/** Reads a body of JSON; answers and returns undefined when it is none, or too large. */
export async function readJsonBody(request: Request, response: Response): Promise<unknown> {
  const text = await readBody(request, MAX_BODY);
  if (text === null) {
    response.set('Connection', 'close');
    refuse(response, 413, `Larger than ${MAX_BODY} bytes`);
    return undefined;
  }
  const body = parseJson(text);
  if (body === undefined) refuse(response, 400, 'The body is no JSON');
  return body;
}

/** Cookies know no ports: the name does. With TLS the browser refuses one that another host or plain HTTP would set. */
export function cookieName(
  { socket }: IncomingMessage,
  { isSecure }: Pick<SessionOptions, 'isSecure'>,
): string {
  return `${isSecure ? '__Host-' : ''}mcpwd_${socket.localPort ?? 0}`;
}

export function cookieOf({ headers }: IncomingMessage, name: string): string | null {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const found = pairs.filter((pair) => pair.startsWith(`${name}=`));
  // Two of one name: somebody else has set one of them.
  return found.length === 1 ? (found[0] ?? '').slice(name.length + 1) : null;
}

/** The name of Basic authentication, which was checked before. */
function userOf({ headers }: IncomingMessage): string | null {
  const encoded = /^Basic +([\w+/=-]+) *$/iu.exec(headers.authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  return Buffer.from(encoded, 'base64').toString('utf8').split(':')[0] ?? null;
}

/** Who acts, for the journal: the user of the web config, else whoever had the link. */
export function actorOf(request: IncomingMessage, { actors }: Pick<SessionOptions, 'actors'>): string {
  return actors() === null ? 'page' : `page, ${userOf(request) ?? 'unknown'}`;
}
