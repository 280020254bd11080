// Whether nobody seems to be using a server right now, so that a restart is hardly noticed.
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { ServerStatus } from '../../core/model/status.ts';
import { localPort } from '../../supervisor/prepare.ts';
import type { UpdatePorts } from '../../updates/ports.ts';

export interface QuietCheckParts {
  readonly status: (server: string) => ServerStatus | undefined;
  readonly spec: (server: string) => ServerSpec | undefined;
  /** Whether a probe of it is on its way: ended in the middle, it would look like a failure. */
  readonly isLooking: (server: string) => boolean;
  /** Connections to a port of this machine that are not ours; null where the system does not tell. */
  readonly countClients: (port: number) => number | null;
}

/** Cores. A server that works for somebody uses more; one that only idles, or is probed, uses less. */
const IDLE = 0.1;

/**
 * Quiet is a server that is well, uses hardly any processor, and has no client connected. Who speaks over its pipes has
 * us for its only client; of an http server on macOS the connections are not looked at, which would cost a program each
 * time, so that only the processor tells there.
 */
export function createQuietCheck(parts: QuietCheckParts): UpdatePorts['isQuiet'] {
  return (server) => {
    const status = parts.status(server);
    if (status === undefined || parts.isLooking(server) || !isWell(status)) return false;
    // Null after a start: what it did before is not known.
    if ((status.usage?.cpuCores ?? 1) >= IDLE) return false;
    const port = localPort(parts.spec(server)?.url ?? null);
    return port === null || (parts.countClients(port) ?? 0) === 0;
  };
}

function isWell({ state, health }: ServerStatus): boolean {
  return state === 'running' && health.up === true && !health.suspect;
}
