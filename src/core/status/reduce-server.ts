// Reducer of a server's events to its status.
import { type EventHandlers, type EventOf, handleEvent, type WatchdogEvent } from '../model/events.ts';
import type { HealthVerdict } from '../model/observations.ts';
import { hasProcess, stateName } from '../model/lifecycle-state.ts';
import { budgetRemaining } from '../lifecycle/restart-policy.ts';
import { hasVersions, isPackage, type ServerSpec } from '../model/server-spec.ts';
import type { ServerHistory, ServerStatus } from '../model/status.ts';
import { stripUrlSecrets } from '../base/text.ts';
import { stateWords } from './state-words.ts';
import { NO_UPDATES, type UpdateStatus } from '../model/update.ts';

const UNKNOWN_HEALTH: HealthVerdict = {
  up: null,
  suspect: false,
  unauthorized: false,
  consecutiveFailures: 0,
  detail: null,
};

const NO_UPDATE: UpdateStatus = { checkedAt: null, outlook: null, progress: null, memory: NO_UPDATES };

/** Events that change the status of one server that is there. */
export type ServerChangeKind = Exclude<
  Extract<WatchdogEvent, { server: string }>['kind'],
  'server-added' | 'server-removed'
>;

/** Returns the fields of the server's status that `event` changes. */
export function reduceServer(server: ServerStatus, event: EventOf<ServerChangeKind>): Partial<ServerStatus> {
  const change = handleEvent<Partial<ServerStatus>, [ServerStatus], ServerChangeKind>(
    REDUCERS,
    event,
    server,
  );
  const isSame = stateWords(server) === stateWords({ ...server, ...change });
  return isSame ? change : { ...change, verdictSince: event.at };
}

export function isServerChange(event: WatchdogEvent): event is EventOf<ServerChangeKind> {
  return Object.hasOwn(REDUCERS, event.kind);
}

/** Stands for the server's instructions among its tools; no tool can have a name with a blank. */
const INSTRUCTIONS = 'the instructions';

const unchanged = () => ({});

const REDUCERS: EventHandlers<Partial<ServerStatus>, [ServerStatus], ServerChangeKind> = {
  'server-changed': afterChange,
  transition: afterTransition,
  spawned: afterSpawn,
  exited: ({ at, code, signal, quote, launcher, lastLines }) => ({
    lastExit: { at, code, signal, quote, launcher },
    lastLines,
  }),
  restarted: afterRestart,
  'start-failed': ({ at, failure }, { startFailures }) => ({
    startFailures: startFailures + 1,
    lastFailure: { at, ...failure, cause: failure.cause ?? failure.message },
  }),
  'install-progress': ({ line }) => ({ note: line }),
  installed: ({ version }) => ({ note: null, version }),
  'using-installed': ({ version, why }) => ({ note: why, version }),
  // Only a server with the desired state up waits; its lifecycle has no event for that yet.
  waiting: ({ on }) =>
    on.length === 0 ? { note: null } : { note: `waiting for ${on.join(', ')}`, desired: 'up' },
  handshake: ({ handshake }, { version }) => ({ handshake, version: version ?? handshake.serverVersion }),
  probed: afterProbe,
  health: ({ health }) => ({ health }),
  condition: afterCondition,
  sampled: ({ usage }) => ({ usage }),
  limit: afterLimit,
  'log-dropped': unchanged,
  exchanged: ({ load }) => ({ clients: load }),
  'tools-changed': ({ changes, byUpdate }, server) =>
    byUpdate === undefined
      ? { changedTools: changes.map(({ tool }) => tool ?? INSTRUCTIONS) }
      : updateOf(server, { toolChanges: changes }),
  reaped: unchanged,
  'update-checked': ({ at, lookedAt, outlook }, server) =>
    updateOf(server, { checkedAt: lookedAt ?? at, outlook }),
  'update-moved': ({ progress }, server) =>
    updateOf(server, progress.phase === 'installing' ? { progress, ...WITHOUT_TOOL_CHANGES } : { progress }),
  'update-settled': ({ memory, isNews }, server) =>
    updateOf(server, isNews ? { memory, progress: null } : { memory }),
};

/** Another update begins: what the last one changed is in the journal. */
const WITHOUT_TOOL_CHANGES = { toolChanges: undefined };

/** Changes the update part. Only a package has versions; an update may end after the server has become something else. */
function updateOf({ source, update }: ServerStatus, change: Partial<UpdateStatus>): Partial<ServerStatus> {
  return hasVersions(source) ? { update: { ...(update ?? NO_UPDATE), ...change } } : {};
}

function afterSpawn(
  { pid, run, at, version }: EventOf<'spawned'>,
  server: ServerStatus,
): Partial<ServerStatus> {
  return { pid, run, startedAt: at, version: version ?? server.version, note: null, conditions: {} };
}

function afterCondition(
  { condition, message }: EventOf<'condition'>,
  { conditions }: ServerStatus,
): Partial<ServerStatus> {
  const { [condition]: _, ...others } = conditions;
  return { conditions: message === null ? others : { ...others, [condition]: message } };
}

function afterRestart(
  { at, reason, detail, quote }: EventOf<'restarted'>,
  { restarts }: ServerStatus,
): Partial<ServerStatus> {
  return {
    restarts: { ...restarts, [reason]: restarts[reason] + 1 },
    lastRestart: { at, reason, detail, quote },
  };
}

function afterLimit(
  { resource, level }: EventOf<'limit'>,
  { overLimit }: ServerStatus,
): Partial<ServerStatus> {
  const others = overLimit.filter((one) => one !== resource);
  return { overLimit: level === 'ok' ? others : [...others, resource] };
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
    // Installed or downloaded, failed or cancelled: its progress is outdated.
    ...((from.phase === 'preparing' || from.phase === 'starting') && to.phase !== from.phase
      ? { note: null }
      : {}),
    ...(to.phase === 'stopping' ? { endCause: to.cause ?? undefined } : {}),
    // Once it runs, the last start failure is outdated.
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

function afterProbe({ probe, result, at }: EventOf<'probed'>, server: ServerStatus): Partial<ServerStatus> {
  if (result.outcome === 'inconclusive') return {};
  const ok = result.outcome === 'passed';
  const probes = { ...server.probes, [probe]: { at, ok, took: ok ? result.took : null } };
  if (!ok || result.tools === undefined) return { probes };
  const { tools } = result;
  return { probes, tools, toolsBefore: tools > 0 ? tools : server.toolsBefore };
}

/** Builds the status of a server that was just added to the config. */
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
    toolsBefore: null,
    clients: null,
    changedTools: [],
    probes: {},
    lastFailure: null,
    nextAttemptAt: null,
    backoff: 0,
    budgetRemaining: budgetRemaining([], 0, spec.restart.budget),
    isStable: false,
    killRepeats: 0,
    note: null,
    update: isPackage(spec) ? NO_UPDATE : null,
    conditions: {},
    lastLines: [],
  };
}

/** Takes over changed settings; versions are reset when the program is another one. */
function afterChange(
  { spec }: EventOf<'server-changed'>,
  { source, package: known }: ServerStatus,
): Partial<ServerStatus> {
  // What was changed may offer fewer tools on purpose.
  const facts = { ...factsOf(spec), toolsBefore: null };
  if (facts.source === source && facts.package === known) return facts;
  return { ...facts, version: null, update: hasVersions(facts.source) ? NO_UPDATE : null };
}

function factsOf(spec: ServerSpec) {
  return {
    name: spec.name,
    source: spec.source.kind,
    package: isPackage(spec) ? spec.source.package : null,
    transport: spec.transport,
    url: spec.url === null ? null : stripUrlSecrets(spec.url),
    enabled: spec.enabled,
    limits: spec.limits,
  };
}
