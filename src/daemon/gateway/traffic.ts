// Traffic of clients through the gateway: recorded call by call, and told on the bus at most once a second a server.
import type { Exchange } from '../../core/gateway/model.ts';
import { createOperationMeter, type OperationMeter } from '../../core/gateway/operations.ts';
import type { ClientLoad } from '../../core/gateway/model.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import { keepSize, noteRequest } from '../../system/v8-flags.ts';
import type { CallLog } from './call-log.ts';

export interface Traffic {
  /** A request of a client has ended. */
  ended(server: string, exchange: Exchange): void;
  /** A client was cut off that did not read what it got. */
  cutOff(server: string): void;
  /** Something about the server's clients has changed: its load is told soon. */
  touch(server: string): void;
  /** Tools of the server's last list. */
  setTools(server: string, names: readonly string[]): void;
  forget(server: string): void;
  load(server: string): ClientLoad | null;
  stop(): void;
}

export interface TrafficParts {
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
  readonly calls: Pick<CallLog, 'add' | 'forget'>;
  /** Null for a server that clients cannot reach. */
  readonly load: (server: string) => ClientLoad | null;
}

interface Counts {
  readonly meter: OperationMeter;
  retried: number;
  waited: number;
  cutOff: number;
  publishedAt: number;
  cancel: (() => void) | null;
}

/** Time between two events of one server, ms. */
const INTERVAL = 1_000;

export function createTraffic({ bus, clock, calls, load }: TrafficParts): Traffic {
  const servers = new Map<string, Counts>();

  function countsOf(server: string): Counts {
    const known = servers.get(server);
    if (known !== undefined) return known;
    const counts: Counts = {
      meter: createOperationMeter(),
      retried: 0,
      waited: 0,
      cutOff: 0,
      publishedAt: Number.NEGATIVE_INFINITY,
      cancel: null,
    };
    servers.set(server, counts);
    return counts;
  }

  /** The first change is told at once with the next turn, those after it a second later. */
  function schedule(server: string, counts: Counts): void {
    if (counts.cancel !== null) return;
    const wait = Math.max(0, counts.publishedAt + INTERVAL - clock.monotonic());
    counts.cancel = clock.after(wait, () => publish(server, counts));
  }

  function publish(server: string, counts: Counts): void {
    counts.cancel = null;
    counts.publishedAt = clock.monotonic();
    keepSize();
    const now = load(server);
    if (now === null) return;
    const { retried, waited, cutOff } = counts;
    counts.retried = 0;
    counts.waited = 0;
    counts.cutOff = 0;
    const operations = counts.meter.take();
    bus.publish({ kind: 'exchanged', server, operations, retried, waited, cutOff, load: now });
    // What is under way will end, or wait longer.
    if (now.inFlight + now.queued > 0) schedule(server, counts);
  }

  return {
    ended(server, exchange) {
      noteRequest();
      calls.add(server, exchange);
      const counts = countsOf(server);
      counts.meter.add(exchange);
      if (exchange.isRetry) counts.retried += 1;
      counts.waited += exchange.waited;
      schedule(server, counts);
    },
    cutOff(server) {
      const counts = countsOf(server);
      counts.cutOff += 1;
      schedule(server, counts);
    },
    touch: (server) => schedule(server, countsOf(server)),
    setTools: (server, names) => countsOf(server).meter.setTools(names),
    forget(server) {
      servers.get(server)?.cancel?.();
      servers.delete(server);
      calls.forget(server);
    },
    load,
    stop() {
      for (const { cancel } of servers.values()) cancel?.();
    },
  };
}
