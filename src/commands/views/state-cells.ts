// Table cells for the state and the health of a server.
import type { ServerStatus } from '../../core/model/status.ts';
import { type HealthLabel, healthLabel } from '../../core/status/health-summary.ts';
import { stateWords } from '../../core/status/state-words.ts';
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

/** Writes the verdict: a narrow terminal shows no other column about it. */
export function stateCell(server: ServerStatus): Cell {
  return { text: stateWords(server), style: styleOf(server) };
}

function styleOf(server: ServerStatus): Style {
  const { state, health, overLimit, killRepeats } = server;
  if (killRepeats > 0) return 'red';
  if (state !== 'running' && state !== 'watched') return STATE_STYLES[state];
  const label = healthLabel(server);
  if (health.up === null || label === 'unknown') return 'cyan';
  const style = HEALTH_STYLES[label];
  return style === 'green' && overLimit.length > 0 ? 'yellow' : style;
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
