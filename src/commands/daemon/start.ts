// Command `start [names...]`: starts servers, or the daemon itself, as a service or in the background.
import type { ServiceManager } from '../../service/shared/service-manager.ts';
import { findDaemon, startInBackground } from './daemon-process.ts';
import type { CommandContext } from '../shared/command.ts';
import { startServers } from './server-control.ts';
import { installedService } from '../shared/service.ts';
import { runsBesideService, startService } from './service-control.ts';
import { printResult } from '../shared/output.ts';

export async function run(context: CommandContext): Promise<number> {
  if (context.arguments.length > 0) return await startServers(context, 'start');
  return await startDaemon(context, installedService(context));
}

/** Starts the daemon unless it runs. @param service null where the daemon is not a service */
export async function startDaemon(context: CommandContext, service: ServiceManager | null): Promise<number> {
  const { paths, io } = context;
  const running = await findDaemon(paths, io.clock);
  if (running === null) {
    await startDaemonAndPrint(context, service);
    return 0;
  }
  const isOutside = service !== null && (await runsBesideService(service, running));
  printResult(
    context,
    { daemon: { pid: running.pid, service: isOutside ? null : (service?.kind ?? null) }, result: 'running' },
    [
      `The daemon already runs, pid ${running.pid}`,
      ...(isOutside ? ['It runs outside its service: mcp-watchdog restart lets the service run it'] : []),
    ],
  );
  return 0;
}

/** Starts the daemon and prints its pid. @throws WatchdogError SERVICE_FAILED, CONTROL_FAILED or CONFIG_INVALID when it does not come up */
export async function startDaemonAndPrint(
  context: CommandContext,
  service: ServiceManager | null = installedService(context),
): Promise<void> {
  const { paths, io } = context;
  const { pid } =
    service === null ? await startInBackground(paths, io) : await startService(context, service);
  printDaemonStarted(context, pid, service);
}

export function printDaemonStarted(
  context: CommandContext,
  pid: number,
  service: ServiceManager | null,
): void {
  const how = service === null ? '' : ` as a service of ${service.kind}`;
  printResult(context, { daemon: { pid, service: service?.kind ?? null }, result: 'started' }, [
    `The daemon runs${how}, pid ${pid}. See mcp-watchdog status, or mcp-watchdog logs -f`,
  ]);
}
