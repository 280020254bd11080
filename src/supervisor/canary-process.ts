// Canary process: a version started beside the running server, the same way, of which nothing is left afterwards.
import { buildProcessTrees } from '../core/lifecycle/process-tree.ts';
import { RUN_MARKER } from '../core/lifecycle/run-marker.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { truncate, neutralise } from '../core/base/text.ts';
import type { Clock } from '../system/time/clock.ts';
import { identifyProcess } from '../system/process/process-identity.ts';
import { createLineSplitter } from '../system/files/line-splitter.ts';
import { readProcessTable } from '../system/process/process-table.ts';
import {
  type SpawnedProcess,
  type ProcessExit,
  spawnProcess,
  type SpawnError,
} from '../system/process/spawn.ts';
import { childEnvironment } from './environment.ts';
import { lifecyclePolicy } from './lifecycle-policy.ts';
import type { ProcessRegistry } from './process-registry.ts';
import type { Leader } from './leftover-processes.ts';
import { type ServerProcess, superviseProcess } from './server-process.ts';

export interface CanaryOptions {
  /** With the args, env and url of the canary, where these differ from those of the server. */
  readonly spec: ServerSpec;
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly daemonId: string;
  readonly registry: ProcessRegistry;
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

export interface CanaryProcess {
  readonly child: SpawnedProcess;
  /** Returns how the process itself has ended, with its last output read; null while it lives. */
  exit(): ProcessExit | null;
  /** Resolves when the process itself has ended. */
  readonly exited: Promise<ProcessExit>;
  /** Returns what it wrote last to stderr, safe to show; null when it wrote nothing. */
  lastLine(): string | null;
  /** Counts the bytes that it has written to its pipes. */
  written(): number;
  /** Lists the pids of all that belongs to it now, and sums their resident memory, bytes; null where the system does not tell. */
  inspect(): Promise<{ readonly pids: readonly number[]; readonly residentBytes: number | null }>;
  /**
   * Stops it the way the server would be stopped. Resolves with true when nothing of it is left; with false when the
   * kernel does not let it go: it stays in the registry then, for whoever cleans up after us.
   */
  end(): Promise<boolean>;
}

/** Run number in the marker; those of servers begin with 1. */
const RUN = 0;
/** How often KILL is repeated before it is accepted that the kernel does not let go. */
const KILLS = 5;
const LONGEST_LINE = 2000;
const SHOWN_LINE = 200;

/**
 * Starts it.
 *
 * @returns what the system said when it did not start it
 */
export async function startCanary(options: CanaryOptions): Promise<CanaryProcess | SpawnError> {
  const { spec, argv, cwd, daemonId, registry } = options;
  const marker = `${daemonId}/${spec.name}/${RUN}`;
  const env = { ...childEnvironment(process.env, spec.env), [RUN_MARKER]: marker };
  const stdin = spec.transport === 'stdio' ? 'pipe' : 'ignore';
  const child = await spawnProcess({ argv: [...argv], env, cwd, stdin, nice: spec.limits.nice });
  if (!('pid' in child)) return child;
  const { pid } = child;
  const startToken = identifyProcess(pid)?.startToken ?? '';
  const leader: Leader = { server: spec.name, pid, pgid: pid, startToken, marker };
  registry.add(leader);
  return supervise(leader, child, options);
}

function supervise(leader: Leader, child: SpawnedProcess, options: CanaryOptions): CanaryProcess {
  const { registry, clock, onFault, spec } = options;
  const output = listenTo(child);
  let exit: ProcessExit | null = null;
  let resolveGone = (): void => {};
  const gone = new Promise<true>((resolve) => (resolveGone = () => resolve(true)));
  const process = superviseProcess({
    leader,
    child,
    clock,
    onExit: (how) => (exit = how),
    onGone() {
      registry.remove(leader);
      resolveGone();
    },
    onDetached: (detached) => registry.addDetached(leader, detached),
    onDetachedGone: (detached) => registry.removeDetached(leader, detached),
    onFault,
  });
  return {
    child,
    ...output,
    exited: child.exit,
    exit: () => exit,
    inspect: () => inspect(leader, process),
    end: () => endProcess(process, { gone, clock, spec }),
  };
}

function listenTo(child: SpawnedProcess): Pick<CanaryProcess, 'lastLine' | 'written'> {
  let last: string | null = null;
  let written = 0;
  const lines = createLineSplitter({
    maxBytes: LONGEST_LINE,
    onLine(line) {
      if (line.trim() !== '') last = line;
    },
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', ({ length }: Buffer) => (written += length));
  child.stderr.on('data', (chunk: Buffer) => lines.push(chunk));
  child.stderr.once('end', () => lines.end());
  return {
    written: () => written,
    lastLine: () => (last === null ? null : truncate(neutralise(last), SHOWN_LINE)),
  };
}

async function inspect(
  leader: Leader,
  process: ServerProcess,
): Promise<{ pids: readonly number[]; residentBytes: number | null }> {
  const [tree] = buildProcessTrees(await readProcessTable(), [leader], new Map());
  const members = tree?.members ?? [];
  process.updateDetached(tree?.detached ?? []);
  const sizes = members.flatMap(({ residentBytes }) => residentBytes ?? []);
  return {
    pids: members.map(({ pid }) => pid),
    residentBytes: sizes.length === 0 ? null : sizes.reduce((sum, size) => sum + size, 0),
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
