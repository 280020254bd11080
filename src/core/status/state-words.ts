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
  | 'probes'
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
  if (server.health.up === null) return state === 'watched' ? withoutVerdict(server) : 'starting';
  if (isUnprobed(server)) return 'cannot be asked';
  return state === 'watched' ? 'answering' : 'running';
}

/** Returns since when these words hold, ms since the epoch; of a server that is all right, since when it runs. */
export function wordsSince(server: ServerStatus): number {
  const { state, since, verdictSince = since } = server;
  const isUp = state === 'running' || state === 'watched';
  const isInTrouble = troubleWords(server) !== null || isUnprobed(server);
  return isUp && isInTrouble ? Math.max(since, verdictSince) : since;
}

/** Names what is only watched and was asked so far without a verdict. */
function withoutVerdict(server: StateFacts): string {
  if (isUnprobed(server)) return 'cannot be asked';
  return server.health.detail === null ? 'not asked yet' : 'not answering';
}

/**
 * True for a watched server of which no probe comes to a result, from the first on or lately, for a reason that is no fault of
 * the server: its name cannot be looked up, the command of the probe cannot be run.
 */
export function isUnprobed({
  state,
  health,
  probes,
}: Pick<ServerStatus, 'state' | 'health' | 'probes'>): boolean {
  if (state !== 'watched') return false;
  const wasAsked = health.up === null && health.detail !== null;
  return (wasAsked && Object.keys(probes).length === 0) || health.unasked !== undefined;
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
