// How the picture of one server follows from its news.
import type { EventOf, WatchdogEvent } from '../model/events.ts';
import type { HealthVerdict } from '../model/observations.ts';
import { hasProcess, stateName } from '../model/lifecycle-state.ts';
import { budgetRemaining } from '../lifecycle/restart-policy.ts';
import type { ServerSpec } from '../model/server-spec.ts';
import type { ServerHistory, ServerStatus } from '../model/status.ts';
import { stripUrlSecrets } from '../base/text.ts';
import { NO_UPDATES, type UpdateStatus } from '../model/update.ts';

const UNKNOWN_HEALTH: HealthVerdict = {
  up: null,
  suspect: false,
  unauthorized: false,
  consecutiveFailures: 0,
  detail: null,
};

const NO_UPDATE: UpdateStatus = { checkedAt: null, outlook: null, progress: null, memory: NO_UPDATES };

type ServerEvent = Extract<WatchdogEvent, { server: string }>;

/** What `event` changes in the picture of its server. */
export function reduceServer(server: ServerStatus, event: ServerEvent): Partial<ServerStatus> {
  switch (event.kind) {
    case 'server-changed':
      return afterChange(server, event);
    case 'transition':
      return afterTransition(event);
    case 'spawned':
      return afterSpawn(server, event);
    case 'exited':
      return {
        lastExit: { at: event.at, code: event.code, signal: event.signal },
        lastLines: event.lastLines,
      };
    case 'restarted':
      return afterRestart(server, event);
    case 'start-failed':
      return { startFailures: server.startFailures + 1, lastFailure: { at: event.at, ...event.failure } };
    default:
      return whilePreparing(event) ?? whileWatching(server, event);
  }
}

/** Null for news of another kind. */
function whilePreparing(event: ServerEvent): Partial<ServerStatus> | null {
  switch (event.kind) {
    case 'install-progress':
      return { note: event.line };
    case 'installed':
      return { note: null, version: event.version };
    case 'using-installed':
      return { note: event.why, version: event.version };
    case 'waiting':
      // Only who is wanted waits; its life has nothing to tell of that before it begins.
      return event.on.length === 0
        ? { note: null }
        : { note: `waiting for ${event.on.join(', ')}`, desired: 'up' };
    default:
      return null;
  }
}

function whileWatching(server: ServerStatus, event: ServerEvent): Partial<ServerStatus> {
  switch (event.kind) {
    case 'handshake':
      return { handshake: event.handshake, version: server.version ?? event.handshake.serverVersion };
    case 'probed':
      return afterProbe(server, event);
    case 'health':
      return { health: event.health };
    case 'sampled':
      return { usage: event.usage };
    case 'limit':
      return { overLimit: afterLimit(server, event) };
    default:
      // Only a package has versions; what was under way for it may end after it has become something else.
      return server.source === 'package' ? whileUpdating(server.update ?? NO_UPDATE, event) : {};
  }
}

function whileUpdating(update: UpdateStatus, event: ServerEvent): Partial<ServerStatus> {
  switch (event.kind) {
    case 'update-checked':
      return { update: { ...update, checkedAt: event.lookedAt ?? event.at, outlook: event.outlook } };
    case 'update-moved':
      return { update: { ...update, progress: event.progress } };
    case 'update-settled':
      return { update: { ...update, progress: event.isNews ? null : update.progress, memory: event.memory } };
    default:
      return {};
  }
}

function afterSpawn(
  server: ServerStatus,
  { pid, run, at, version }: EventOf<'spawned'>,
): Partial<ServerStatus> {
  return { pid, run, startedAt: at, version: version ?? server.version, note: null };
}

function afterRestart(
  { restarts }: ServerStatus,
  { at, reason, detail }: EventOf<'restarted'>,
): Partial<ServerStatus> {
  return {
    restarts: { ...restarts, [reason]: restarts[reason] + 1 },
    lastRestart: { at, reason, detail },
  };
}

function afterLimit(
  { overLimit }: ServerStatus,
  { resource, level }: EventOf<'limit'>,
): ServerStatus['overLimit'] {
  const others = overLimit.filter((one) => one !== resource);
  return level === 'ok' ? others : [...others, resource];
}

function afterTransition(event: EventOf<'transition'>): Partial<ServerStatus> {
  const { from, to, at } = event;
  const state = stateName(to);
  return {
    ...(from.phase === to.phase && from.run === to.run ? {} : { since: at }),
    ...(hasProcess(to) ? {} : WITHOUT_PROCESS),
    state,
    stoppedBecause: to.phase === 'stopped' ? to.because : null,
    desired: to.wanted,
    run: to.run,
    budgetRemaining: event.budgetRemaining,
    nextAttemptAt: event.nextAttemptAt,
    backoff: 'delay' in to ? to.delay : 0,
    isStable: to.phase === 'running' && to.stable,
    killRepeats: to.phase === 'stopping' ? to.repeats : 0,
    // Installed, failed or broken off: how it went on is no news any more.
    ...(from.phase === 'preparing' && to.phase !== 'preparing' ? { note: null } : {}),
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

/** A server that was added to the config just now. */
export function newServerStatus(
  { spec, at }: EventOf<'server-added'>,
  remembered: ServerHistory,
): ServerStatus {
  return {
    ...factsOf(spec),
    ...remembered,
    ...WITHOUT_PROCESS,
    desired: spec.enabled ? 'up' : 'down',
    state: spec.source.kind === 'url' ? 'watched' : 'stopped',
    stoppedBecause: null,
    since: at,
    run: 0,
    version: null,
    tools: null,
    probes: {},
    lastFailure: null,
    nextAttemptAt: null,
    backoff: 0,
    budgetRemaining: budgetRemaining([], 0, spec.restart.budget),
    isStable: false,
    killRepeats: 0,
    note: null,
    update: spec.source.kind === 'package' ? NO_UPDATE : null,
    lastLines: [],
  };
}

/** What was known of the versions of one program tells nothing of another. */
function afterChange(
  { source, package: known }: ServerStatus,
  { spec }: EventOf<'server-changed'>,
): Partial<ServerStatus> {
  const facts = factsOf(spec);
  if (facts.source === source && facts.package === known) return facts;
  return { ...facts, version: null, update: facts.source === 'package' ? NO_UPDATE : null };
}

function factsOf(spec: ServerSpec) {
  return {
    name: spec.name,
    source: spec.source.kind,
    package: spec.source.kind === 'package' ? spec.source.package : null,
    transport: spec.transport,
    url: spec.url === null ? null : stripUrlSecrets(spec.url),
    enabled: spec.enabled,
    limits: spec.limits,
  };
}
