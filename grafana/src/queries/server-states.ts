// Server states as one number; larger is worse, so that max() picks the worst of many.
import type { SERVER_STATES } from '../../../src/core/model/vocabulary.ts';
import { EACH_SERVER, server } from './expressions.ts';

interface Shown {
  readonly value: number;
  readonly text: string;
  readonly color: string;
}

const STATES: Readonly<Record<(typeof SERVER_STATES)[number], Shown>> = {
  running: { value: 1, text: 'running', color: 'green' },
  stopped: { value: 2, text: 'stopped', color: 'text' },
  starting: { value: 3, text: 'starting', color: 'light-blue' },
  stopping: { value: 4, text: 'stopping', color: 'blue' },
  backoff: { value: 6, text: 'waits to restart', color: 'orange' },
  crash_looping: { value: 7, text: 'crash looping', color: 'dark-red' },
  idle: { value: 0, text: 'idle', color: 'text' },
  needs_attention: { value: 8, text: 'needs attention', color: 'purple' },
};

const SILENT: Shown = { value: 5, text: 'does not answer', color: 'red' };

/** In the order of their numbers. */
export const SHOWN_STATES: readonly Shown[] = [...Object.values(STATES), SILENT].sort(
  (one, other) => one.value - other.value,
);

/** One number for each server. Running without an answer is a state of its own, and comes first to override `running`. */
export const stateOfEach = `max by (${EACH_SERVER}) (
  ${[silent(), ...Object.entries(STATES).map(([state, { value }]) => `${value} * ${isIn(state)}`)].join('\n  or ')}
)`;

function silent(): string {
  return `${SILENT.value} * (${isIn('running')} == 1 and on (${EACH_SERVER}) ${server('server_up')} == 0)`;
}

function isIn(state: string): string {
  return server('server_state', `state="${state}"`);
}
