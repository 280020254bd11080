// Process of a server beside the one that its runner supervises: a canary, a spare, the instance of one client.
import { RUN_MARKER } from '../../core/lifecycle/run-marker.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import { identifyProcess } from '../../system/process/process-identity.ts';
import {
  type ProcessExit,
  type SpawnedProcess,
  type SpawnError,
  spawnProcess,
} from '../../system/process/spawn.ts';
import type { Clock } from '../../system/time/clock.ts';
import { childEnvironment } from '../environment.ts';
import { claimStart, endOf } from '../containers/claim-start.ts';
import type { ClaimedContainer, Containers } from '../containers/containers.ts';
import type { Leader } from '../leftover-processes.ts';
import { lifecyclePolicy } from '../lifecycle-policy.ts';
import type { ProcessRegistry } from '../process-registry.ts';
import { type ServerProcess, type ServerProcessOptions, superviseProcess } from '../server-process.ts';

export interface SideProcessOptions {
  /** With args, env and url of this process, where these differ from those of the server. */
  readonly spec: ServerSpec;
  /** Number in its marker; no other process of the server may have it while this one lives. */
  readonly run: number;
  readonly argv: readonly [string, ...string[]];
  /** Folder that comes first on its PATH; left out where that stays as it is. */
  readonly programs?: string | undefined;
  readonly cwd: string;
  readonly daemonId: string;
  readonly registry: ProcessRegistry;
  /** See `RunnerParts`. */
  readonly containers?: Pick<Containers, 'claim'> | undefined;
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

/** What hears of the end of a process. */
type EndListener = Pick<ServerProcessOptions, 'onExit' | 'onGone' | 'handedOver'>;

export interface SideProcess {
  readonly leader: Leader;
  readonly child: SpawnedProcess;
  readonly process: ServerProcess;
  /** Returns how the process itself has ended, with its last output read; null while it lives. */
  exit(): ProcessExit | null;
  /** Resolves when nothing of it is left. */
  readonly gone: Promise<true>;
  /** From here on this listener hears of its end, also of one that has come already. */
  handOver(listener: EndListener): ServerProcess;
  /**
   * Stops it the way the server would be stopped. Resolves with true when nothing of it is left; with false when the
   * kernel does not let it go: it stays in the registry then, for whoever cleans up after us. A second call waits with the
   * first.
   */
  end(): Promise<boolean>;
}

/** How often KILL is repeated before it is accepted that the kernel does not let go. */
const KILLS = 5;

/**
 * Starts it.
 *
 * @returns what the system said when it did not start it
 */
export async function startSideProcess(options: SideProcessOptions): Promise<SideProcess | SpawnError> {
  const { spec, run, argv, programs, cwd, daemonId, registry } = options;
  const marker = `${daemonId}/${spec.name}/${run}`;
  const env = { ...childEnvironment(process.env, spec.env, programs), [RUN_MARKER]: marker };
  const stdin = spec.transport === 'stdio' ? 'pipe' : 'ignore';
  const claimed = claimStart(options.containers, { server: spec.name, argv, env, marker });
  const child = await spawnProcess({ argv: claimed.argv, env, cwd, stdin, nice: spec.limits.nice });
  if (!('pid' in child)) {
    claimed.container?.discard();
    return child;
  }
  const { pid } = child;
  const startToken = identifyProcess(pid)?.startToken ?? '';
  const leader: Leader = { server: spec.name, pid, pgid: pid, startToken, marker };
  registry.add(leader);
  return supervise(leader, child, { ...options, container: claimed.container });
}

function supervise(
  leader: Leader,
  child: SpawnedProcess,
  options: SideProcessOptions & { readonly container: ClaimedContainer | null },
): SideProcess {
  const { registry, clock, onFault, spec } = options;
  let ended: { readonly exit: ProcessExit; readonly leftProcesses: boolean } | null = null;
  let isGone = false;
  let listener: EndListener | null = null;
  let ending: Promise<boolean> | null = null;
  let resolveGone = (): void => {};
  const gone = new Promise<true>((resolve) => (resolveGone = () => resolve(true)));
  const supervised = superviseProcess({
    leader,
    child,
    clock,
    onExit(exit, leftProcesses) {
      ended = { exit, leftProcesses };
      listener?.onExit(exit, leftProcesses);
    },
    handedOver: () => listener?.handedOver?.() ?? null,
    beforeGone: endOf(options.container),
    onGone() {
      isGone = true;
      registry.remove(leader);
      resolveGone();
      listener?.onGone();
    },
    onDetached: (detached) => registry.addDetached(leader, detached),
    onDetachedGone: (detached) => registry.removeDetached(leader, detached),
    onFault,
  });
  return {
    leader,
    child,
    process: supervised,
    gone,
    exit: () => ended?.exit ?? null,
    handOver(to) {
      listener = to;
      const [before, wasGone] = [ended, isGone];
      queueMicrotask(() => {
        if (before !== null) to.onExit(before.exit, before.leftProcesses);
        if (wasGone) to.onGone();
      });
      return supervised;
    },
    end: () => (ending ??= endProcess(supervised, { gone, clock, spec })),
  };
}

interface Ending {
  readonly gone: Promise<true>;
  readonly clock: Clock;
  readonly spec: ServerSpec;
}

async function endProcess(process: ServerProcess, { gone, clock, spec }: Ending): Promise<boolean> {
  const { stop } = lifecyclePolicy(spec);
  const kill = stop.at(-1) ?? stop[0];
  for (const { kind, wait } of [...stop, ...Array.from({ length: KILLS }, () => kill)]) {
    process.end(kind);
    if (await within(gone, wait, clock)) return true;
  }
  return false;
}

/** Waits for `gone`; false when that takes longer than `wait` ms. */
function within(gone: Promise<true>, wait: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(wait, () => resolve(false));
    void gone.then(resolve).then(cancel);
  });
}
