// How the news become one picture: a fold over events, so that page, command line and journal replay cannot disagree.
import type { EventOf, WatchdogEvent } from './events.ts';
import { changeOf, newServer } from './fold-server.ts';
import type { DaemonStatus, Remembered, Status } from './status.ts';

/** The status after `event`; the same object when it says nothing new. */
export function foldStatus(
  status: Status,
  event: WatchdogEvent,
  remembered: (server: string) => Remembered,
): Status {
  switch (event.kind) {
    case 'server-added':
      return { ...status, servers: [...status.servers, newServer(event, remembered(event.server))] };
    case 'server-removed':
      return { ...status, servers: status.servers.filter(({ name }) => name !== event.server) };
    case 'config-loaded':
      return withDaemon(status, {
        config: {
          path: event.path,
          ok: event.ok,
          error: event.error,
          loadedAt: event.ok ? event.at : status.daemon.config.loadedAt,
        },
      });
    case 'ticked':
      return withDaemon(status, { lastTickAt: event.at });
    case 'gap':
      return withDaemon(status, { gaps: afterGap(status.daemon.gaps, event) });
    case 'brake':
      return withDaemon(status, { braked: event.failing > 0 });
    case 'orphans':
      return withDaemon(status, { orphans: event.found });
    case 'scraped':
      return withDaemon(status, { lastScrapeAt: event.at });
    case 'listening':
      return withDaemon(status, { listen: event.url });
    case 'collected':
      return event.error === null ? status : withoutUsage(status);
    default:
      return 'server' in event ? withServer(status, event) : status;
  }
}

function withDaemon(status: Status, change: Partial<DaemonStatus>): Status {
  return { ...status, daemon: { ...status.daemon, ...change } };
}

/** What was measured last is no longer true once it cannot be measured any more. */
function withoutUsage(status: Status): Status {
  return { ...status, servers: status.servers.map((server) => ({ ...server, usage: null })) };
}

function afterGap(gaps: DaemonStatus['gaps'], event: EventOf<'gap'>): DaemonStatus['gaps'] {
  if (event.cause !== 'sleep') return gaps;
  return { count: gaps.count + 1, sleptMs: gaps.sleptMs + event.duration, lastWakeAt: event.at };
}

function withServer(status: Status, event: Extract<WatchdogEvent, { server: string }>): Status {
  const index = status.servers.findIndex(({ name }) => name === event.server);
  const server = status.servers[index];
  if (server === undefined) return status;
  return { ...status, servers: status.servers.with(index, { ...server, ...changeOf(server, event) }) };
}
