// Canary process: a version started beside the running server, the same way, of which nothing is left afterwards.
import { truncate, neutralise } from '../../core/base/text.ts';
import { buildProcessTrees } from '../../core/lifecycle/process-tree.ts';
import { createLineSplitter } from '../../system/files/line-splitter.ts';
import { readProcessTable } from '../../system/process/process-table.ts';
import type { SpawnedProcess, ProcessExit, SpawnError } from '../../system/process/spawn.ts';
import type { Leader } from '../leftover-processes.ts';
import type { ServerProcess } from '../server-process.ts';
import { type SideProcessOptions, startSideProcess } from './side-process.ts';

export type CanaryOptions = Omit<SideProcessOptions, 'run'>;

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
const LONGEST_LINE = 2000;
const SHOWN_LINE = 200;

/**
 * Starts it.
 *
 * @returns what the system said when it did not start it
 */
export async function startCanary(options: CanaryOptions): Promise<CanaryProcess | SpawnError> {
  const started = await startSideProcess({ ...options, run: RUN });
  if (!('child' in started)) return started;
  const { child, leader } = started;
  return {
    child,
    ...listenTo(child),
    exited: child.exit,
    exit: () => started.exit(),
    inspect: () => inspect(leader, started.process),
    end: () => started.end(),
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
