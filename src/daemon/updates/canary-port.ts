// Port of a canary: a free one beside that of the running server, and the proof that the canary itself listens there.
import type { ServerSpec } from '../../core/model/server-spec.ts';
import { span } from '../../core/base/format.ts';
import type { ToolsOutcome } from '../../core/tools/tool-diff.ts';
import type { CanaryProcess } from '../../supervisor/beside/canary-process.ts';
import { localAddresses, localPort } from '../../supervisor/prepare.ts';
import type { Clock } from '../../system/time/clock.ts';
import { findFreePort } from '../../system/net/free-port.ts';
import { isListening, ownsPort } from '../../system/net/port-owner.ts';
import { moveToPort } from './move-port.ts';
import { pause } from '../../system/time/pause.ts';

/** A spec that does not collide with the server that runs. */
export interface CanaryPlacement {
  readonly spec: ServerSpec;
  /** Null for stdio. */
  readonly port: number | null;
  readonly isSure: boolean;
}

/**
 * Moves a spec to a free port.
 *
 * @returns the reason, in one line, when it cannot be moved
 * @throws the system's error when there is no free port
 */
export async function placeCanary(spec: ServerSpec): Promise<CanaryPlacement | string> {
  if (spec.transport === 'stdio') return { spec, port: null, isSure: true };
  const from = localPort(spec.url);
  if (from === null) return `its url ${spec.url ?? ''} is not on this machine`;
  const to = await findFreePort(localAddresses(spec.url)[0] ?? '127.0.0.1');
  const moved = moveToPort(spec, { from, to });
  if (moved === null) {
    return `it cannot be tried on another port: its port ${from} is in neither its args nor its env; set it there`;
  }
  return { ...moved, port: to };
}

/** Ms between two checks of the port. */
const CHECK_EVERY = 100;

export interface PortWait {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly deadline: number;
}

/**
 * Waits until a process of the canary listens on its port. Nothing is sent before: another program that has taken the port
 * meanwhile must not get the headers of the config, nor pass for the new version.
 *
 * @returns null once it listens, or when the system does not tell who does
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
      const { pids } = await canary.inspect();
      if ((await ownsPort(port, pids, host)) !== false) return null;
      return notListening('ours', `port ${port}, chosen for its canary, was taken by another program`);
    }
    await pause(clock, CHECK_EVERY);
  }
  const within = span(spec.start.timeout);
  // The number that was replaced may not have been its port: then it rightly listens elsewhere.
  return notListening(
    isSure ? 'server' : 'ours',
    `it did not listen on port ${port}, as configured, within ${within}`,
  );
}

function notListening(fault: 'server' | 'ours', detail: string): ToolsOutcome {
  return { ok: false, fault, detail };
}
