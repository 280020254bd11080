// `stop [names...]`: servers, or the daemon itself with all of them.
import { shutDown } from './background.ts';
import type { Context } from './command.ts';
import { stopServers } from './servers.ts';
import { printLines } from './with-daemon.ts';

export async function run(context: Context): Promise<number> {
  if (context.arguments.length > 0) return await stopServers(context);
  const pid = await shutDown(context.paths, context.io.clock);
  printLines(context, [
    pid === null ? 'No daemon is running' : `Stopped the daemon with pid ${pid} and all its servers`,
  ]);
  return 0;
}
