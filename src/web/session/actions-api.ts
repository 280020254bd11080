// Actions of the page on one server: with a session, on the run that was seen, through the handlers of the control socket.
import type { Express } from 'express';
import { WatchdogError } from '../../core/base/errors.ts';
import { isObject } from '../../core/base/guards.ts';
import type { OperatorAction } from '../../core/model/vocabulary.ts';
import type { Status } from '../../core/model/status.ts';
import { actorOf, readJsonBody, refuse, type SessionAccess } from './session-access.ts';

/** Result of an action: what remains to be said, or null. */
export interface ActionResult {
  /** False when nothing was done. */
  readonly isDone: boolean;
  /** One line for people; null where the status says all. */
  readonly note: string | null;
}

/**
 * Acts on a server; the daemon journals it.
 *
 * @throws WatchdogError when it cannot be done
 */
export type Act = (
  server: string,
  action: OperatorAction,
  options: { readonly by: string },
) => Promise<ActionResult>;

const ACTIONS = [
  'start',
  'stop',
  'restart',
  'update',
  'rollback',
] as const satisfies readonly OperatorAction[];

export interface ActionsApiOptions {
  readonly access: SessionAccess;
  readonly status: () => Status;
  readonly act: Act;
}

export function addActionsApi(app: Pick<Express, 'post'>, { access, status, act }: ActionsApiOptions): void {
  for (const action of ACTIONS) {
    const path = `/api/v1/servers/:name/${action}`;
    app.post(path, access.requireOwnPage, access.requireSession, async (request, response) => {
      if (!access.takeTurn(response)) return;
      const body = await readJsonBody(request, response);
      if (body === undefined) return;
      const name = String(request.params['name']);
      const server = status().servers.find((one) => one.name === name);
      if (server === undefined) return refuse(response, 404, 'There is no server of that name');
      const run = isObject(body) ? body['run'] : null;
      if (typeof run !== 'number')
        return refuse(response, 400, '"run" must be the number of the run that was seen');
      if (run !== server.run)
        return refuse(response, 409, `${name} is another run by now (${server.run}, not ${run}): look again`);
      try {
        const result = await act(name, action, { by: actorOf(request, access.options) });
        response.status(result.isDone ? 202 : 409).json(result.isDone ? result : { error: result.note });
      } catch (error) {
        if (!(error instanceof WatchdogError)) throw error;
        response.status(409).json({ error: error.message, hint: error.hint });
      }
    });
  }
}
