// Connection of a command to the daemon, closed whatever happens.
import { connect } from '../../control/client.ts';
import type { Client } from '../../control/client.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { unknownServer } from '../../core/base/unknown-server.ts';
import type { DaemonStatus } from '../../core/model/status.ts';
import { configRefusal, isStarting } from '../../core/status/health-summary.ts';
import type { CommandContext } from './command.ts';

/** Connects, does the work and disconnects. @throws WatchdogError NO_DAEMON, or what the daemon answers */
export async function withDaemon<T>(
  { paths, io }: CommandContext,
  work: (daemon: Client) => Promise<T>,
): Promise<T> {
  const daemon = await connect(paths.socket, { clock: io.clock });
  try {
    return await work(daemon);
  } finally {
    daemon.close();
  }
}

/**
 * Finds a server by name.
 *
 * @throws WatchdogError UNKNOWN_SERVER with the nearest name; while the daemon has no config, CONTROL_FAILED when it has not
 * read one yet and CONFIG_INVALID when that cannot be used
 */
export function pickServer<Server extends { readonly name: string }>(
  { servers, daemon }: { readonly servers: readonly Server[]; readonly daemon?: DaemonStatus },
  name: string,
): Server {
  const server = servers.find((each) => each.name === name);
  if (server !== undefined) return server;
  if (daemon?.config.loadedAt === null) throw noServersYet(name, daemon);
  throw unknownServer(
    name,
    servers.map((each) => each.name),
  );
}

function noServersYet(name: string, daemon: DaemonStatus): WatchdogError {
  const action = `Cannot find the server "${name}"`;
  if (isStarting(daemon)) {
    return new WatchdogError('CONTROL_FAILED', `${action}: the watchdog is still starting`, {
      hint: 'Try again in a second',
    });
  }
  return new WatchdogError('CONFIG_INVALID', `${action}. ${configRefusal(daemon.config)}`, {
    hint: 'Fix the file: it is read again as soon as it changes',
  });
}
