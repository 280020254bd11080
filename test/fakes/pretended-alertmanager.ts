// Somebody who answers as Alertmanager does, is ready or not as a test says, and remembers what it was posted.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

interface Posted {
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
}

export interface PretendedAlertmanager {
  readonly url: string;
  isReady: boolean;
  /** As `GET /api/v2/silences` has them. */
  silences: readonly unknown[];
  /** As `GET /api/v2/alerts` has them. */
  alerts: readonly unknown[];
  /** How often it was asked whether it is ready. */
  asked: number;
  /** Each message, oldest first. */
  readonly posts: (readonly Posted[])[];
}

export async function pretendAlertmanager(): Promise<PretendedAlertmanager> {
  const state = {
    url: '',
    isReady: true,
    silences: [] as readonly unknown[],
    alerts: [] as readonly unknown[],
    asked: 0,
    posts: [] as (readonly Posted[])[],
  };
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // eslint-disable-next-line typescript/no-unsafe-type-assertion -- as it was posted
    state.posts.push((await json(request)) as readonly Posted[]);
    response.end();
  }
  const server = createServer((request, response) => {
    if (request.url === '/-/ready') state.asked += 1;
    if (!state.isReady) response.writeHead(503).end();
    else if (request.url === '/api/v2/silences') response.end(JSON.stringify(state.silences));
    else if (request.method === 'GET' && request.url?.startsWith('/api/v2/alerts?') === true)
      response.end(JSON.stringify(state.alerts));
    else if (request.url === '/api/v2/alerts') void take(request, response);
    else response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  state.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return state;
}
