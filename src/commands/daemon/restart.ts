// Command `restart [names...]`: restarts servers, or the daemon itself.
import { WatchdogError } from '../../core/base/errors.ts';
import type { ServiceManager } from '../../service/shared/service-manager.ts';
import { shutDown } from './daemon-process.ts';
import type { CommandContext } from '../shared/command.ts';
import { startServers } from './server-control.ts';
import { readVersion } from '../shared/own-package.ts';
import { installedService } from '../shared/service.ts';
import { startDaemonAndPrint, printDaemonStarted } from './start.ts';
import { restartService } from './service-control.ts';
import { say } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';

export async function run(context: CommandContext): Promise<number> {
  if (context.arguments.length > 0) return await startServers(context, 'restart');
  return await restartDaemon(context, installedService(context));
}

/** Restarts the daemon. @param service null where the daemon is not a service */
export async function restartDaemon(
  context: CommandContext,
  service: ServiceManager | null,
): Promise<number> {
  await refuseBadConfig(context, service === null);
  if (service !== null) {
    const { daemon, endedOutside } = await restartService(context, service);
    if (endedOutside !== null)
      say(context, [`Stopped the daemon with pid ${endedOutside}, which ran outside its service`]);
    printDaemonStarted(context, daemon.pid, service);
    return 0;
  }
  const pid = await shutDown(context.paths, context.io.clock);
  if (pid !== null) say(context, [`Stopped the daemon with pid ${pid}`]);
  await startDaemonAndPrint(context, null);
  return 0;
}

/**
 * Refuses the restart when the next daemon could not use the config. The running daemon is asked, because the config may
 * refer to its environment; one of another version is not asked, because it knows other keys.
 *
 * @param startsHere true when the next one gets the environment of this command, which may lack what the running one has
 * @throws WatchdogError CONFIG_…
 */
async function refuseBadConfig(context: CommandContext, startsHere: boolean): Promise<void> {
  try {
    await withDaemon(context, async (running) => {
      const { daemon } = await running.request('status', {});
      const isComparable = daemon.version === readVersion() && daemon.config.loadedAt !== null;
      if (isComparable) await running.request('reload', { dryRun: true }, { timeout: CHECK_TIMEOUT });
      if (!startsHere || daemon.config.loadedAt === null) return;
      const { loadConfig } = await import('../../config/load.ts');
      loadConfig(context.paths.config, context.io.env);
    });
  } catch (error) {
    if (isRefusal(error))
      throw new WatchdogError(error.code, `Cannot restart the daemon: ${error.message}`, {
        hint: `${(error.hint ?? 'Fix the config').replace(/[.]$/u, '')}; the daemon keeps running with the old one`,
      });
    // No daemon, or one that is stuck: nothing to protect.
  }
}

const CHECK_TIMEOUT = 30_000;

function isRefusal(error: unknown): error is WatchdogError {
  return error instanceof WatchdogError && error.code.startsWith('CONFIG_');
}
