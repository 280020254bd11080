// Report of an edited config, and the reload that makes a running daemon take it over at once.
import type { ReloadReport } from '../../core/model/config-diff.ts';
import { findDaemon } from '../daemon/daemon-process.ts';
import { reloadReport } from '../daemon/reload-report.ts';
import type { CommandContext } from '../shared/command.ts';
import { printResult, say, viewOptions } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';

interface EditedConfig {
  readonly data: object;
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
}

/** ms. Removed servers get their whole grace period. */
const TIMEOUT = 300_000;

/** Prints what was edited, or would be. @throws WatchdogError when the daemon refuses the file, which is written then */
export async function printEdited(
  context: CommandContext,
  { data, lines, warnings }: EditedConfig,
): Promise<number> {
  const { paths, flags } = context;
  const isWritten = flags.dryRun !== true;
  say(context, [...lines, ...warnings.map((warning) => `warning: ${warning}`)]);
  const report = isWritten ? await reload(context) : null;
  const told = report === null ? [] : reloadReport(report, viewOptions(context));
  printResult(context, { config: paths.config, isWritten, ...data, warnings, reload: report }, told);
  return 0;
}

/** Null when no daemon runs. */
async function reload(context: CommandContext): Promise<ReloadReport | null> {
  if ((await findDaemon(context.paths, context.io.clock)) === null) return null;
  return await withDaemon(context, (daemon) => daemon.request('reload', {}, { timeout: TIMEOUT }));
}
