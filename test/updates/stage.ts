// Updates on virtual time: a registry, a disk and servers that a test can make fail, and everything that was done to them.
import { onTestFinished } from 'vitest';
import type { WatchdogEvent, UnstampedEvent } from '../../src/core/model/events.ts';
import { INITIAL_LIFECYCLE, type LifecycleState } from '../../src/core/model/lifecycle-state.ts';
import { isPackage, type PackageSpec, type ServerSpec } from '../../src/core/model/server-spec.ts';
import type { Tool } from '../../src/core/tools/tool-diff.ts';
import type { UpdateCheck, UpdateMemory, UpdateProgress } from '../../src/core/model/update.ts';
import { versionsOf } from '../../src/packages/managers.ts';
import { createBus } from '../../src/system/bus.ts';
import type { CanaryReport, UpdatePorts } from '../../src/updates/ports.ts';
import type { RequestContext } from '../../src/updates/requests.ts';
import { openUpdateRecords } from '../../src/updates/update-store.ts';
import { createUpdater } from '../../src/updates/updater.ts';
import { FakeClock, settle } from '../fakes/clock.ts';
import { specOf } from '../fakes/spec.ts';

export const MINUTE = 60_000;

export function packageSpec(
  name = 's',
  changes: Partial<ServerSpec> & { version?: string } = {},
): PackageSpec {
  const { version = 'latest', ...rest } = changes;
  const spec = specOf({
    name,
    source: { kind: 'package', manager: 'npm', package: `@x/${name}`, version, bin: null },
    start: { timeout: 30_000 },
    ...rest,
  });
  if (!isPackage(spec)) throw new Error('not a package');
  return spec;
}

/** What a server does with one version. */
export type Fate = 'healthy' | 'exits' | 'hangs' | 'port-taken';

export function updatesStage({
  specs = [packageSpec()],
  saved,
  current = {},
}: { specs?: ServerSpec[]; saved?: unknown; current?: Record<string, string> } = {}) {
  const clock = new FakeClock();
  const bus = createBus(clock, (error) => {
    throw error;
  });
  const events: WatchdogEvent[] = [];
  const acts: string[] = [];
  const lives = new Map<string, LifecycleState>();
  const stage = {
    clock,
    bus,
    events,
    /** Everything that was done to the world, in order. */
    acts,
    /** What is on disk, and everything that ever was. */
    disk: undefined as unknown,
    history: [] as string[],
    diskIsFull: false,
    specs,
    current: new Map(Object.entries(current)),
    down: new Set<string>(),
    outlooks: new Map<string, Partial<UpdateCheck>>(),
    refusals: new Map<string, string>(),
    canaries: new Map<string, CanaryReport>(),
    tools: [{ name: 'a', inputSchema: {} }] as Tool[],
    fates: new Map<string, Fate>(),
    linkFails: new Set<string>(),
    backUpFails: false,
    isQuiet: true,
    verdict: null as string | null,
    judged: [] as unknown[],
    /** Held until it is let go. */
    gates: new Map<string, Promise<void>>(),
  };

  const ports: UpdatePorts = {
    packages: {
      check: (spec) =>
        Promise.resolve({
          server: spec.name,
          package: `@x/${spec.name}`,
          running: stage.current.get(spec.name) ?? null,
          latest: '2.0.0',
          candidate: '2.0.0',
          held: [],
          error: null,
          ...stage.outlooks.get(spec.name),
        }),
      current: (spec) => Promise.resolve(stage.current.get(spec.name) ?? null),
      isInstalled: () => Promise.resolve(false),
      async install(spec, version, { signal, onProgress }) {
        acts.push(`install ${spec.name} ${version}`);
        onProgress('3 of 9 packages');
        await gate('install', signal);
        const refusal = stage.refusals.get(version);
        return refusal === undefined ? { ok: true } : { ok: false, refusal };
      },
      switchTo(spec, version) {
        acts.push(`link ${spec.name} ${version}`);
        if (stage.linkFails.has(version)) return Promise.reject(new Error('no space left'));
        stage.current.set(spec.name, version);
        return Promise.resolve();
      },
    },
    versionsOf,
    async canary(spec, version, signal) {
      acts.push(`canary ${spec.name} ${version}`);
      await gate('canary', signal);
      return stage.canaries.get(version) ?? { ok: true, tools: stage.tools, residentBytes: 1 };
    },
    runningTools: () => Promise.resolve([{ name: 'a', inputSchema: {} }]),
    isQuiet: () => stage.isQuiet,
    async backUp() {
      acts.push('back up');
      await gate('back-up');
      if (stage.backUpFails) throw new Error('the backup cannot be written');
    },
    restart(server, { detail }) {
      acts.push(`restart ${server}: ${detail ?? ''}`);
      restart(server);
    },
    specs: () => stage.specs,
    isUp: (server) => !stage.down.has(server),
    residentBytes: () => 1000,
    compare: (before, after) => (before.length > after.length ? 'a tool is gone: a' : null),
    judge: (options) => {
      stage.judged.push(options);
      return () => stage.verdict;
    },
  };

  async function gate(name: string, signal?: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
    const held = stage.gates.get(name);
    if (held !== undefined) await Promise.race([held, aborted]);
  }

  function publish(news: UnstampedEvent): void {
    bus.publish(news);
  }

  function move(server: string, change: Partial<LifecycleState>, cause: string): void {
    const from = lives.get(server) ?? { ...INITIAL_LIFECYCLE, wanted: 'up' };
    const to = Object.assign({}, from, change);
    lives.set(server, to);
    publish({ kind: 'transition', server, from, to, cause, nextAttemptAt: null, budgetRemaining: 5 });
  }

  function spec(server: string): ServerSpec {
    const found = stage.specs.find(({ name }) => name === server);
    if (found === undefined) throw new Error(`no ${server}`);
    return found;
  }

  /** A process as the supervisor would start it: after the old one has ended, of the version that is chosen. */
  function restart(server: string): void {
    move(
      server,
      { phase: 'stopping', step: 0, deadline: 0, leadsTo: 'again', repeats: 0, wasReady: true },
      'restart',
    );
    clock.after(100, () => start(server));
  }

  function start(server: string): void {
    const { source } = spec(server);
    const wish = source.kind === 'package' ? source.version : '';
    const version = updater.chosen(server, wish) ?? stage.current.get(server) ?? null;
    const fate = stage.fates.get(version ?? '') ?? 'healthy';
    move(server, { phase: 'preparing' }, 'gone');
    if (fate === 'port-taken') {
      const failure = {
        code: 'PORT_IN_USE',
        message: 'port 1 is held',
        hint: null,
        retry: 'backoff',
      } as const;
      return publish({ kind: 'start-failed', server, failure });
    }
    publish({ kind: 'spawned', server, run: 1, pid: 1, version });
    move(server, { phase: 'starting', deadline: 0, limit: 0 }, 'prepared');
    clock.after(200, () => meet(server, fate));
  }

  function meet(server: string, fate: Fate): void {
    if (fate === 'exits') return crash(server);
    if (fate === 'hangs') return;
    move(server, { phase: 'running', since: 0, stable: false, deadline: null }, 'ready');
    const health = { up: true, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null };
    publish({ kind: 'health', server, health });
  }

  /** The process ends by itself. */
  function crash(server: string): void {
    const cause = { reason: 'exit', detail: 'exit code 1' } as const;
    const stopping = {
      phase: 'stopping',
      step: 0,
      deadline: 0,
      leadsTo: 'retry',
      repeats: 0,
      wasReady: true,
    } as const;
    move(server, { ...stopping, cause }, 'exited');
  }

  const records = openUpdateRecords({
    saved,
    save(list) {
      if (stage.diskIsFull) return false;
      stage.disk = JSON.parse(JSON.stringify(list));
      for (const [name, { progress }] of Object.entries(list))
        stage.history.push(`${name} ${progress?.phase ?? 'idle'}`);
      return true;
    },
    onDropped: (server) => acts.push(`dropped ${server}`),
  });
  bus.subscribe((event) => events.push(event));
  const updater = createUpdater({
    ports,
    clock,
    bus,
    records,
    onFault: (error) => acts.push(`fault ${String(error)}`),
  });
  onTestFinished(() => updater.close());
  const requests: RequestContext = { updater, ports, clock };

  return Object.assign(stage, {
    updater,
    requests,
    ports,
    start,
    crash,
    restart,
    /** The servers are there and up, as after the daemon's start. */
    begin() {
      for (const each of stage.specs) {
        publish({ kind: 'server-added', server: each.name, spec: each });
        if (!stage.down.has(each.name)) start(each.name);
      }
    },
    change(changed: ServerSpec) {
      stage.specs = stage.specs.map((each) => (each.name === changed.name ? changed : each));
      publish({ kind: 'server-changed', server: changed.name, spec: changed });
    },
    remove(server: string) {
      stage.specs = stage.specs.filter(({ name }) => name !== server);
      publish({ kind: 'server-removed', server });
    },
    /** A probe's verdict. */
    report(server: string, up: boolean, suspect = false) {
      const detail = up ? null : 'no answer';
      const health = { up, suspect, unauthorized: false, consecutiveFailures: up ? 0 : 3, detail };
      publish({ kind: 'health', server, health });
    },
    stop(server: string) {
      stage.down.add(server);
      move(server, { wanted: 'down', phase: 'stopped', because: 'asked' }, 'stop');
    },
    async go(ms = 1000) {
      await clock.advance(ms);
      await settle();
    },
    memory: (server = 's'): UpdateMemory => updater.store.record(packageOf(spec(server))).memory,
    progress(server = 's'): UpdateProgress | null {
      let found: UpdateProgress | null = null;
      for (const event of events) {
        if (event.kind === 'update-moved' && event.server === server) found = event.progress;
        if (event.kind === 'update-settled' && event.server === server && event.isNews) found = null;
      }
      return found;
    },
    phases: (server = 's') =>
      events
        .flatMap((event) =>
          event.kind === 'update-moved' && event.server === server ? [event.progress.phase] : [],
        )
        .filter((phase, index, all) => phase !== all[index - 1]),
    hold(name: string) {
      let letGo = (): void => {};
      stage.gates.set(name, new Promise((resolve) => (letGo = resolve)));
      return () => {
        stage.gates.delete(name);
        letGo();
      };
    },
  });
}

function packageOf(spec: ServerSpec): PackageSpec {
  if (!isPackage(spec)) throw new Error(`${spec.name} is no package`);
  return spec;
}
