// `start [names...]`: servers, or the daemon itself in the background.
import { findDaemon, startInBackground } from './background.ts';
import type { Context } from './command.ts';
import { startServers } from './servers.ts';
import { printLines } from './with-daemon.ts';

export async function run(context: Context): Promise<number> {
  if (context.arguments.length > 0) return await startServers(context, 'start');
  const { paths, io } = context;
  const running = await findDaemon(paths, io.clock);
  if (running === null) await startDaemonAndTell(context);
  else printLines(context, [`The daemon already runs, pid ${running.pid}`]);
  return 0;
}

/** @throws WatchdogError CONTROL_FAILED when it does not come up */
export async function startDaemonAndTell(context: Context): Promise<void> {
  const { paths, io } = context;
  const daemon = await startInBackground(paths, io);
  printLines(context, [
    `The daemon runs, pid ${daemon.pid}. See mcp-watchdog status, or mcp-watchdog logs -f`,
  ]);
}
