// How the news become one picture: a fold over events, so that page, command line and journal replay cannot disagree.
import type { EventOf, WatchdogEvent } from '../model/events.ts';
import { reduceServer, newServerStatus } from './reduce-server.ts';
import type { DaemonStatus, ServerHistory, Status } from '../model/status.ts';

/** The status after `event`; the same object when it says nothing new. */
export function reduceStatus(
  status: Status,
  event: WatchdogEvent,
  remembered: (server: string) => ServerHistory,
): Status {
  switch (event.kind) {
    case 'server-added':
      return { ...status, servers: [...status.servers, newServerStatus(event, remembered(event.server))] };
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
        // Whoever changes the config may have mended them: the next notification tells.
        ...(event.ok ? { deafChannels: {} } : {}),
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
      return event.error === null || event.collector !== 'process_table' ? status : withoutUsage(status);
    default:
      return 'server' in event ? withServer(status, event) : afterNotice(status, event);
  }
}

/** What the person is told, and what keeps us from it. */
function afterNotice(status: Status, event: WatchdogEvent): Status {
  const { alerts, deafChannels } = status.daemon;
  switch (event.kind) {
    case 'alert':
      return withDaemon(status, { alerts: afterAlert(alerts, event) });
    case 'notified':
      return withDaemon(status, { deafChannels: afterAttempt(deafChannels, event) });
    case 'delivery':
    case 'engine':
      return withDaemon(status, { delivery: afterDelivery(status.daemon.delivery, event) });
    case 'state-persist-failed':
      return withDaemon(status, { lastPersistFailureAt: event.at });
    default:
      return status;
  }
}

function afterDelivery(
  delivery: DaemonStatus['delivery'],
  event: EventOf<'delivery' | 'engine'>,
): DaemonStatus['delivery'] {
  if (event.kind === 'delivery') {
    const { owner, reasons, at } = event;
    return { ...delivery, owner, reasons, since: owner === delivery.owner ? delivery.since : at };
  }
  const { engine, isReachable, isHeardNow, at } = event;
  const lastSeenAt = isHeardNow ? at : delivery.engines[engine].lastSeenAt;
  return { ...delivery, engines: { ...delivery.engines, [engine]: { isReachable, lastSeenAt } } };
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

function afterAlert(alerts: DaemonStatus['alerts'], event: EventOf<'alert'>): DaemonStatus['alerts'] {
  const { name, about, severity, summary, at } = event;
  const index = alerts.findIndex((one) => one.name === name && one.about === about);
  const known = alerts[index];
  if (event.state === 'resolved') return known === undefined ? alerts : alerts.toSpliced(index, 1);
  const firing = { name, about, severity, since: known?.since ?? at, summary };
  return known === undefined ? [...alerts, firing] : alerts.with(index, firing);
}

function afterAttempt(
  deaf: DaemonStatus['deafChannels'],
  { channel, result, reason, detail }: EventOf<'notified'>,
): DaemonStatus['deafChannels'] {
  if (result === 'suppressed') return deaf;
  if (result === 'failed') return { ...deaf, [channel]: detail ?? reason ?? 'it failed' };
  const { [channel]: _, ...others } = deaf;
  return others;
}

function withServer(status: Status, event: Extract<WatchdogEvent, { server: string }>): Status {
  const index = status.servers.findIndex(({ name }) => name === event.server);
  const server = status.servers[index];
  if (server === undefined) return status;
  return { ...status, servers: status.servers.with(index, { ...server, ...reduceServer(server, event) }) };
}
