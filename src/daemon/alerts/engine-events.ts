// Events about Prometheus and Alertmanager: seen, found or lost.
import type { DeliveryInput, DeliverySettings, DeliveryState } from '../../core/delivery/delivery.ts';
import { ENGINE_NAMES, type EngineName } from '../../core/model/vocabulary.ts';
import type { EventOf } from '../../core/model/events.ts';

type EngineEvent = Omit<EventOf<'engine'>, 'at'>;

/** Compares two states and returns the events that the input caused. */
export function engineEvents(
  before: DeliveryState,
  after: DeliveryState,
  { input, settings }: { readonly input: DeliveryInput; readonly settings: DeliverySettings },
): EngineEvent[] {
  return ENGINE_NAMES.flatMap((engine) => {
    const isReachable = isAlive(engine, after, settings);
    const isHeardNow = isSignOf(engine, input);
    if (!isHeardNow && isReachable === isAlive(engine, before, settings)) return [];
    return [{ kind: 'engine', engine, isReachable, isHeardNow }];
  });
}

function isSignOf(engine: EngineName, input: DeliveryInput): boolean {
  if (engine === 'prometheus') return input.kind === 'scraped';
  return input.kind === 'heartbeat' || (input.kind === 'asked' && input.isReady);
}

function isAlive(engine: EngineName, state: DeliveryState, { hasAlertmanager }: DeliverySettings): boolean {
  const { scrapes, heartbeats, alertmanager } = state;
  if (engine === 'prometheus') return scrapes.isAlive && scrapes.isSeen;
  return hasAlertmanager
    ? alertmanager.isAlive && alertmanager.lastAt !== null
    : heartbeats.isAlive && heartbeats.isSeen;
}
