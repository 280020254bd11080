// `restart [names...]`: servers, or the daemon itself.
import { shutDown } from './background.ts';
import type { Context } from './command.ts';
import { startServers } from './servers.ts';
import { startDaemonAndTell } from './start.ts';
import { printLines } from './with-daemon.ts';

export async function run(context: Context): Promise<number> {
  if (context.arguments.length > 0) return await startServers(context, 'restart');
  const pid = await shutDown(context.paths, context.io.clock);
  if (pid !== null) printLines(context, [`Stopped the daemon with pid ${pid}`]);
  await startDaemonAndTell(context);
  return 0;
}
