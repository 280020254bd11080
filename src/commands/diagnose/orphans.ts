// Command `orphans [--reap]`: finds MCP servers without an owner and ends them, without a daemon.
import { loadConfig } from '../../config/load.ts';
import { configuredPrograms } from '../../core/orphans/known-servers.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { findOrphans, type FindOrphansOptions, type Orphan } from '../../orphans/find-orphans.ts';
import { type ReapedOrphan, reapOrphans } from '../../orphans/reap-orphans.ts';
import { readProcessRecords } from '../../supervisor/process-registry.ts';
import type { CommandContext } from '../shared/command.ts';
import { orphanLines, reapedLines } from './orphan-list.ts';
import { printJson, printLines, viewOptions } from '../shared/output.ts';

export async function run(context: CommandContext): Promise<number> {
  const { options, note } = readFindOptions(context);
  const found = await findOrphans(options);
  const isReaping = context.flags.reap === true;
  const reaped = isReaping ? await reapOrphans(found, context.io.clock) : [];
  if (context.flags.json === true) printJson(context, report(found, isReaping ? reaped : null, note));
  else {
    const view = viewOptions(context);
    const lines = isReaping ? reapedLines(found, reaped, view) : orphanLines(found, view);
    printLines(context, [...lines, ...note]);
  }
  const left = isReaping
    ? reaped.some(({ outcome }) => outcome === 'alive')
    : found.some(({ isCertain }) => isCertain);
  return left ? 1 : 0;
}

interface FindSettings {
  readonly options: FindOrphansOptions;
  /** One line about what was not searched for; none when all was. */
  readonly note: readonly string[];
}

/** Reads the search options from the config; without a usable one only well-known servers are found. */
export function readFindOptions({ paths, io }: Pick<CommandContext, 'paths' | 'io'>): FindSettings {
  const registered = readProcessRecords(paths.processes);
  try {
    const { config, servers } = loadConfig(paths.config, io.env);
    const { patterns, minimumAge } = config.orphans;
    return {
      options: { configured: configuredPrograms(servers), patterns, minimumAge, registered },
      note: [],
    };
  } catch (error) {
    if (!(error instanceof WatchdogError)) throw error;
    return {
      options: { configured: [], patterns: [], minimumAge: MINIMUM_AGE, registered },
      note: ['Only well-known servers were searched for: the config cannot be used'],
    };
  }
}

/** ms. */
const MINIMUM_AGE = 60_000;

function report(
  found: readonly Orphan[],
  reaped: readonly ReapedOrphan[] | null,
  notes: readonly string[],
): object {
  return {
    notes,
    orphans: found.map((orphan) => ({
      ...orphan,
      outcome: reaped?.find((one) => one.orphan === orphan)?.outcome ?? null,
    })),
  };
}
