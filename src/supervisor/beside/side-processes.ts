// Side processes of all servers: numbered, counted with their servers, and ended with the daemon.
import type { DetachedProcess, TreeRoot } from '../../core/lifecycle/process-tree.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { SpawnedProcess, SpawnError } from '../../system/process/spawn.ts';
import type { PreparedStart } from '../prepare.ts';
import { type SideProcess, type SideProcessOptions, startSideProcess } from './side-process.ts';

/** What a start takes, once it is prepared. */
export type ReadyStart = Extract<PreparedStart, { ok: true }>;

/** Outcome of a start with its checks. */
type StartedBeside =
  | { readonly ok: true; readonly process: SideProcess; readonly version: string | null }
  | { readonly ok: false; readonly reason: string };

export interface SideProcesses {
  /**
   * Starts one. It counts with the server until it is handed over or gone.
   *
   * @param what names it in the server's log
   */
  start(what: string, spec: ServerSpec, start: ReadyStart): Promise<SideProcess | SpawnError>;
  /** Starts one after the checks of every start. */
  prepareAndStart(what: string, spec: ServerSpec, signal: AbortSignal): Promise<StartedBeside>;
  /** Lets go of one that somebody else supervises from here on. */
  release(process: SideProcess): void;
  /** Lists those that are running now. */
  roots(): readonly TreeRoot[];
  /** Takes in what left the groups of the server's side processes, as of the last sample. */
  updateDetached(server: string, detachedOf: (root: TreeRoot) => readonly DetachedProcess[]): void;
  /** Ends all; resolves when nothing of them is left, or the kernel does not let it go. Nothing is started afterwards. */
  endAll(): Promise<void>;
}

export interface SideProcessesParts extends Pick<
  SideProcessOptions,
  'daemonId' | 'registry' | 'clock' | 'containers'
> {
  readonly prepare: (spec: ServerSpec, signal: AbortSignal) => Promise<PreparedStart>;
  /** Reads what a process prints on stderr. */
  readonly onStart: (what: string, spec: ServerSpec, child: SpawnedProcess) => void;
  readonly onFault: (error: unknown, server: string) => void;
}

/** Above the numbers of all runs: a marker names one process. */
const FIRST = 1_000_000_000;

export function createSideProcesses({
  prepare,
  onStart,
  onFault,
  ...parts
}: SideProcessesParts): SideProcesses {
  const running = new Map<SideProcess, TreeRoot>();
  let run = FIRST;
  let isEnding = false;

  async function start(
    what: string,
    spec: ServerSpec,
    { argv, programs, cwd }: ReadyStart,
  ): Promise<SideProcess | SpawnError> {
    run += 1;
    const side = run;
    const fault = (error: unknown): void => onFault(error, spec.name);
    const started = await startSideProcess({
      ...parts,
      spec,
      run: side,
      argv,
      programs,
      cwd,
      onFault: fault,
    });
    if (!('child' in started)) return started;
    const { pid, pgid } = started.leader;
    running.set(started, { server: spec.name, pid, pgid, side });
    void started.gone.then(() => running.delete(started));
    onStart(what, spec, started.child);
    if (isEnding) void started.end();
    return started;
  }

  return {
    start,
    async prepareAndStart(what, spec, signal) {
      const ready = await prepare(spec, signal);
      if (!ready.ok) return { ok: false, reason: ready.failure.message };
      const started = await start(what, spec, ready);
      if (!('child' in started)) return { ok: false, reason: started.message };
      return { ok: true, process: started, version: ready.version };
    },
    release: (process) => void running.delete(process),
    roots: () => [...running.values()],
    updateDetached(server, detachedOf) {
      for (const [{ process }, root] of running)
        if (root.server === server) process.updateDetached(detachedOf(root));
    },
    async endAll() {
      isEnding = true;
      await Promise.all([...running.keys()].map((process) => process.end()));
    },
  };
}
