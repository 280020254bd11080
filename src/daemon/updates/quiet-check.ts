// Quiet check: tells whether a server seems unused right now, so that a restart is hardly noticed.
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { ServerStatus } from '../../core/model/status.ts';
import { localPort } from '../../supervisor/prepare.ts';
import type { UpdatePorts } from '../../updates/ports.ts';

export interface QuietCheckParts {
  readonly status: (server: string) => ServerStatus | undefined;
  readonly spec: (server: string) => ServerSpec | undefined;
  /** Whether a probe of it is in flight: cut off by a restart, it would look like a failure. */
  readonly isLooking: (server: string) => boolean;
  /** Whether a client has a call under way through the gateway, or had one just now. */
  readonly isInUse: (server: string) => boolean;
  /** Counts the connections to a port of this machine that are not ours; null where the system does not tell. */
  readonly countClients: (port: number) => number | null;
}

/** Cores. A server at work uses more; one that idles, or is only probed, uses less. */
const IDLE = 0.1;

/**
 * Creates the check. Quiet is a server that is healthy, uses hardly any CPU, and has no client connected. A stdio server
 * has no clients but those of the gateway; on macOS the connections of an http server are not counted, which would start a program each time,
 * so that only the CPU counts there.
 */
export function createQuietCheck(parts: QuietCheckParts): UpdatePorts['isQuiet'] {
  return (server) => {
    const status = parts.status(server);
    if (status === undefined || parts.isLooking(server) || parts.isInUse(server) || !isHealthy(status))
      return false;
    // Null after a start: nothing is known of it yet.
    if ((status.usage?.cpuCores ?? 1) >= IDLE) return false;
    const port = localPort(parts.spec(server)?.url ?? null);
    return port === null || (parts.countClients(port) ?? 0) === 0;
  };
}

function isHealthy({ state, health }: ServerStatus): boolean {
  return state === 'running' && health.up === true && !health.suspect;
}
