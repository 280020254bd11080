// Wire to the daemon that served this page.
import type { ShownEvent } from '../../core/status/shown-event.ts';
import type {
  Answer,
  EventFilter,
  Fault,
  LogLine,
  NumberedStatus,
  StatusChanges,
  StreamMessage,
  TimeRange,
  Wire,
} from '../model/wire.ts';
import { parseVisible } from '../model/visible.ts';
import { ask, listen, type Ask } from './http.ts';
import { readInstant, readRange, readRules } from './prometheus.ts';
import { openSession } from './session.ts';
import { streamLog } from './log-stream.ts';
import { shareStream } from './shared-stream.ts';

const EVENTS = 200;

/** @param onSession the session of this tab began or ended */
export function createDaemonWire(onSession: () => void = () => undefined): Wire {
  const session = openSession(onSession);

  async function get<T>(path: string, options: Ask = {}): Promise<Answer<T>> {
    const answer = await ask(path, { key: session.key(), ...options });
    if (!answer.ok) endIfLocked(answer.fault);
    return as<T>(answer);
  }

  /** Ends the session here when the daemon no longer knows it. */
  function endIfLocked({ kind }: Fault): void {
    if (kind !== 'locked' || session.key() === null) return;
    session.keep(null);
    onSession();
  }

  const post = (path: string, body: unknown): Promise<Answer<null>> => get(path, { method: 'POST', body });
  const ofServer = (name: string, part: string): string =>
    `/api/v1/servers/${encodeURIComponent(name)}/${part}`;

  async function query<T>(path: string, parameters: Record<string, string>, read: (value: unknown) => T) {
    return mapped(await get<unknown>(`${path}?${new URLSearchParams(parameters).toString()}`), read);
  }

  return {
    async status() {
      const answer = await get<NumberedStatus>('/api/v1/status');
      return answer.ok && !Array.isArray(answer.value.servers) ? FOREIGN : answer;
    },
    stream: (known, onMessage, signal) =>
      shareStream({
        name: `mcp-watchdog-${session.key() === null ? 'open' : 'session'}`,
        known,
        open: ({ boot, seq }, onAny, until) =>
          listen(
            `/api/v1/stream?${new URLSearchParams({ boot, since: String(seq) }).toString()}`,
            ({ name, data }) => onAny(readMessage(name, data)),
            { signal: until, key: session.key() },
          ),
        onMessage,
        signal,
      }),
    async needsYou() {
      return mapped(await get<{ needsYou: number }>('/api/v1/verdict'), ({ needsYou }) => needsYou);
    },
    events: (filter) => get(`/api/v1/events?${eventParameters(filter)}`),
    tools: (server) => get(ofServer(server, 'tools')),
    clients: (server) => get(ofServer(server, 'clients')),
    async log(server, onLines, signal) {
      const path = `${ofServer(server, 'log')}?lines=200`;
      const fault = await streamLog(
        {
          follow: (onBatch, until) =>
            listen(`${path}&follow=1`, ({ data }) => data !== '' && onBatch(readLines(data)), {
              signal: until,
              key: session.key(),
            }),
          read: async () =>
            mapped(await get<{ readonly lines: readonly LogLine[] }>(path), ({ lines }) => lines),
        },
        onLines,
        signal,
      );
      endIfLocked(fault);
      return fault;
    },
    query: (expression) => query('/api/v1/query', { query: expression }, readInstant),
    range: (expression, range) =>
      query('/api/v1/query_range', { query: expression, ...rangeParameters(range) }, (value) =>
        readRange(value, range),
      ),
    rules: () => query('/api/v1/rules', { type: 'alert' }, readRules),
    silences: () => get('/api/v1/silences'),
    silence: (about, hours) => post('/api/v1/silences', { ...about, hours }),
    endSilence: (id) => get(`/api/v1/silences/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    act: (server, action, run) => post(ofServer(server, action), { run }),
    async signIn(code) {
      const answer = await get<{ key: string }>('/api/v1/session', { method: 'POST', body: { code } });
      if (answer.ok) session.keep(answer.value.key);
      return mapped(answer, () => null);
    },
    hasSession: () => session.key() !== null,
  };
}

const FOREIGN: Answer<never> = {
  ok: false,
  fault: { kind: 'foreign', message: 'Another program answers at this address' },
};

/** Our own daemon answered: the types of both sides are those of core. */
function as<T>(answer: Answer<unknown>): Answer<T> {
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return answer as Answer<T>;
}

/** An answer of another form than ours is another program's. */
function mapped<T, U>(answer: Answer<T>, read: (value: T) => U): Answer<U> {
  if (!answer.ok) return answer;
  try {
    return { ok: true, value: read(answer.value) };
  } catch {
    return FOREIGN;
  }
}

function eventParameters({ server, kinds, before }: EventFilter): string {
  return new URLSearchParams({
    limit: String(EVENTS),
    ...(server === null ? {} : { server }),
    ...(kinds.length === 0 ? {} : { kind: kinds.join(',') }),
    ...(before === null ? {} : { before: String(before) }),
  }).toString();
}

function rangeParameters({ start, end, step }: TimeRange): Record<string, string> {
  return { start: String(start), end: String(end), step: String(step) };
}

/** Null for a ping, and for what a newer daemon may send. */
function readMessage(name: string, data: string): StreamMessage | null {
  if (name === 'hello') return { kind: 'hello', ...parsed<{ boot: string; assets: string }>(data) };
  if (name === 'status') return { kind: 'status', ...parsed<StatusChanges>(data) };
  if (name === 'event') return { kind: 'event', event: parsed<ShownEvent>(data) };
  return null;
}

function readLines(data: string): readonly LogLine[] {
  return parsed<{ readonly lines: readonly LogLine[] }>(data).lines;
}

// eslint-disable-next-line typescript/no-unnecessary-type-parameters -- our own daemon wrote it
function parsed<T>(data: string): T {
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return parseVisible(data) as T;
}
