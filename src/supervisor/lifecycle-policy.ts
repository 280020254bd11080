// Lifecycle policy of a server, derived from its settings.
import type { LifecyclePolicy, StopStep } from '../core/model/lifecycle-state.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';

/** How long a server may take to exit by itself once its stdin has ended, ms: well-behaved ones need 20 ms. */
const AFTER_EOF = 1000;
/** Interval of SIGKILL, ms, while the kernel holds a process. */
const BETWEEN_KILLS = 2000;

/** Picks what the lifecycle needs from a specification; the stop sequence follows from the transport. */
export function lifecyclePolicy({ restart, start, stop, transport }: ServerSpec): LifecyclePolicy {
  const signals: [StopStep, StopStep] = [
    { kind: 'terminate', wait: stop.grace },
    { kind: 'kill', wait: BETWEEN_KILLS },
  ];
  const closeStdin: StopStep = { kind: 'close-stdin', wait: Math.min(AFTER_EOF, stop.grace) };
  return {
    restart,
    startTimeout: start.timeout,
    // The order in which the protocol wants a stdio server to be asked.
    stop: transport === 'stdio' ? [closeStdin, ...signals] : signals,
  };
}
