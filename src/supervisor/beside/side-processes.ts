// Side processes of all servers: numbered, counted with their servers, and ended with the daemon.
import type { BesideKind, BesideProcess } from '../../core/gateway/call-summary.ts';
import type { DetachedProcess, TreeRoot } from '../../core/lifecycle/process-tree.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { SpawnedProcess, SpawnError } from '../../system/process/spawn.ts';
import type { PreparedStart } from '../prepare.ts';
import { type SideProcess, type SideProcessOptions, startSideProcess } from './side-process.ts';

/** What a start takes, once it is prepared. */
export type ReadyStart = Extract<PreparedStart, { ok: true }>;

/** Outcome of a start with its checks. */
type StartedBeside =
  | {
      readonly ok: true;
      readonly process: SideProcess;
      readonly version: string | null;
      readonly onNoise: OnNoise;
    }
  | { readonly ok: false; readonly reason: string };

/** Takes what stands on the stdout of a process and is no protocol message. */
type OnNoise = (bytes: Buffer) => void;

export interface SideProcesses {
  /**
   * Starts one. It counts with the server until it is handed over or gone.
   *
   * @param what names it in the server's log
   */
  start(what: BesideKind, spec: ServerSpec, start: ReadyStart): Promise<SideProcess | SpawnError>;
  /** Starts one after the checks of every start. */
  prepareAndStart(what: BesideKind, spec: ServerSpec, signal: AbortSignal): Promise<StartedBeside>;
  /** Lets go of one that somebody else supervises from here on. */
  release(process: SideProcess): void;
  /** Lists those that are running now. */
  roots(): readonly TreeRoot[];
  /** Lists those of one server for people, the oldest first. */
  list(server: string): readonly BesideProcess[];
  /** Ends those of one server; resolves when nothing of them is left, or the kernel does not let it go. */
  end(server: string): Promise<void>;
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
  /** Reads what a process prints on stderr; what it returns takes the noise on its stdout. */
  readonly onStart: (what: BesideKind, spec: ServerSpec, child: SpawnedProcess) => OnNoise;
  readonly onFault: (error: unknown, server: string) => void;
}

interface Running {
  readonly root: TreeRoot;
  readonly what: BesideKind;
  /** Ms since the epoch. */
  readonly startedAt: number;
}

/** Above the numbers of all runs: a marker names one process. */
const FIRST = 1_000_000_000;

export function createSideProcesses({
  prepare,
  onStart,
  onFault,
  ...parts
}: SideProcessesParts): SideProcesses {
  const running = new Map<SideProcess, Running>();
  let run = FIRST;
  let isEnding = false;

  async function launch(
    what: BesideKind,
    spec: ServerSpec,
    { argv, programs, cwd }: ReadyStart,
  ): Promise<{ readonly process: SideProcess; readonly onNoise: OnNoise } | SpawnError> {
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
    const root = { server: spec.name, pid, pgid, side };
    running.set(started, { root, what, startedAt: parts.clock.now() });
    void started.gone.then(() => running.delete(started));
    const onNoise = onStart(what, spec, started.child);
    if (isEnding) void started.end();
    return { process: started, onNoise };
  }

  const of = (server: string): [SideProcess, Running][] =>
    [...running].filter(([, { root }]) => root.server === server);

  return {
    async start(what, spec, ready) {
      const started = await launch(what, spec, ready);
      return 'process' in started ? started.process : started;
    },
    async prepareAndStart(what, spec, signal) {
      const ready = await prepare(spec, signal);
      if (!ready.ok) return { ok: false, reason: ready.failure.message };
      const started = await launch(what, spec, ready);
      if (!('process' in started)) return { ok: false, reason: started.message };
      return { ok: true, ...started, version: ready.version };
    },
    release: (process) => void running.delete(process),
    roots: () => [...running.values()].map(({ root }) => root),
    list: (server) =>
      of(server).map(([, { root, what, startedAt }]) => ({ kind: what, pid: root.pid, startedAt })),
    async end(server) {
      await Promise.all(of(server).map(([process]) => process.end()));
    },
    updateDetached(server, detachedOf) {
      for (const [{ process }, { root }] of of(server)) process.updateDetached(detachedOf(root));
    },
    async endAll() {
      isEnding = true;
      await Promise.all([...running.keys()].map((process) => process.end()));
    },
  };
}
