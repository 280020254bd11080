// Connection of a command to the daemon, closed whatever happens.
import { connect } from '../../control/client.ts';
import type { Client } from '../../control/client.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { unknownServer } from '../../core/base/unknown-server.ts';
import type { DaemonStatus } from '../../core/model/status.ts';
import { isStarting } from '../../core/status/health-summary.ts';
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

/** Finds a server by name. @throws WatchdogError UNKNOWN_SERVER with the nearest name; CONTROL_FAILED while the daemon has not read its config */
export function pickServer<Server extends { readonly name: string }>(
  { servers, daemon }: { readonly servers: readonly Server[]; readonly daemon?: DaemonStatus },
  name: string,
): Server {
  const server = servers.find((each) => each.name === name);
  if (server !== undefined) return server;
  if (daemon !== undefined && servers.length === 0 && isStarting(daemon)) {
    throw new WatchdogError(
      'CONTROL_FAILED',
      `Cannot find the server "${name}": the watchdog is still starting`,
      {
        hint: 'Try again in a second',
      },
    );
  }
  throw unknownServer(
    name,
    servers.map((each) => each.name),
  );
}
