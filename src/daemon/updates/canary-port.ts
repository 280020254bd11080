// Where a version on trial listens without being in the way of the server that runs, and whether it is really itself.
import type { ServerSpec } from '../../core/model/server-spec.ts';
import { span } from '../../core/base/format.ts';
import type { ToolsOutcome } from '../../probes/list-tools.ts';
import type { CanaryProcess } from '../../supervisor/canary-process.ts';
import { localAddresses, localPort } from '../../supervisor/prepare.ts';
import type { Clock } from '../../system/time/clock.ts';
import { findFreePort } from '../../system/net/free-port.ts';
import { isListening, ownsPort } from '../../system/net/port-owner.ts';
import { moveToPort } from './move-port.ts';
import { pause } from '../../system/time/pause.ts';

/** Where it cannot be in the way of the server that runs. */
export interface CanaryPlacement {
  readonly spec: ServerSpec;
  /** Null for one that speaks over its pipes. */
  readonly port: number | null;
  readonly isSure: boolean;
}

/** Why it cannot, in one line, when it cannot. @throws the system's error when it has no port to give */
export async function placeCanary(spec: ServerSpec): Promise<CanaryPlacement | string> {
  if (spec.transport === 'stdio') return { spec, port: null, isSure: true };
  const from = localPort(spec.url);
  if (from === null) return `its url ${spec.url ?? ''} is not on this machine`;
  const to = await findFreePort(localAddresses(spec.url)[0] ?? '127.0.0.1');
  const moved = moveToPort(spec, { from, to });
  if (moved === null) {
    return `it cannot be tried on another port, as its port ${from} stands in neither its args nor its env: name it there`;
  }
  return { ...moved, port: to };
}

/** Ms between two looks at something that is awaited. */
const LOOK_EVERY = 100;

export interface PortWait {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly deadline: number;
}

/**
 * Null once a process of the canary listens on its port, or the system does not tell. Nothing is sent before: a stranger
 * who has taken the port meanwhile must not be given the headers of the config, nor pass for the new version.
 */
export async function awaitPort(
  canary: CanaryProcess,
  { spec, port, isSure }: CanaryPlacement & { readonly port: number },
  { signal, clock, deadline }: PortWait,
): Promise<ToolsOutcome | null> {
  const addresses = localAddresses(spec.url);
  while (!signal.aborted && clock.monotonic() < deadline) {
    const answering = await Promise.all(addresses.map((address) => isListening(port, address)));
    const host = addresses[answering.indexOf(true)];
    if (host !== undefined) {
      const { pids } = await canary.look();
      if ((await ownsPort(port, pids, host)) !== false) return null;
      return unheard('ours', `port ${port}, which was free for its trial, was taken by somebody else`);
    }
    await pause(clock, LOOK_EVERY);
  }
  const within = span(spec.start.timeout);
  // Told by a number that may have meant something else, it may listen elsewhere with every right.
  return unheard(isSure ? 'server' : 'ours', `it did not listen on port ${port}, as told, within ${within}`);
}

function unheard(fault: 'server' | 'ours', detail: string): ToolsOutcome {
  return { ok: false, fault, detail };
}
