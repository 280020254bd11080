// Badges for the state and the health of a server: one word, one colour.
import type { ServerStatus } from '../../core/model/status.ts';
import { type HealthLabel, healthLabel, stateLabel } from '../../core/status/health-summary.ts';

/** One word, and one colour: `good` green, `bad` red, `busy` amber, `idle` grey. */
export interface StatusBadge {
  readonly word: string;
  readonly tone: 'good' | 'bad' | 'busy' | 'idle';
}

const STATE_TONES: Readonly<Record<ServerStatus['state'], StatusBadge['tone']>> = {
  stopped: 'idle',
  starting: 'busy',
  running: 'good',
  stopping: 'busy',
  backoff: 'busy',
  crash_looping: 'bad',
  needs_attention: 'bad',
  idle: 'idle',
  watched: 'idle',
};

export function stateBadge(server: ServerStatus): StatusBadge {
  return { word: stateLabel(server), tone: STATE_TONES[server.state] };
}

const HEALTH_TONES: Readonly<Record<HealthLabel, StatusBadge['tone']>> = {
  unknown: 'idle',
  down: 'bad',
  suspect: 'busy',
  unauthorized: 'busy',
  'wrong host': 'busy',
  up: 'good',
};

export function healthBadge(server: ServerStatus): StatusBadge {
  const word = healthLabel(server);
  return { word, tone: HEALTH_TONES[word] };
}
