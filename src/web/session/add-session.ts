// Routes of the page that need a session: sign-in, logs, actions and silences.
import type { Express, Request } from 'express';
import type { Status } from '../../core/model/status.ts';
import { type Act, addActionsApi } from './actions-api.ts';
import { addLogApi, type LogApiOptions } from './log-api.ts';
import { createSessionAccess, type SessionOptions } from './session-access.ts';
import { addSignIn } from './sign-in.ts';
import { addSilencesApi, type SilenceBook } from './silences-api.ts';

export interface SessionRoutesOptions extends SessionOptions {
  readonly act: Act;
  readonly log: LogApiOptions['log'];
  readonly silences: SilenceBook;
}

/** @returns what tells whether a request has a session; without options nobody has one */
export function addSessionRoutes(
  app: Pick<Express, 'get' | 'post' | 'delete'>,
  { session, status }: { readonly session?: SessionRoutesOptions | undefined; readonly status: () => Status },
): (request: Request) => boolean {
  if (session === undefined) return () => false;
  const access = createSessionAccess(session);
  addSignIn(app, access);
  addActionsApi(app, { access, status, act: session.act });
  addLogApi(app, { access, clock: session.clock, log: session.log });
  addSilencesApi(app, { access, silences: session.silences });
  return (request) => access.isSignedIn(request);
}
