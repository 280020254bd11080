// Start, stop and restart of a daemon that is a service, also when another daemon runs beside the service.
import type { DaemonInfo } from '../../control/protocol.ts';
import type { DaemonStatus } from '../../core/model/status.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { ServiceManager } from '../../service/shared/service-manager.ts';
import { findDaemon, shutDown, waitUntilStarted } from './daemon-process.ts';
import type { CommandContext } from '../shared/command.ts';

/** Tells whether the daemon that answers is not the one that the service runs. */
export async function runsBesideService(service: ServiceManager, daemon: DaemonInfo): Promise<boolean> {
  const { pid } = await service.state();
  return pid !== daemon.pid;
}

/**
 * Starts the service and waits until its daemon has loaded the config.
 *
 * @throws WatchdogError SERVICE_FAILED, CONTROL_FAILED, CONFIG_INVALID
 */
export async function startService(
  { paths, io }: CommandContext,
  service: ServiceManager,
): Promise<DaemonStatus> {
  await service.start();
  return await waitUntilStarted(paths, io.clock, service.logHint);
}

/** Restarts the service; a daemon that runs beside it is shut down first. */
export async function restartService(
  context: CommandContext,
  service: ServiceManager,
): Promise<{ readonly daemon: DaemonStatus; readonly endedOutside: number | null }> {
  const { paths, io } = context;
  const running = await findUnlessStuck(context);
  const isOutside = running !== null && (await runsBesideService(service, running));
  const endedOutside = isOutside ? await shutDown(paths, io.clock) : null;
  await service.restart();
  return { daemon: await waitUntilStarted(paths, io.clock, service.logHint), endedOutside };
}

/** Stops the service, or the daemon beside it. @returns the pid of the daemon that was stopped; null when none ran */
export async function stopService(context: CommandContext, service: ServiceManager): Promise<number | null> {
  const { paths, io } = context;
  const running = await findUnlessStuck(context);
  if (running !== null && (await runsBesideService(service, running).catch(() => true))) {
    return await shutDown(paths, io.clock);
  }
  const { pid } = await service.state();
  // Also without a process: the service manager may be about to start it again.
  await service.stop();
  return running?.pid ?? pid;
}

/** Finds the daemon; null also for one that no longer answers, because the service manager can stop that. */
async function findUnlessStuck({ paths, io }: CommandContext): Promise<DaemonInfo | null> {
  try {
    return await findDaemon(paths, io.clock);
  } catch (error) {
    if (error instanceof WatchdogError && error.code === 'CONTROL_FAILED') return null;
    throw error;
  }
}
