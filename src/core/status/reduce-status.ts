// Reducer of bus events to the status, the one source for page, command line and API.
import {
  type EventHandlers,
  type EventKind,
  type EventOf,
  handleEvent,
  type WatchdogEvent,
} from '../model/events.ts';
import type { DaemonStatus, ServerHistory, Status } from '../model/status.ts';
import { isServerChange, newServerStatus, reduceServer, type ServerChangeKind } from './reduce-server.ts';

type History = (server: string) => ServerHistory;
type StatusKind = Exclude<EventKind, ServerChangeKind>;

/** Returns the status after `event`; the same object when it changes nothing. */
export function reduceStatus(status: Status, event: WatchdogEvent, history: History): Status {
  if (isServerChange(event)) return withServer(status, event);
  return handleEvent<Status, [Status, History], StatusKind>(REDUCERS, event, status, history);
}

const unchanged = (_: WatchdogEvent, status: Status): Status => status;

const REDUCERS: EventHandlers<Status, [Status, History], StatusKind> = {
  'server-added': (event, status, history) => ({
    ...status,
    servers: [...status.servers, newServerStatus(event, history(event.server))],
  }),
  'server-removed': ({ server }, status) => ({
    ...status,
    servers: status.servers.filter(({ name }) => name !== server),
  }),
  'config-loaded': ({ path, ok, error, at }, status) =>
    withDaemon(status, {
      config: { path, ok, error, loadedAt: ok ? at : status.daemon.config.loadedAt },
      // A changed config may have repaired the channels: the next notification shows it.
      ...(ok ? { deafChannels: {} } : {}),
    }),
  ticked: ({ at }, status) => withDaemon(status, { lastTickAt: at }),
  gap: (event, status) => withDaemon(status, { gaps: afterGap(status.daemon.gaps, event) }),
  brake: ({ failing }, status) => withDaemon(status, { braked: failing > 0 }),
  orphans: ({ found }, status) => withDaemon(status, { orphans: found }),
  'orphan-reaped': unchanged,
  scraped: ({ at }, status) => withDaemon(status, { lastScrapeAt: at }),
  listening: ({ url }, status) => withDaemon(status, { listen: url }),
  gateway: ({ url, troubles }, status) => withDaemon(status, { gateway: { url, troubles } }),
  collected: ({ error, collector }, status) =>
    error === null || collector !== 'process_table' ? status : withoutUsage(status),
  'state-persist-failed': ({ at, error }, status) =>
    withDaemon(status, {
      lastPersistFailureAt: at,
      unsaved: { since: status.daemon.unsaved?.since ?? at, reason: error },
    }),
  'state-persisted': (_, status) => withDaemon(status, { unsaved: undefined }),
  job: unchanged,
  'client-refused': unchanged,
  evaluated: ({ failing }, status) =>
    failing === undefined && status.daemon.failingRules === undefined
      ? status
      : withDaemon(status, { failingRules: failing }),
  recorded: unchanged,
  acted: unchanged,
  alert: (event, status) => withDaemon(status, { alerts: afterAlert(status.daemon.alerts, event) }),
  notified: (event, status) =>
    withDaemon(status, { deafChannels: afterAttempt(status.daemon.deafChannels, event) }),
  delivery: (event, status) => withDaemon(status, { delivery: afterDelivery(status.daemon.delivery, event) }),
  engine: (event, status) => withDaemon(status, { delivery: afterSign(status.daemon.delivery, event) }),
};

function afterDelivery(
  delivery: DaemonStatus['delivery'],
  { owner, reasons, at }: EventOf<'delivery'>,
): DaemonStatus['delivery'] {
  return { ...delivery, owner, reasons, since: owner === delivery.owner ? delivery.since : at };
}

function afterSign(
  delivery: DaemonStatus['delivery'],
  { engine, isReachable, isHeardNow, at }: EventOf<'engine'>,
): DaemonStatus['delivery'] {
  const lastSeenAt = isHeardNow ? at : delivery.engines[engine].lastSeenAt;
  return { ...delivery, engines: { ...delivery.engines, [engine]: { isReachable, lastSeenAt } } };
}

function withDaemon(status: Status, change: Partial<DaemonStatus>): Status {
  return { ...status, daemon: { ...status.daemon, ...change } };
}

/** Drops the last measurements once they can no longer be refreshed. */
function withoutUsage(status: Status): Status {
  return { ...status, servers: status.servers.map((server) => ({ ...server, usage: null })) };
}

function afterGap(gaps: DaemonStatus['gaps'], event: EventOf<'gap'>): DaemonStatus['gaps'] {
  if (event.cause !== 'sleep') return gaps;
  return { count: gaps.count + 1, sleptMs: gaps.sleptMs + event.duration, lastWakeAt: event.at };
}

function afterAlert(alerts: DaemonStatus['alerts'], event: EventOf<'alert'>): DaemonStatus['alerts'] {
  const { name, about, severity, summary, runbook, at } = event;
  const index = alerts.findIndex((one) => one.name === name && one.about === about);
  const known = alerts[index];
  if (event.state === 'resolved') return known === undefined ? alerts : alerts.toSpliced(index, 1);
  const firing = { name, about, severity, since: known?.since ?? at, summary, runbook };
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

function withServer(status: Status, event: EventOf<ServerChangeKind>): Status {
  const index = status.servers.findIndex(({ name }) => name === event.server);
  const server = status.servers[index];
  if (server === undefined) return status;
  return { ...status, servers: status.servers.with(index, { ...server, ...reduceServer(server, event) }) };
}
