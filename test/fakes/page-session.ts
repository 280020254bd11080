// What the web server needs for sessions, recorded: acts, a log and silences that only remember.
import { systemClock } from '../../src/system/time/clock.ts';
import type { SessionRoutesOptions } from '../../src/web/session/add-session.ts';
import type { ShownLine } from '../../src/web/session/log-api.ts';
import { createSessions } from '../../src/web/session/sessions.ts';
import type { ShownSilence } from '../../src/web/session/silences-api.ts';
import type { Web } from './web.ts';

export interface FakeSession extends SessionRoutesOptions {
  readonly acted: string[];
  readonly kept: ShownSilence[];
}

export function fakeSession(parts: Partial<SessionRoutesOptions> = {}): FakeSession {
  const acted: string[] = [];
  const kept: ShownSilence[] = [];
  return {
    acted,
    kept,
    clock: systemClock,
    sessions: createSessions(systemClock),
    isSecure: false,
    isAllowed: () => true,
    actors: () => null,
    async act(server, action, { by }) {
      acted.push(`${action} ${server} by ${by}`);
      return { isDone: true, note: null };
    },
    log: (server) => (server === 'context7' ? lines() : null),
    silences: {
      list: () => kept,
      async add({ server, alert, hours, by }) {
        const one = { id: `s${kept.length}`, matchers: `${alert} ${server}`, comment: '', by, until: hours };
        kept.push(one);
        return one;
      },
      async remove(id) {
        const index = kept.findIndex((one) => one.id === id);
        if (index >= 0) kept.splice(index, 1);
        return index >= 0;
      },
    },
    ...parts,
  };
}

async function* lines(): AsyncGenerator<ShownLine> {
  yield { at: 1, stream: 'stderr', text: 'ready' };
}

/** Headers of our own page. */
export function ownPage({ port }: Pick<Web, 'port'>): Record<string, string> {
  return {
    host: `127.0.0.1:${port}`,
    origin: `http://127.0.0.1:${port}`,
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/json',
  };
}

/** Signs in as the page does; returns the headers of a request with a session. */
export async function signIn(
  web: Web,
  session: Pick<FakeSession, 'sessions'>,
): Promise<Record<string, string>> {
  const { code } = session.sessions.createCode();
  const headers = ownPage(web);
  const answer = await web.ask('/api/v1/session', {
    method: 'POST',
    headers,
    body: JSON.stringify({ code }),
  });
  const [cookie = ''] = [answer.headers['set-cookie']].flat();
  const { key } = JSON.parse(answer.body);
  return { ...headers, cookie: cookie.split(';')[0] ?? '', 'x-watchdog-key': key };
}
