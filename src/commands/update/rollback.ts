// Command `rollback [names...] [--dry-run]`: brings servers back to the version that ran before.
import type { CommandContext } from '../shared/command.ts';
import { requestChange } from './request-change.ts';

/** Nothing is fetched; a server is given its grace, and comes up again. */
const TIMEOUT = 120_000;

/** @returns 0 done or nothing to do, else 1 */
export async function run(context: CommandContext): Promise<number> {
  const { dryRun = false } = context.flags;
  return await requestChange(context, {
    action: 'rollback',
    ask: (daemon, names) => daemon.request('rollback', { names, dryRun }, { timeout: TIMEOUT }),
  });
}
