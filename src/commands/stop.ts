// `stop [names...]`: servers, or the daemon itself with all of them.
import type { ServiceManager } from '../service/shared/service-manager.ts';
import { shutDown } from './background.ts';
import type { Context } from './command.ts';
import { stopServers } from './servers.ts';
import { installedService } from './service.ts';
import { stopService } from './through-service.ts';
import { printLines } from './with-daemon.ts';

export async function run(context: Context): Promise<number> {
  if (context.arguments.length > 0) return await stopServers(context);
  return await stopDaemon(context, installedService(context));
}

/** @param service null where it is none */
export async function stopDaemon(context: Context, service: ServiceManager | null): Promise<number> {
  const pid =
    service === null ? await shutDown(context.paths, context.io.clock) : await stopService(context, service);
  printLines(context, [
    pid === null ? 'No daemon is running' : `Stopped the daemon with pid ${pid} and all its servers`,
    ...(service === null ? [] : ['It starts again at the next login; mcp-watchdog uninstall keeps it away']),
  ]);
  return 0;
}
