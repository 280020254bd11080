// What is known right now: a fold over events, so that page, command line and journal replay cannot disagree.
import {
  type EventOf,
  type Handshake,
  type HealthVerdict,
  type ProbeName,
  RESTART_REASONS,
  type RestartReason,
  type ServerStateName,
  type StartFailure,
  type TreeUsage,
  type WatchdogEvent,
} from './events.ts';
import { hasProcess, stateName } from './lifecycle-state.ts';
import { budgetRemaining } from './restart-policy.ts';
import type { ServerSpec } from './server.ts';

/** Everything that status, page and CLI show. Times are milliseconds since the epoch, durations milliseconds. */
export interface Status {
  readonly daemon: DaemonStatus;
  /** In the order of the config. */
  readonly servers: readonly ServerStatus[];
}

export interface DaemonStatus {
  readonly version: string;
  readonly pid: number;
  readonly home: string;
  readonly startedAt: number;
  /** Where /metrics and the page are, null while not listening. */
  readonly listen: string | null;
  readonly config: {
    readonly path: string;
    readonly ok: boolean;
    readonly error: string | null;
    readonly loadedAt: number | null;
  };
  readonly lastTickAt: number | null;
  readonly gaps: { readonly count: number; readonly sleptMs: number; readonly lastWakeAt: number | null };
  readonly braked: boolean;
}

export interface ServerStatus {
  readonly name: string;
  readonly source: ServerSpec['source']['kind'];
  readonly package: string | null;
  readonly transport: ServerSpec['transport'];
  readonly url: string | null;
  readonly enabled: boolean;
  readonly desired: 'up' | 'down';
  /** `watched`: only a url; it has health and no life of ours. */
  readonly state: ServerStateName | 'watched';
  readonly since: number;
  readonly run: number;
  readonly pid: number | null;
  readonly startedAt: number | null;
  readonly version: string | null;
  readonly handshake: Handshake | null;
  readonly health: HealthVerdict;
  readonly usage: TreeUsage | null;
  readonly limits: ServerSpec['limits'];
  readonly overLimit: readonly ('memory' | 'cpu')[];
  readonly tools: number | null;
  /** The last result of each probe kind that was used; `took` in ms, null when it did not pass. */
  readonly probes: Readonly<
    Partial<Record<ProbeName, { readonly at: number; readonly ok: boolean; readonly took: number | null }>>
  >;
  readonly restarts: Readonly<Record<RestartReason, number>>;
  readonly startFailures: number;
  readonly lastRestart: {
    readonly at: number;
    readonly reason: RestartReason;
    readonly detail: string | null;
  } | null;
  readonly lastExit: {
    readonly at: number;
    readonly code: number | null;
    readonly signal: string | null;
  } | null;
  readonly lastFailure: ({ readonly at: number } & StartFailure) | null;
  /** When the next attempt is due; null when none is. */
  readonly nextAttemptAt: number | null;
  readonly backoff: number;
  readonly budgetRemaining: number;
  /** How often SIGKILL had to be repeated: more than 0 means that the system does not let the process go. */
  readonly killRepeats: number;
  /** What is worth a line beside the state: an install in progress, an older version in use offline. */
  readonly note: string | null;
  /** The last lines of stderr before the last exit, neutralised. */
  readonly lastLines: readonly string[];
}

const UNKNOWN_HEALTH: HealthVerdict = {
  up: null,
  suspect: false,
  unauthorized: false,
  consecutiveFailures: 0,
  detail: null,
};

/** Counters that outlive the daemon: what `run/state.json` gave back. */
export type Remembered = Pick<ServerStatus, 'restarts' | 'startFailures' | 'lastRestart' | 'lastExit'>;

export const NOTHING_REMEMBERED: Remembered = {
  restarts: Object.fromEntries(RESTART_REASONS.map((reason) => [reason, 0])) as Record<RestartReason, number>,
  startFailures: 0,
  lastRestart: null,
  lastExit: null,
};

/** The status after `event`; the same object when it says nothing new. */
export function foldStatus(
  status: Status,
  event: WatchdogEvent,
  remembered: (server: string) => Remembered,
): Status {
  switch (event.kind) {
    case 'server-added':
      return { ...status, servers: [...status.servers, fresh(event, remembered(event.server))] };
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
    case 'listening':
      return withDaemon(status, { listen: event.url });
    case 'collected':
      return event.error === null ? status : withoutUsage(status);
    case 'state-persist-failed':
      return status;
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

function changeOf(
  server: ServerStatus,
  event: Extract<WatchdogEvent, { server: string }>,
): Partial<ServerStatus> {
  switch (event.kind) {
    case 'server-changed':
      return factsOf(event.spec);
    case 'transition':
      return afterTransition(event);
    case 'spawned':
      return {
        pid: event.pid,
        run: event.run,
        startedAt: event.at,
        version: event.version ?? server.version,
        note: null,
      };
    case 'exited':
      return {
        lastExit: { at: event.at, code: event.code, signal: event.signal },
        lastLines: event.lastLines,
      };
    case 'restarted':
      return {
        restarts: { ...server.restarts, [event.reason]: server.restarts[event.reason] + 1 },
        lastRestart: { at: event.at, reason: event.reason, detail: event.detail },
      };
    case 'start-failed':
      return { startFailures: server.startFailures + 1, lastFailure: { at: event.at, ...event.failure } };
    case 'install-progress':
      return { note: event.line };
    case 'installed':
      return { note: null, version: event.version };
    case 'using-installed':
      return { note: event.why, version: event.version };
    case 'waiting':
      return { note: event.on.length === 0 ? null : `waiting for ${event.on.join(', ')}` };
    case 'handshake':
      return { handshake: event.handshake, version: server.version ?? event.handshake.serverVersion };
    case 'probed':
      return afterProbe(server, event);
    case 'health':
      return { health: event.health };
    case 'sampled':
      return { usage: event.usage };
    case 'limit':
      return {
        overLimit: [
          ...server.overLimit.filter((resource) => resource !== event.resource),
          ...(event.level === 'ok' ? [] : [event.resource]),
        ],
      };
    default:
      return {};
  }
}

function afterTransition(event: EventOf<'transition'>): Partial<ServerStatus> {
  const { from, to, at } = event;
  const state = stateName(to);
  return {
    ...(from.phase === to.phase && from.run === to.run ? {} : { since: at }),
    ...(hasProcess(to) ? {} : WITHOUT_PROCESS),
    state,
    desired: to.wanted,
    run: to.run,
    budgetRemaining: event.budgetRemaining,
    nextAttemptAt: event.nextAttemptAt,
    backoff: 'delay' in to ? to.delay : 0,
    killRepeats: to.phase === 'stopping' ? to.repeats : 0,
    // A server that runs has outlived what it last failed to start for.
    ...(to.phase === 'running' ? { lastFailure: null } : {}),
  };
}

const WITHOUT_PROCESS = {
  pid: null,
  startedAt: null,
  usage: null,
  handshake: null,
  health: UNKNOWN_HEALTH,
  overLimit: [],
};

function afterProbe(server: ServerStatus, { probe, result, at }: EventOf<'probed'>): Partial<ServerStatus> {
  if (result.outcome === 'inconclusive') return {};
  const ok = result.outcome === 'passed';
  const probes = { ...server.probes, [probe]: { at, ok, took: ok ? result.took : null } };
  return ok && result.tools !== undefined ? { probes, tools: result.tools } : { probes };
}

function fresh({ spec, at }: EventOf<'server-added'>, remembered: Remembered): ServerStatus {
  return {
    ...factsOf(spec),
    ...remembered,
    ...WITHOUT_PROCESS,
    desired: spec.enabled ? 'up' : 'down',
    state: spec.source.kind === 'url' ? 'watched' : 'stopped',
    since: at,
    run: 0,
    version: null,
    tools: null,
    probes: {},
    lastFailure: null,
    nextAttemptAt: null,
    backoff: 0,
    budgetRemaining: budgetRemaining([], 0, spec.restart.budget),
    killRepeats: 0,
    note: null,
    lastLines: [],
  };
}

function factsOf(spec: ServerSpec) {
  return {
    name: spec.name,
    source: spec.source.kind,
    package: spec.source.kind === 'package' ? spec.source.package : null,
    transport: spec.transport,
    url: spec.url,
    enabled: spec.enabled,
    limits: spec.limits,
  };
}
