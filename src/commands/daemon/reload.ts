// Command `reload [--dry-run] [--json]`: makes the daemon read its config again and prints the changes.
import { WatchdogError } from '../../core/base/errors.ts';
import type { CommandContext } from '../shared/command.ts';
import { reloadReport } from './reload-report.ts';
import { printLines, viewOptions } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';

/** ms. Removed servers get their whole grace period. */
const TIMEOUT = 300_000;

export async function run(context: CommandContext): Promise<number> {
  const { flags } = context;
  const dryRun = flags.dryRun === true;
  try {
    const report = await withDaemon(context, (daemon) =>
      daemon.request('reload', { dryRun }, { timeout: TIMEOUT }),
    );
    printLines(context, flags.json === true ? asJson(report) : reloadReport(report, viewOptions(context)));
    return 0;
  } catch (error) {
    if (flags.json !== true || !isRefusal(error)) throw error;
    const { code, message, hint } = error;
    printLines(context, asJson({ refused: true, code, problems: message.split('\n'), hint }));
    return 2;
  }
}

function asJson(value: object): string[] {
  return [JSON.stringify(value, null, 2)];
}

function isRefusal(error: unknown): error is WatchdogError {
  return error instanceof WatchdogError && error.code.startsWith('CONFIG_');
}
