// Handlers of the control socket: each command that the command line sends to a running daemon.
import type { PageView, Unsaved } from '../../control/protocol.ts';
import type { NumberedCall } from '../../core/gateway/call-summary.ts';
import type { RequestHandlers } from '../../control/server.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { Redactor } from '../../core/base/text.ts';
import { unknownServer } from '../../core/base/unknown-server.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { ServerStatus, Status } from '../../core/model/status.ts';
import type { Prober } from '../../probes/prober.ts';
import type { Sampler } from '../../sampling/sampler.ts';
import type { SideProcesses } from '../../supervisor/beside/side-processes.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import { systemClock } from '../../system/time/clock.ts';
import type { ScheduledJobs } from '../servers/scheduled-jobs.ts';
import type { StateStore } from '../home/state-store.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { lettersOf, restartsSince } from '../../core/status/heartbeat.ts';
import { latestProbe, restartsOf } from '../../core/status/health-summary.ts';
import { foldEvents } from '../../core/status/shown-event.ts';
import { listOfferedTools } from './offered-tools.ts';
import type { Page } from './open-page.ts';
import type { Channels } from '../alerts/channels.ts';
import type { DaemonHistory } from '../history.ts';
import type { Reloader } from '../config/reload.ts';
import type { Updates } from '../updates/updates.ts';

export interface HandlerParts {
  readonly status: () => Status;
  readonly supervisor: Supervisor;
  readonly stateStore: StateStore;
  readonly prober: Prober;
  readonly sampler: Sampler;
  readonly reloader: Reloader;
  readonly jobs: Pick<ScheduledJobs, 'cleanUp'>;
  readonly channels: Pick<Channels, 'test'>;
  readonly gateway: Pick<Gateway, 'calls' | 'clients' | 'approve'>;
  readonly beside: Pick<SideProcesses, 'list' | 'end'>;
  readonly updates: Pick<Updates, 'check' | 'update' | 'rollback'>;
  readonly page: Pick<Page, 'source' | 'sessions'>;
  readonly history: Pick<DaemonHistory, 'ask'>;
  readonly redactor: Pick<Redactor, 'scrubWithin'>;
}

/** Reason to refuse requests while the daemon starts. */
export function stillStarting(): WatchdogError {
  return new WatchdogError('CONTROL_FAILED', 'The watchdog is still starting', {
    hint: 'Try again in a second.',
  });
}

/** Reason to refuse requests while there is no usable config. */
export function waitsForConfig({ code, message }: WatchdogError): WatchdogError {
  return new WatchdogError(code, `The watchdog waits for a config that can be used: ${message}`, {
    hint: 'Fix the file: it is read again as soon as it changes',
  });
}

/** Creates the handlers of a daemon that runs. */
export function createControlHandlers(parts: HandlerParts): RequestHandlers {
  const { status, supervisor, stateStore } = parts;
  const known = (): readonly string[] => supervisor.specs().map(({ name }) => name);

  function check(names: readonly string[]): readonly string[] {
    for (const name of names) if (!known().includes(name)) throw unknownServer(name, known());
    return names;
  }

  /** Refuses servers without a process of ours: they cannot be started or stopped. */
  function owned(names: readonly string[]): readonly string[] {
    for (const name of check(names)) {
      if (supervisor.runner(name) !== undefined) continue;
      throw new WatchdogError(
        'CONTROL_FAILED',
        `Cannot start or stop "${name}": it has only a url, so it is watched and not run by us`,
      );
    }
    return names;
  }

  /** Saves a desired state only where it differs from the config: a later edit of `enabled`, while we are down, counts. */
  function remember(name: string, desired: 'up' | 'down'): Unsaved {
    const configured = supervisor.runner(name)?.spec.enabled === true ? 'up' : 'down';
    const unsaved = stateStore.setDesiredState(name, desired === configured ? null : desired);
    return unsaved === null ? null : { unsaved };
  }

  function rememberAll(names: readonly string[], desired: 'up' | 'down'): Unsaved {
    return owned(names).reduce<Unsaved>((unsaved, name) => remember(name, desired) ?? unsaved, null);
  }

  return {
    start({ names }) {
      const unsaved = rememberAll(names, 'up');
      for (const name of names) supervisor.start(name);
      return unsaved;
    },
    async stop({ names }) {
      const unsaved = rememberAll(names, 'down');
      await Promise.all(names.map((name) => supervisor.stop(name)));
      // A spare ends with its server, sessions of their own do: they are waited for.
      await Promise.all(names.map((name) => parts.beside.end(name)));
      return unsaved;
    },
    restart({ names }) {
      const unsaved = rememberAll(names, 'up');
      for (const name of names)
        supervisor.restart(name, { reason: 'requested', detail: 'requested by an operator' });
      return unsaved;
    },
    async check({ name }) {
      const names = check(name === undefined ? known() : [name]);
      await Promise.all([freshUsage(parts), ...names.map((one) => parts.prober.checkNow(one))]);
      return status();
    },
    async tools({ name }) {
      check([name]);
      // As the server wrote them: it may repeat what it was given.
      const offered = parts.redactor.scrubWithin(await listOfferedTools(parts, status(), name));
      if (offered.tools !== null) return offered.tools;
      throw new WatchdogError('CONTROL_FAILED', `Cannot list the tools of "${name}": ${offered.reason}`, {
        hint: `See mcp-watchdog status ${name}`,
      });
    },
    query: ({ path, parameters }) => parts.history.ask(path, parameters),
    async reload({ dryRun = false }) {
      const outcome = await parts.reloader.reload({ dryRun });
      if ('report' in outcome) return outcome.report;
      const { code, message } = outcome.refusal;
      throw new WatchdogError(code, message, {
        hint: 'The old config stays in force until this one is fixed.',
      });
    },
    cleanup: ({ dryRun = false }) => parts.jobs.cleanUp({ dryRun }),
    updateCheck: ({ names }) => parts.updates.check(names),
    update: ({ names, to = null, dryRun = false }) => parts.updates.update(names, { to, dryRun }),
    rollback: ({ names, dryRun = false }) => parts.updates.rollback(names, { dryRun }),
    calls: ({ name, after = 0, most = 1_000 }) =>
      parts.gateway.calls(name === undefined ? null : (check([name])[0] ?? null), { after, most }),
    clients({ name }) {
      check([name]);
      return { ...parts.gateway.clients(name), beside: parts.beside.list(name) };
    },
    approve({ name, dryRun = false }) {
      check([name]);
      return parts.gateway.approve(name, { dryRun });
    },
    signIn: ({ isPrinted = false }) => parts.page.sessions.link({ inFile: !isPrinted }),
    signOut: () => ({ ended: parts.page.sessions.sessions.endAll() }),
    view: ({ events = 0 }) => viewOf(parts, events),
    notifyTest: async () => parts.redactor.scrubWithin(await parts.channels.test()),
  };
}

async function viewOf(
  { page: { source: page }, gateway, supervisor }: HandlerParts,
  most: number,
): Promise<PageView> {
  await page.ready;
  const limit = Math.min(MAX_EVENTS, Math.max(0, Math.floor(most)));
  const query = { before: null, server: null, kinds: null, limit };
  const { events } = limit === 0 ? { events: [] } : await page.events(query);
  // All of one moment: nothing is waited for from here on.
  const beats = page.beats();
  const now = page.clock.now();
  const today = new Map(
    page.status().servers.map(({ name }) => [name, restartsSince(beats.get(name), now - DAY)]),
  );
  return {
    beats: Object.fromEntries(
      page.status().servers.map(({ name }) => [name, lettersOf(beats.get(name), now)]),
    ),
    traffic: Object.fromEntries(
      page.status().servers.flatMap(({ name }) => {
        const recent = trafficOf(gateway.calls(name, { after: 0, most: MAX_CALLS }), now);
        return recent === null ? [] : [[name, recent]];
      }),
    ),
    events: foldEvents(events),
    restarts: Object.fromEntries([...today].filter(([, count]) => count > 0)),
    restartsEver: Object.fromEntries(
      page.status().servers.flatMap((server) => {
        // The journal may know of more: it outlives a state file that was lost.
        const count = Math.max(restartsOf(server), today.get(server.name) ?? 0);
        return count === 0 ? [] : [[server.name, count]];
      }),
    ),
    misses: missesOf(page.status().servers, supervisor.specs()),
    pendingAlerts: page.pendingAlerts(),
  };
}

const DAY = 24 * 60 * 60_000;

/** What follows of those that run, answered before, and have missed less than `probe.failures` probes. */
function missesOf(servers: readonly ServerStatus[], specs: readonly ServerSpec[]): PageView['misses'] {
  const policies = new Map(specs.map(({ name, probe }) => [name, probe]));
  return Object.fromEntries(
    servers.flatMap((server) => {
      const { name, health, state } = server;
      const policy = policies.get(name);
      const left = (policy?.failures ?? 0) - health.consecutiveFailures;
      if (policy === undefined || !health.suspect || left <= 0) return [];
      const restarts = policy.onFailure === 'restart' && state === 'running';
      const last = latestProbe(server)?.at ?? 0;
      return [[name, { left, restarts, until: last + left * policy.interval + policy.timeout }]];
    }),
  );
}

const MAX_EVENTS = 200;
const MAX_CALLS = 1_000;
/** Minutes that count as now. */
const RECENT = 5;

/** Null where nobody called lately. */
function trafficOf(calls: readonly NumberedCall[], now: number): PageView['traffic'][string] | null {
  const since = now - RECENT * 60_000;
  const took = calls.filter(({ at }) => at > since).map((call) => call.took - call.waited);
  if (took.length === 0) return null;
  const sorted = took.toSorted((a, b) => a - b);
  const p95 = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;
  return { perMinute: took.length / RECENT, p95 };
}

/** Samples usage now, unless that was done a moment ago: over too short a time a burst looks like steady load. */
async function freshUsage({ status, sampler }: HandlerParts): Promise<void> {
  const { daemon } = status();
  const age = systemClock.now() - (daemon.lastTickAt ?? 0);
  if (age < 0 || age > SHORTEST_WINDOW) await sampler.sampleNow();
}

const SHORTEST_WINDOW = 3000;
