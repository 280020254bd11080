// Table cells for the state and the health of a server.
import type { ServerStatus } from '../../core/model/status.ts';
import { type HealthLabel, healthLabel, stateLabel } from '../../core/status/health-summary.ts';
import type { Cell, Style } from './style.ts';

const STATE_STYLES: Readonly<Record<ServerStatus['state'], Style>> = {
  stopped: 'dim',
  starting: 'cyan',
  running: 'green',
  stopping: 'cyan',
  backoff: 'yellow',
  crash_looping: 'red',
  needs_attention: 'red',
  idle: 'dim',
  watched: 'cyan',
};

export function stateCell(server: ServerStatus): Cell {
  return { text: stateLabel(server), style: STATE_STYLES[server.state] };
}

const HEALTH_STYLES: Readonly<Record<HealthLabel, Style>> = {
  unknown: 'dim',
  down: 'red',
  suspect: 'yellow',
  unauthorized: 'yellow',
  'wrong host': 'yellow',
  up: 'green',
};

/** Writes the health, or a dash where nothing is known: an empty cell would look like a fault of the table. */
export function healthCell(server: ServerStatus): Cell {
  const word = healthLabel(server);
  return { text: word === 'unknown' ? '-' : word, style: HEALTH_STYLES[word] };
}
