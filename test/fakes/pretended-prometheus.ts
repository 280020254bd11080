// Somebody who answers queries as Prometheus does, with one series or none.
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';

export interface PretendedPrometheus {
  readonly url: string;
  /** Label of the series that it answers with; null for no series. */
  instance: string | null;
  readonly queries: string[];
  readonly paths: Set<string>;
}

export async function pretendPrometheus(): Promise<PretendedPrometheus> {
  const state: { -readonly [Key in keyof PretendedPrometheus]: PretendedPrometheus[Key] } = {
    url: '',
    instance: 'localhost:9638',
    queries: [],
    paths: new Set(),
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', state.url);
    state.paths.add(pathname);
    state.queries.push(searchParams.get('query') ?? '');
    const result = state.instance === null ? [] : [{ metric: { instance: state.instance }, value: [0, '1'] }];
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
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
