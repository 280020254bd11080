// Command `reload [--dry-run] [--json]`: makes the daemon read its config again and prints the changes.
import type { CommandContext } from '../shared/command.ts';
import { reloadReport } from './reload-report.ts';
import { printResult, viewOptions } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';

/** ms. Removed servers get their whole grace period. */
const TIMEOUT = 300_000;

export async function run(context: CommandContext): Promise<number> {
  const { flags } = context;
  const dryRun = flags.dryRun === true;
  const report = await withDaemon(context, (daemon) =>
    daemon.request('reload', { dryRun }, { timeout: TIMEOUT }),
  );
  printResult(context, report, reloadReport(report, viewOptions(context)));
  return 0;
}
