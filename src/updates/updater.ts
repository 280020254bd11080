// All updates together: one at a time until it is switched, and where a dead daemon was.
import type { WatchdogEvent } from '../core/model/events.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { type UpdatePlan, versionToStart } from '../core/update/update-state.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';
import { createUpdateRunner, type UpdateRunner } from './update-runner.ts';
import {
  isPackage,
  isSameWish,
  type UpdateStore,
  openUpdateStore,
  type PackageSpec,
} from './update-store.ts';
import type { UpdatePorts } from './ports.ts';
import { recoverAll, type Recovered } from './recover.ts';
import type { UpdateRecords } from './records.ts';

export interface UpdaterOptions {
  readonly parts: UpdatePorts;
  readonly records: UpdateRecords;
  readonly clock: Clock;
  readonly bus: Bus;
  /** A recovery that could not be carried out; it is tried again. */
  readonly onFault: (error: unknown, server: string) => void;
}

export interface Updater {
  /** To be called once, before any server is started. */
  recover(specs: readonly ServerSpec[]): Promise<void>;
  /** The version to start in place of what the config asks for; null when that counts. */
  chosen(server: string, wish: string): string | null;
  /** As configured now; null for what is no package, or not there. */
  spec(server: string): PackageSpec | null;
  readonly ledger: UpdateStore;
  isBusy(server: string): boolean;
  /** False when an update of this server is under way, or waits for its turn. A rollback waits for nobody. */
  begin(spec: PackageSpec, plan: UpdatePlan): boolean;
  /** Takes back what is under way; false when there is nothing. */
  cancel(server: string): boolean;
  /** Resolves when it is on probation or has ended; at once when nothing is under way. */
  untilSwitched(server: string): Promise<void>;
  /** Aborted when all is taken down. */
  readonly signal: AbortSignal;
  /** Ends what is under way without waiting for its outcome, which the next daemon decides. */
  close(): Promise<void>;
}

const AT_WORK: ReadonlySet<string> = new Set(['installing', 'canary', 'waiting', 'switching']);

export function createUpdater(options: UpdaterOptions): Updater {
  const { parts, records, clock, bus } = options;
  const ledger = openUpdateStore(options);
  const flows = new Map<string, UpdateRunner>();
  const queue: { readonly spec: PackageSpec; readonly plan: UpdatePlan }[] = [];
  /** The version that the config asked for when we last looked. */
  const wishes = new Map<string, string>();
  const watchers = new Set<() => void>();
  const ending = new AbortController();
  let recovered: ReadonlyMap<string, Recovered> = new Map();
  const unsubscribe = bus.subscribe(onEvent);

  const phaseOf = (server: string): string => flows.get(server)?.state.phase ?? 'idle';
  const isAtWork = (server: string): boolean => AT_WORK.has(phaseOf(server));
  const isQueued = (server: string): boolean => queue.some(({ spec }) => spec.name === server);

  function specNow(server: string): PackageSpec | null {
    const found = parts.specs().find(({ name }) => name === server);
    return found !== undefined && isPackage(found) ? found : null;
  }

  function flowOf(initial: PackageSpec): UpdateRunner {
    const { name } = initial;
    // Of a server that was removed the last that was known counts, until its update has been called off.
    let last = initial;
    const spec = (): PackageSpec => (last = specNow(name) ?? last);
    const made = (): UpdateRunner =>
      createUpdateRunner(name, {
        parts,
        clock,
        bus,
        spec,
        keep: (progress) => ledger.setProgress(spec(), progress),
        settle: (outcome) => ledger.settle(spec(), outcome),
        onMoved,
      });
    const flow = flows.get(name) ?? made();
    flows.set(name, flow);
    return flow;
  }

  function onMoved(): void {
    for (const watcher of watchers) watcher();
    pump();
  }

  function pump(): void {
    if (ending.signal.aborted || [...flows.keys()].some(isAtWork)) return;
    const next = queue.shift();
    if (next === undefined) return;
    const now = specNow(next.spec.name);
    // What was asked for while it waited is no longer what the config is about.
    if (now === null || !isSameWish(now, next.spec)) return onMoved();
    flowOf(now).send({ kind: 'begin', plan: next.plan });
  }

  function onEvent(event: WatchdogEvent): void {
    if (event.kind === 'server-added') onAdded(event.spec);
    if (event.kind === 'server-changed') onChanged(event.spec);
    if (event.kind === 'server-removed') onRemoved(event.server);
    if (event.kind === 'spawned' && phaseOf(event.server) === 'idle') {
      const spec = specNow(event.server);
      if (spec !== null && event.version !== null) ledger.setRunning(spec, event.version);
    }
    if ('server' in event) return flows.get(event.server)?.hear(event);
    for (const flow of flows.values()) {
      flow.hear(event);
      // The end of a wait has moved.
      if (event.kind === 'gap') flow.tell();
    }
  }

  function onAdded(spec: ServerSpec): void {
    if (!isPackage(spec)) return;
    followWish(spec);
    ledger.tell(spec, recovered.get(spec.name)?.isNews === true);
    recovered = new Map([...recovered].filter(([name]) => name !== spec.name));
    flows.get(spec.name)?.tell();
  }

  function onChanged(spec: ServerSpec): void {
    const { name } = spec;
    const flow = flows.get(name);
    const isOther = !isPackage(spec) || records.get(name)?.package !== spec.source.package;
    if (isOther) flow?.send({ kind: 'superseded', reason: 'its config asks for another program' });
    if (!isPackage(spec)) return;
    if (isOther) wishes.set(name, spec.source.version);
    if (isOther) return ledger.tell(spec, false);
    flow?.send({ kind: 'wish', wish: spec.source.version });
    followWish(spec);
  }

  function followWish(spec: PackageSpec): void {
    const { version } = spec.source;
    const { memory } = ledger.record(spec);
    const before = wishes.get(spec.name) ?? memory.chosen?.wish ?? version;
    wishes.set(spec.name, version);
    const isDecided = memory.chosen !== null || memory.pinned !== null;
    // A person has decided anew.
    if (before !== version && isDecided) ledger.setMemory(spec, { ...memory, chosen: null, pinned: null });
  }

  function onRemoved(server: string): void {
    flows.get(server)?.send({ kind: 'superseded', reason: 'it is no longer in the config' });
    flows.delete(server);
    wishes.delete(server);
  }

  function untilSwitched(server: string): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!ending.signal.aborted && (isAtWork(server) || isQueued(server))) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  }

  return {
    spec: specNow,
    ledger,
    untilSwitched,
    signal: ending.signal,
    isBusy: (server) => phaseOf(server) !== 'idle' || isQueued(server),
    async recover(specs) {
      recovered = await recoverAll(specs.filter(isPackage), options);
      for (const { spec, state, baselineBytes } of recovered.values()) {
        if (state.phase !== 'idle') flowOf(spec).resume(state, baselineBytes);
      }
    },
    chosen(server, wish) {
      const flow = flows.get(server);
      const chosen = records.get(server)?.memory.chosen;
      const remembered = chosen?.wish === wish ? chosen.version : null;
      return (flow === undefined ? null : versionToStart(flow.state, wish)) ?? remembered;
    },
    begin(spec, plan) {
      if (phaseOf(spec.name) !== 'idle' || isQueued(spec.name)) return false;
      if (plan.kind === 'rollback') flowOf(spec).send({ kind: 'begin', plan });
      else queue.push({ spec, plan });
      pump();
      return true;
    },
    cancel(server) {
      const at = queue.findIndex(({ spec }) => spec.name === server);
      if (at !== -1) queue.splice(at, 1);
      else if (phaseOf(server) === 'idle') return false;
      else flows.get(server)?.send({ kind: 'cancel' });
      onMoved();
      return true;
    },
    async close() {
      ending.abort();
      unsubscribe();
      queue.length = 0;
      onMoved();
      await Promise.all([...flows.values()].map((flow) => flow.close()));
    },
  };
}
