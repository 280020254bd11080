// Read endpoints of the page: status, verdict, stream, events, tools and clients; for everybody who may ask this server.
import type { Express, Request, Response } from 'express';
import { publicForm } from '../../core/status/public-status.ts';
import { foldEvents, publicEvent } from '../../core/status/shown-event.ts';
import type { EventQuery, PageSource } from './page-source.ts';
import { createStatusFeed } from './status-feed.ts';
import { createStreams } from './stream.ts';

export interface ReadApiOptions {
  readonly source: PageSource;
  readonly assets: () => string;
  /** Called when nobody looks at the page any more. */
  readonly onUnwatched?: () => void;
  /** True for a request with a valid session: it is shown the words of servers and places on the disk. */
  readonly isSignedIn: (request: Request) => boolean;
}

const MAX_EVENTS = 200;
const DEFAULT_EVENTS = 100;

export function addReadApi(app: Pick<Express, 'get'>, options: ReadApiOptions): void {
  const { source, isSignedIn } = options;
  const feed = createStatusFeed(source);
  const streams = createStreams({ ...options, feed });
  app.get('/api/v1/status', (request, response) => void response.json(feed.whole(isSignedIn(request))));
  app.get('/api/v1/verdict', (_request, response) => void response.json(feed.verdict()));
  app.get('/api/v1/stream', (request, response) =>
    streams.open(request, response, () => isSignedIn(request)),
  );
  app.get('/api/v1/events', async (request, response) => {
    const query = readQuery(request);
    if (typeof query === 'string') {
      response.status(400).json({ error: query });
      return;
    }
    const { events, next } = await source.events(query);
    const shown = isSignedIn(request) ? events : events.map((event) => publicEvent(event, source.hide));
    response.json({ events: foldEvents(shown), next });
  });
  app.get('/api/v1/servers/:name/tools', async (request, response) => {
    const tools = await source.tools(request.params.name);
    sendOrMissing(response, tools);
  });
  app.get('/api/v1/servers/:name/clients', (request, response) => {
    const clients = source.clients(request.params.name);
    sendOrMissing(
      response,
      clients === null || isSignedIn(request) ? clients : publicForm(clients, source.hide),
    );
  });
}

function sendOrMissing(response: Response, found: object | null): void {
  if (found === null) response.status(404).json({ error: 'There is no server of that name' });
  else response.json(found);
}

/** Reads the parameters; a sentence when one of them is wrong. */
function readQuery(request: Request): EventQuery | string {
  const parameters = new URL(request.url, 'http://localhost').searchParams;
  const before = numberIn(parameters, 'before');
  const limit = numberIn(parameters, 'limit') ?? DEFAULT_EVENTS;
  if (before !== null && !Number.isFinite(before)) return '"before" must be a time in ms since the epoch';
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_EVENTS)
    return `"limit" must be a number from 1 to ${MAX_EVENTS}`;
  const kinds = parameters
    .getAll('kind')
    .flatMap((value) => value.split(','))
    .filter((kind) => kind !== '');
  const server = parameters.get('server');
  return { before, limit, server: server === '' ? null : server, kinds: kinds.length === 0 ? null : kinds };
}

function numberIn(parameters: URLSearchParams, name: string): number | null {
  const value = parameters.get(name);
  if (value === null || value === '') return null;
  return /^\d+$/u.test(value) ? Number(value) : Number.NaN;
}
