// One whole conversation with a server: it introduces itself, and tells all of its tools with what they take.
import { messageOf } from '../core/base/guards.ts';
import { withTimeout, type Deadline } from '../wire/deadline.ts';
import type { ProbeTarget } from './probe-kind.ts';
import {
  listTools,
  toolsFailure,
  toolsFailureOf,
  type ToolsOutcome,
  type ToolsFailure,
} from './list-tools.ts';
import { transportOf } from './mcp.ts';
import type { McpTransport } from '../wire/handshake.ts';

/** A server that starts is asked again this often, ms. */
const ASK_AGAIN = 200;
/** How long a farewell may take, ms. */
const FAREWELL = 500;

/**
 * Greets a server until it answers, lists its tools and takes leave. `patience.timeout` bounds all of that together.
 * Whatever the server does is a value.
 */
export async function connectAndListTools(target: ProbeTarget, patience: Deadline): Promise<ToolsOutcome> {
  const transport = transportOf(target);
  let last: ToolsFailure | null = null;
  try {
    return await withTimeout(patience, async (signal) => {
      const within = { ...patience, signal };
      for (;;) {
        last = await greet(transport, within, last);
        if (last === null) return listTools(transport, signal);
        if (last.fault === 'unauthorized') return last;
        await pause(within, ASK_AGAIN);
        if (signal.aborted) return last;
      }
    });
  } catch (error) {
    return toolsFailure('ours', messageOf(error));
  } finally {
    const controller = new AbortController();
    await transport
      .close({ clock: patience.clock, timeout: FAREWELL, signal: controller.signal })
      .catch(() => undefined);
  }
}

/** Null once it has introduced itself. What it last said for itself tells more than that time is up. */
async function greet(
  transport: McpTransport,
  patience: Deadline,
  last: ToolsFailure | null,
): Promise<ToolsFailure | null> {
  const greeting = await transport.connect(patience);
  switch (greeting.kind) {
    case 'greeted':
      return null;
    case 'refused':
      return toolsFailure('server', greeting.detail);
    case 'failed':
    case 'inconclusive':
      return patience.signal.aborted && last !== null && greeting.kind === 'failed'
        ? last
        : toolsFailureOf(greeting);
    default:
      return greeting satisfies never;
  }
}

function pause({ clock, signal }: Deadline, delay: number): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const cancel = clock.after(delay, finish);
    signal.addEventListener('abort', finish, { once: true });
    function finish(): void {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    }
  });
}
