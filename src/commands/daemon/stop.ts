// Command `stop [names...]`: stops servers, or the daemon itself with all of them.
import type { ServiceManager } from '../../service/shared/service-manager.ts';
import { shutDown } from './daemon-process.ts';
import type { CommandContext } from '../shared/command.ts';
import { stopServers } from './server-control.ts';
import { installedService } from '../shared/service.ts';
import { stopService } from './service-control.ts';
import { printResult } from '../shared/output.ts';

export async function run(context: CommandContext): Promise<number> {
  if (context.arguments.length > 0) return await stopServers(context);
  return await stopDaemon(context, installedService(context));
}

/** Stops the daemon. @param service null where the daemon is not a service */
export async function stopDaemon(context: CommandContext, service: ServiceManager | null): Promise<number> {
  const pid =
    service === null ? await shutDown(context.paths, context.io.clock) : await stopService(context, service);
  printResult(context, { daemon: { pid }, result: pid === null ? 'nothing' : 'stopped' }, [
    pid === null ? 'No daemon is running' : `Stopped the daemon with pid ${pid} and all its servers`,
    ...(service === null
      ? []
      : ['It starts again at the next login; mcp-watchdog uninstall removes the service']),
  ]);
  return 0;
}
