// `reload [--dry-run] [--json]`: the config is read again, and what that changes is told.
import { WatchdogError } from '../../core/base/errors.ts';
import type { CommandContext } from '../shared/command.ts';
import { reloadReport } from './reload-report.ts';
import { printLines, viewOptions } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';

// What is removed is given its grace, and then some.
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
