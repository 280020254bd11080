// Mapping of a server's bus events to inputs of its update.
import { withQuotation } from '../core/base/cause.ts';
import type { EventOf, WatchdogEvent } from '../core/model/events.ts';
import type { StartFailureCode } from '../core/model/vocabulary.ts';
import type { UpdateInput } from '../core/update/update-state.ts';

/** Maps an event; null for one that says nothing about the version. */
export function mapServerEvent(event: WatchdogEvent): UpdateInput | null {
  switch (event.kind) {
    case 'spawned':
      return { kind: 'spawned', version: event.version };
    case 'health':
      // A suspect server, which has missed a probe, may be down in a moment.
      return { kind: event.health.up === true && !event.health.suspect ? 'up' : 'down' };
    case 'start-failed': {
      const { code, message } = event.failure;
      const fault = OF_THE_VERSION.has(code) ? 'version' : 'ours';
      return { kind: 'failing', stage: 'start', reason: message, fault };
    }
    case 'transition':
      return mapTransition(event);
    default:
      return null;
  }
}

/** Failures for which the version is to blame; the others come from network, disk or machine. */
const OF_THE_VERSION: ReadonlySet<StartFailureCode> = new Set([
  'BIN_UNRESOLVED',
  'ENGINE_MISMATCH',
  'EXITED_BEFORE_READY',
  'NOT_READY_IN_TIME',
]);

function mapTransition({ from, to, cause }: EventOf<'transition'>): UpdateInput | null {
  if (from.wanted === 'up' && to.wanted === 'down') return { kind: 'stopped' };
  if (to.phase === 'stopped' && from.phase !== 'stopped') return { kind: 'stopped' };
  const wasAlive = from.phase === 'starting' || from.phase === 'running';
  const isUnplanned = cause === 'exited' || cause === 'failing' || cause === 'tick';
  if (!wasAlive || !isUnplanned || to.phase !== 'stopping' || to.leadsTo !== 'retry')
    return to.phase === 'running' ? null : { kind: 'down' };
  const how = to.cause?.detail ?? to.cause?.reason ?? 'of unknown reason';
  const detail = withQuotation(how, to.cause?.quote);
  return { kind: 'failing', stage: 'run', reason: `it ended: ${detail}`, fault: 'version' };
}
