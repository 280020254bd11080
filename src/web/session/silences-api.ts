// Silences of the page: for one server, one alert, or one alert of one server, for some hours.
import type { Express } from 'express';
import { WatchdogError } from '../../core/base/errors.ts';
import { isObject } from '../../core/base/guards.ts';
import { actorOf, readJsonBody, refuse, type SessionAccess } from './session-access.ts';

/** A silence as the page lists it. */
export interface ShownSilence {
  readonly id: string;
  /** `alertname="McpServerDown", server="files"`. */
  readonly matchers: string;
  readonly comment: string;
  readonly by: string;
  /** Ms since the epoch. */
  readonly until: number;
}

/** Null for all servers, and for all alerts; never both. */
export interface SilenceRequest {
  readonly server: string | null;
  readonly alert: string | null;
  readonly hours: number;
  readonly by: string;
}

/** Silences of whoever delivers: our own, or those of Alertmanager. */
export interface SilenceBook {
  list(): readonly ShownSilence[];
  /** @throws WatchdogError when Alertmanager refuses it */
  add(request: SilenceRequest): Promise<ShownSilence>;
  /** @returns false when there is none of that id @throws WatchdogError when Alertmanager refuses it */
  remove(id: string, options: { readonly by: string }): Promise<boolean>;
}

export interface SilencesApiOptions {
  readonly access: SessionAccess;
  readonly silences: SilenceBook;
}

const MAX_HOURS = 24 * 30;
const MAX_NAME = 200;

export function addSilencesApi(
  app: Pick<Express, 'get' | 'post' | 'delete'>,
  { access, silences }: SilencesApiOptions,
): void {
  const { requireOwnPage, requireSession, options } = access;
  app.get('/api/v1/silences', requireSession, (_request, response) => void response.json(silences.list()));
  app.post('/api/v1/silences', requireOwnPage, requireSession, async (request, response) => {
    if (!access.takeTurn(response)) return;
    const body = await readJsonBody(request, response);
    if (body === undefined) return;
    const wanted = readRequest(body);
    if (typeof wanted === 'string') return refuse(response, 400, wanted);
    await answering(response, async () => {
      response.status(201).json(await silences.add({ ...wanted, by: actorOf(request, options) }));
    });
  });
  app.delete('/api/v1/silences/:id', requireOwnPage, requireSession, async (request, response) => {
    if (!access.takeTurn(response)) return;
    await answering(response, async () => {
      const isGone = await silences.remove(String(request.params['id']), { by: actorOf(request, options) });
      if (isGone) response.status(204).end();
      else refuse(response, 404, 'There is no silence of that id');
    });
  });
}

async function answering(response: Parameters<typeof refuse>[0], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof WatchdogError)) throw error;
    response.status(502).json({ error: error.message, hint: error.hint });
  }
}

/** Reads the body; a sentence when it is wrong. */
function readRequest(body: unknown): Omit<SilenceRequest, 'by'> | string {
  const { server = null, alert = null, hours } = isObject(body) ? body : {};
  if (!isName(server) || !isName(alert)) return '"server" and "alert" must be names, or null';
  if (server === null && alert === null) return 'A silence is for a server, an alert, or both';
  if (typeof hours !== 'number' || !(hours > 0 && hours <= MAX_HOURS))
    return `"hours" must be a number up to ${MAX_HOURS}`;
  return { server, alert, hours };
}

function isName(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && value !== '' && value.length <= MAX_NAME);
}
