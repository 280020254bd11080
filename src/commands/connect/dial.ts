// Dialer of a shim: finds who serves the gateway's sockets now, and finds them again after a restart.
import { isObject, parseJson } from '../../core/base/guards.ts';
import { findSocket } from '../../control/control-paths.ts';
import type { Clock } from '../../system/time/clock.ts';
import { pause } from '../../system/time/pause.ts';
import {
  createGatewayClient,
  type ExchangeOutcome,
  type ExchangeRequest,
  type GatewayClient,
} from './gateway-client.ts';

export interface DialOptions {
  /** Sockets as they are called in the home, the daemon's first. */
  readonly sockets: readonly string[];
  readonly clock: Clock;
  /** Ms for which a gateway that is gone may take to come back. */
  readonly patience: number;
  /** Called between two looks while nobody serves: who can serve itself does so, and returns true. */
  readonly takeOver?: () => Promise<boolean>;
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

/** Ms between two looks. */
const LOOK_EVERY = 100;

export function createDialer({ sockets, clock, patience, takeOver }: DialOptions): Dialer {
  let client: GatewayClient | null = null;
  let found: number | null = null;
  let search: Promise<boolean> | null = null;
  const closing = new AbortController();

  async function find(): Promise<readonly string[] | null> {
    for (const [place, socket] of sockets.entries()) {
      const path = findSocket(socket);
      if (path === null) continue;
      const candidate = createGatewayClient(path);
      const names = await namesBehind(candidate);
      if (names === null) {
        candidate.close();
        continue;
      }
      client?.close();
      client = candidate;
      found = place;
      return names;
    }
    return null;
  }

  async function searchOn(): Promise<boolean> {
    const since = clock.monotonic();
    while (!closing.signal.aborted) {
      if ((await find()) !== null) return true;
      if (takeOver !== undefined && (await takeOver())) continue;
      if (clock.monotonic() - since > patience) return false;
      await pause(clock, LOOK_EVERY, closing.signal);
    }
    return false;
  }

  return {
    get found() {
      return found;
    },
    exchange: (what) => client?.exchange(what) ?? Promise.resolve({ kind: 'unreached' }),
    find,
    reconnect() {
      search ??= searchOn().finally(() => (search = null));
      return search;
    },
    close() {
      closing.abort();
      client?.close();
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
