// Dialer of a shim: finds who serves the gateway's sockets now, and finds them again after a restart.
import { isObject, parseJson } from '../../core/base/guards.ts';
import { trackFileIdentity } from '../../control/file-identity.ts';
import { findSocket } from '../../control/find-socket.ts';
import type { Clock } from '../../system/time/clock.ts';
import { pause } from '../../system/time/pause.ts';
import {
  createGatewayClient,
  type ExchangeOutcome,
  type ExchangeRequest,
  type GatewayClient,
} from './gateway-client.ts';

/** Whoever may serve while nobody does: it serves here from now on, somebody who lives is about to, or nobody is known. */
export type TakeOver = 'here' | 'elsewhere' | 'nobody';

export interface DialOptions {
  /** Sockets as they are called in the home, the daemon's first. */
  readonly sockets: readonly string[];
  readonly clock: Clock;
  /** Ms for which a gateway that is gone may take to come back. */
  readonly patience: number;
  /** Called between two looks while nobody serves: who can serve itself does so. */
  readonly takeOver?: () => Promise<TakeOver>;
}

export interface Dialer {
  /** Place of the socket that was found last; null before any was. */
  readonly found: number | null;
  /** One exchange with whoever was found last. */
  exchange(request: ExchangeRequest): Promise<ExchangeOutcome>;
  /** Looks once. @returns names of the servers behind the gateway; null when nobody serves */
  find(): Promise<readonly string[] | null>;
  /** Looks until somebody serves, or patience ends; several callers share one search. */
  reconnect(): Promise<boolean>;
  close(): void;
}

/** Ms between two looks: at first, and after a while. A hundred shims that look must leave the processor to what they wait for. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 300;
/** Ms after which a socket that nobody answered on is tried again though it is the same file, and it is asked again who is about to serve. */
const TRY_AGAIN = 1_000;
/** How many times as long a wait may be while somebody who lives is about to serve: on a busy machine that takes its time. */
const WHILE_STARTING = 3;

/** A gateway that answered. */
interface Served {
  readonly path: string;
  readonly isSame: () => boolean;
  readonly client: GatewayClient;
}

export function createDialer({ sockets, clock, patience, takeOver }: DialOptions): Dialer {
  let current: Served | null = null;
  let found: number | null = null;
  let search: Promise<boolean> | null = null;
  const closing = new AbortController();
  /** Sockets that nobody answered on, and whether each is the same file still. */
  const silent = new Map<string, { readonly isSame: () => boolean; readonly at: number }>();

  function isKnownSilent(path: string): boolean {
    const known = silent.get(path);
    return known !== undefined && clock.monotonic() - known.at < TRY_AGAIN && known.isSame();
  }

  async function find(): Promise<readonly string[] | null> {
    for (const [place, socket] of sockets.entries()) {
      const path = findSocket(socket);
      if (path === null || isKnownSilent(path)) continue;
      const names = (await namesAgain(path)) ?? (await namesAnew(path));
      if (names === null) continue;
      silent.clear();
      found = place;
      return names;
    }
    return null;
  }

  /** Asks over the connections that there are: to open others would end the exchanges of whoever found this gateway first. */
  async function namesAgain(path: string): Promise<readonly string[] | null> {
    return current?.path === path && current.isSame() ? namesBehind(current.client) : null;
  }

  async function namesAnew(path: string): Promise<readonly string[] | null> {
    const isSame = trackFileIdentity(path);
    const client = createGatewayClient(path);
    const names = await namesBehind(client);
    if (names === null) {
      client.close();
      silent.set(path, { isSame, at: clock.monotonic() });
      return null;
    }
    current?.client.close();
    current = { path, isSame, client };
    return names;
  }

  async function searchOn(): Promise<boolean> {
    const since = clock.monotonic();
    let who: TakeOver = 'nobody';
    let askedAt = Number.NEGATIVE_INFINITY;
    for (let wait = FIRST_WAIT; !closing.signal.aborted; wait = Math.min(LONGEST_WAIT, wait * 1.2)) {
      if ((await find()) !== null) return true;
      if (takeOver !== undefined && (who === 'nobody' || clock.monotonic() - askedAt >= TRY_AGAIN)) {
        who = await takeOver();
        askedAt = clock.monotonic();
      }
      if (who === 'here') {
        silent.clear();
        who = 'elsewhere';
        continue;
      }
      const left = since + patience * (who === 'elsewhere' ? WHILE_STARTING : 1) - clock.monotonic();
      if (left < 0) return false;
      await pause(clock, Math.min(wait, left + 1), closing.signal);
    }
    return false;
  }

  return {
    get found() {
      return found;
    },
    exchange: (what) => current?.client.exchange(what) ?? Promise.resolve({ kind: 'unreached' }),
    find,
    reconnect() {
      search ??= searchOn().finally(() => (search = null));
      return search;
    },
    close() {
      closing.abort();
      current?.client.close();
    },
  };
}

/** Asks a gateway for its servers; null when nobody answers like one. */
async function namesBehind(client: GatewayClient): Promise<readonly string[] | null> {
  let text = '';
  const outcome = await client.exchange({
    method: 'GET',
    path: '/',
    headers: { accept: 'application/json' },
    onMessage: (body) => void (text = body),
  });
  if (outcome.kind !== 'answered' || outcome.status !== 200) return null;
  const value = parseJson(text);
  const servers = isObject(value) ? value['servers'] : undefined;
  if (!Array.isArray(servers)) return null;
  return servers.flatMap((server: unknown) =>
    isObject(server) && typeof server['name'] === 'string' ? [server['name']] : [],
  );
}
