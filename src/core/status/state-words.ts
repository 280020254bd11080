// State of one server in a word or two, the same on page, command line and monitor.
import type { ServerStatus } from '../model/status.ts';

/** Facts that the word follows from. */
type StateFacts = Pick<
  ServerStatus,
  | 'state'
  | 'health'
  | 'overLimit'
  | 'update'
  | 'desired'
  | 'enabled'
  | 'stoppedBecause'
  | 'killRepeats'
  | 'note'
>;

/**
 * Returns what a person should know first: `crash looping`, `unauthorized`, `memory high`; `running` or `answering` only
 * while nothing is wrong. The gravest comes first where several hold.
 */
export function stateWords(server: StateFacts): string {
  const { state, killRepeats, update, note } = server;
  if (killRepeats > 0) return 'cannot be ended';
  const phase = update?.progress?.phase;
  if (phase === 'rolling_back') return 'rolling back';
  if (state === 'stopped') return restWords(server);
  if (state === 'starting' && note?.startsWith('installing ') === true) return 'installing';
  if (state !== 'running' && state !== 'watched') return state.replaceAll('_', ' ');
  const trouble = troubleWords(server);
  if (trouble !== null) return trouble;
  if (phase !== undefined) return phase === 'probation' ? 'on probation' : 'updating';
  if (server.health.up === null) return state === 'watched' ? unknownWords(server) : 'starting';
  return state === 'watched' ? 'answering' : 'running';
}

/** Returns since when these words hold, ms since the epoch; of a server that is all right, since when it runs. */
export function wordsSince(server: ServerStatus): number {
  const { state, since, verdictSince = since } = server;
  const isUp = state === 'running' || state === 'watched';
  return isUp && troubleWords(server) !== null ? Math.max(since, verdictSince) : since;
}

/** What is only watched may have been asked without a verdict, as under a name that no host has. */
function unknownWords({ health }: StateFacts): string {
  return health.detail === null ? 'not asked yet' : 'no verdict yet';
}

function restWords({ enabled, desired, stoppedBecause }: StateFacts): string {
  if (!enabled && desired === 'down') return 'not enabled';
  if (desired === 'down') return 'stopped by you';
  if (stoppedBecause === 'completed') return 'completed';
  return stoppedBecause === 'prevented' ? 'stays down' : 'stopped';
}

/** What is wrong with a server that runs; null for nothing. */
function troubleWords({ health, overLimit }: StateFacts): string | null {
  if (health.up === false) return 'down';
  if (health.suspect) return 'not answering';
  if (health.wrongHost === true) return 'wrong host';
  if (health.unauthorized) return 'unauthorized';
  if (overLimit.length === 0) return null;
  return overLimit.includes('memory') ? 'memory high' : 'CPU high';
}
