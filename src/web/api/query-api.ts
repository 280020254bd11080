// Read API of Prometheus over HTTP: parameters from the URL and from form bodies, answers in pieces.
import { once } from 'node:events';
import type { Express, Request, Response } from 'express';
import { readBody } from './read-body.ts';

/** Parameters of a form body first, then those of the URL. */
interface QueryParameters {
  get(name: string): string | null;
  getAll(name: string): string[];
}

interface QueryAnswer {
  readonly status: number;
  /** JSON text, in pieces. */
  readonly pieces: readonly string[];
  /** Seconds after which to ask again; null when there is no use in it. */
  readonly retryAfter: number | null;
}

export interface QueryApiOptions {
  /** Answers questions below /api/v1/; null for a path that is not there. Left out, no path is. */
  readonly queries?: (
    path: string,
    parameters: QueryParameters,
    signal: AbortSignal,
  ) => Promise<QueryAnswer | null>;
}

const ROOT = '/api/v1/';
/** Bytes of a form body. */
const LARGEST = 16 * 1024;
/** Characters that are sent at once. */
const CHUNK = 64 * 1024;

/** Endpoints that also take their parameters from a form body, as promtool and Grafana send them. */
export const FORM_PATHS: ReadonlySet<string> = new Set(
  ['query', 'query_range', 'query_exemplars', 'series', 'labels', 'format_query', 'parse_query'].map(
    (name) => ROOT + name,
  ),
);

/** To be added after the other routes below /api/v1/. */
export function addQueryApi(app: Pick<Express, 'use'>, { queries }: QueryApiOptions): void {
  app.use(async (request: Request, response: Response, next) => {
    if (queries === undefined || !request.path.startsWith(ROOT)) return next();
    const parameters = await parametersOf(request);
    if (parameters === null) return refuseLarge(response);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const answer = await queries(pathOf(request), parameters, gone.signal);
    if (answer === null) return next();
    if (answer.retryAfter !== null) response.set('Retry-After', String(answer.retryAfter));
    response.status(answer.status).type('json');
    await send(response, answer.pieces);
  });
}

function pathOf({ path }: Request): string {
  const rest = path.slice(ROOT.length);
  try {
    return decodeURIComponent(rest);
  } catch {
    return rest;
  }
}

/** Null when the body is too large. */
async function parametersOf(request: Request): Promise<QueryParameters | null> {
  const inUrl = new URL(request.url, 'http://localhost').searchParams;
  if (request.method !== 'POST') return inUrl;
  const body = await readBody(request, LARGEST);
  if (body === null) return null;
  const isForm = typeof request.is('application/x-www-form-urlencoded') === 'string';
  const inBody = new URLSearchParams(isForm ? body : '');
  return {
    get: (name) => inBody.get(name) ?? inUrl.get(name),
    getAll: (name) => [...inBody.getAll(name), ...inUrl.getAll(name)],
  };
}

function refuseLarge(response: Response): void {
  const error = `the body is larger than ${LARGEST} bytes`;
  response.status(413).set('Connection', 'close').json({ status: 'error', errorType: 'bad_data', error });
}

/** Sends as fast as the client reads: an answer may have megabytes. */
async function send(response: Response, pieces: readonly string[]): Promise<void> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < CHUNK) continue;
    if (!response.write(text) && !response.destroyed)
      await Promise.race([once(response, 'drain'), once(response, 'close')]);
    if (response.destroyed) return;
    text = '';
  }
  response.end(text);
}
