// Search for copies: processes of a server of the config that somebody else has started and still owns, a client above all.
import { basename } from 'node:path';
import { RUN_MARKER } from '../core/lifecycle/run-marker.ts';
import { processKey } from '../core/lifecycle/process-tree.ts';
import { readProcessTable } from '../system/process/process-table.ts';
import { isLinux } from '../system/platform.ts';
import { type FindOrphansOptions, suspectOf, type Suspect } from './find-orphans.ts';
import type { ProcessInspector, ProcessSnapshot } from './process-inspector.ts';
import { darwin } from './process-inspector-darwin.ts';
import { linux } from './process-inspector-linux.ts';

export interface ServerCopy {
  /** Of the config. */
  readonly server: string;
  readonly pid: number;
  /** Who has started it, as far as the process table tells. */
  readonly parent: { readonly pid: number; readonly program: string } | null;
}

/**
 * Finds copies, from one reading of the process table. A process that a watchdog has started is none, nor is one that nobody
 * owns: that is an orphan. Of npx and the server behind it only the first counts.
 *
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE
 */
export async function findCopies(
  options: Pick<FindOrphansOptions, 'configured' | 'registered'> & { readonly inspector?: ProcessInspector },
): Promise<readonly ServerCopy[]> {
  if (options.configured.length === 0) return [];
  const inspector = options.inspector ?? (isLinux ? linux : darwin());
  const rows = await readProcessTable();
  const snapshot: ProcessSnapshot = { rows, commands: await inspector.readCommands(rows) };
  const known = new Set(options.registered.flatMap((one) => [one, ...one.strays]).map(processKey));
  const suspects = new Map<number, Suspect & { readonly server: string }>();
  for (const row of rows) {
    const suspect = suspectOf(row, snapshot, { configured: options.configured, patterns: [] });
    if (suspect === null || suspect.server === null || known.has(processKey(row))) continue;
    if (inspector.parentOf(row, snapshot) !== 'own') continue;
    if (inspector.environmentOf(row.pid).has(RUN_MARKER)) continue;
    suspects.set(row.pid, { ...suspect, server: suspect.server });
  }
  return [...suspects.values()].flatMap(({ row, server }) => {
    if (suspects.get(row.ppid)?.server === server) return [];
    const [program] = snapshot.commands.get(row.ppid) ?? [];
    const parent = program === undefined ? null : { pid: row.ppid, program: basename(program) };
    return [{ server, pid: row.pid, parent }];
  });
}
