// Summary of one server for people: healthy or not, and why, in a word or a sentence.
import { describeEnd } from '../lifecycle/end-text.ts';
import { usedMemory } from '../lifecycle/resource-limits.ts';
import type { RestartCause } from '../model/lifecycle-state.ts';
import type { DaemonStatus, ServerStatus } from '../model/status.ts';
import { describeCause, withQuotation } from '../base/cause.ts';
import { neutralise } from '../base/text.ts';
import { describeLastUpdate, describeProgress } from '../update/update-text.ts';
import { ago, cpu, size, span } from '../base/format.ts';

/** True when the server is in its desired state: up and answering, down on request, or a completed task. */
export function isHealthy({ desired, state, health, stoppedBecause }: ServerStatus): boolean {
  if (state === 'watched') return health.up === true && health.unasked === undefined;
  if (desired === 'down') return state === 'stopped';
  return state === 'running' ? health.up === true : state === 'idle' || stoppedBecause === 'completed';
}

/** Returns the state for people: `running`, `crash looping`. */
export function stateLabel({ state }: Pick<ServerStatus, 'state'>): string {
  return state.replaceAll('_', ' ');
}

/**
 * `unknown` until the first verdict. `unauthorized`: it answers, but wants credentials that it was not given; `wrong
 * host`: it answers, but refuses the Host or Origin that it is asked with.
 */
export type HealthLabel = 'unknown' | 'down' | 'suspect' | 'unauthorized' | 'wrong host' | 'up';

/** Returns the last verdict in one word; the most severe when several hold. */
export function healthLabel({ state, health }: ServerStatus): HealthLabel {
  if (health.up === null || (state === 'watched' && health.unasked !== undefined)) return 'unknown';
  if (!health.up) return 'down';
  if (health.suspect) return 'suspect';
  if (health.wrongHost === true) return 'wrong host';
  return health.unauthorized ? 'unauthorized' : 'up';
}

/** Returns the most important fact about the present, else the last event, in one line; empty when there is none. */
export function statusSummary(server: ServerStatus, now: number): string {
  return neutralise(present(server, now) ?? past(server, now) ?? server.conditions.stdout_text ?? '');
}

function present(server: ServerStatus, now: number): string | null {
  const { state, desired, health, note, killRepeats } = server;
  if (killRepeats > 0) return `cannot be ended: the kernel ignored ${killRepeats + 1} kills`;
  const work = rollbackOf(server, now) ?? note;
  if (work !== null) return work;
  if (state === 'stopped' && desired === 'down') return server.enabled ? 'stopped by you' : 'not enabled';
  if (state === 'stopping' && desired === 'down') return 'being stopped';
  if (state === 'idle') return 'nobody uses it; the next call starts it';
  if (state === 'backoff' || state === 'crash_looping' || state === 'needs_attention')
    return waitingFor(server, now);
  const { stdout_text: _, ...remarks } = server.conditions;
  const trouble = [
    state === 'starting' ? describeLastFailure(server) : null,
    describeHealth(health),
    ...overLimits(server),
    ...Object.values(remarks),
  ].find((text) => text !== null);
  return trouble ?? describeProgress(server.update, now);
}

/** A rollback comes first: it explains the restart and the health. */
function rollbackOf({ update }: ServerStatus, now: number): string | null {
  return update?.progress?.phase === 'rolling_back' ? describeProgress(update, now) : null;
}

function waitingFor(server: ServerStatus, now: number): string {
  const awaits = server.lastFailure?.awaits === undefined ? '' : ', or as soon as it is there';
  const when = `${nextAttempt(server.nextAttemptAt, now)}${awaits}`;
  const why = describeLastFailure(server) ?? describeLastEnd(server);
  // The cause first: of a long line only the beginning fits into a table.
  return why === null ? when : `${why}; ${when}`;
}

/** `exited with code 1: “no key”`, `memory 3 GiB is over …`, `requested by an operator`: why the last process ended. */
export function describeLastEnd(server: ServerStatus): string | null {
  const { endCause } = server;
  // With what code it obeyed us, or after which signal, is no cause.
  const isOwnEnd = endCause === undefined || OWN_ENDS.has(endCause.reason);
  return isOwnEnd ? describeLastExit(server) : describeRestart(endCause);
}

/** Reasons that only name what the process did by itself. */
const OWN_ENDS: ReadonlySet<RestartCause['reason']> = new Set(['exit', 'signal', 'unobserved']);

/** True for the reasons that are the server's doing. */
export function isByFault({ reason }: Pick<RestartCause, 'reason'>): boolean {
  return reason !== 'requested' && reason !== 'update' && reason !== 'config' && reason !== 'unobserved';
}

/** `exited with code 1 before it was ready: “no key”`; null when its last start did not fail. */
export function describeLastFailure({ lastFailure }: ServerStatus): string | null {
  if (lastFailure === null) return null;
  const { cause, message, quote } = lastFailure;
  return describeCause({ cause: cause ?? message, quote: quote ?? null });
}

/** `The answer to ping was -32603: “Not connected”`, or why it cannot be asked; null while all is well. */
export function describeHealth({ detail, quote, unasked }: ServerStatus['health']): string | null {
  return detail === null ? (unasked ?? null) : withQuotation(detail, quote);
}

/** `next attempt in 12 s`, or that there will be none. */
export function nextAttempt(nextAttemptAt: number | null, now: number): string {
  if (nextAttemptAt === null) return 'waits for you';
  return nextAttemptAt - now < 1000 ? 'next attempt now' : `next attempt in ${span(nextAttemptAt - now)}`;
}

function past(server: ServerStatus, now: number): string | null {
  const { lastRestart, state, update } = server;
  if (state === 'stopped') return atRest(server);
  const last = update?.memory.last ?? null;
  if (last !== null && last.at >= (lastRestart?.at ?? 0)) return describeLastUpdate(last, now);
  return lastRestart === null
    ? null
    : `restarted ${ago(lastRestart.at, now)}: ${describeRestart(lastRestart)}`;
}

/** Describes a server that is down by itself and stays down. */
function atRest(server: ServerStatus): string | null {
  const { stoppedBecause } = server;
  const exit = describeLastExit(server);
  if (stoppedBecause === null || stoppedBecause === 'asked' || stoppedBecause === 'idle') return exit;
  const word = stoppedBecause === 'completed' ? 'completed' : 'stays down, as the config says';
  return exit === null ? word : `${word}: ${exit}`;
}

/** `signal SIGKILL`, `probe: no answer within 5 s`, `requested`. */
export function describeRestart({
  reason,
  detail: said,
  quote,
}: Pick<NonNullable<ServerStatus['lastRestart']>, 'reason' | 'detail' | 'quote'>): string {
  const word = reason.replace('_', ' ');
  const detail = withQuotation(said ?? word, quote);
  if (said === null || said === word || detail.startsWith(word)) return detail;
  return `${word}${reason === 'signal' ? ' ' : ': '}${detail}`;
}

/** `exited with code 1: “no key”`, `ended by SIGKILL`; null when it has never ended. */
export function describeLastExit({ lastExit }: ServerStatus): string | null {
  return lastExit === null
    ? null
    : describeCause({ cause: describeEnd(lastExit), quote: lastExit.quote ?? null });
}

/** Lists the limits that are exceeded, with value and limit. */
export function overLimits({ overLimit, usage, limits }: ServerStatus): string[] {
  const texts = {
    memory: () =>
      overText('memory', usage === null ? null : usedMemory(usage), { ...limits.memory, write: size }),
    cpu: () => overText('CPU', usage?.cpuCores ?? null, { ...limits.cpu, write: cpu }),
  };
  return overLimit.map((resource) => texts[resource]());
}

interface Limit {
  readonly soft: number | null;
  readonly hard: number | null;
  readonly write: (value: number) => string;
}

function overText(name: string, value: number | null, { soft, hard, write }: Limit): string {
  const exceeded = hard !== null && (value ?? 0) > hard ? hard : (soft ?? hard);
  const limit = exceeded === null ? '' : ` of ${write(exceeded)}`;
  return `${name} ${value === null ? '?' : write(value)} is over the limit${limit}`;
}

/** Returns the latest probe that passed or failed; null before the first. */
export function latestProbe({ probes }: ServerStatus): NonNullable<ServerStatus['probes']['ping']> | null {
  return Object.values(probes).reduce<NonNullable<ServerStatus['probes']['ping']> | null>(
    (latest, probe) => (latest === null || probe.at > latest.at ? probe : latest),
    null,
  );
}

/** Sums the restarts of all reasons. */
export function restartsOf({ restarts }: ServerStatus): number {
  return Object.values(restarts).reduce((sum, count) => sum + count, 0);
}

/** True while no config was loaded or refused yet: a daemon without servers may have some in a moment. */
export function isStarting({ config }: DaemonStatus): boolean {
  return config.loadedAt === null && config.error === null;
}

/** `For 5 min its state cannot be saved, so that a restart of the watchdog would lose it: ENOSPC: no space left on device`. */
export function describeUnsaved(
  { since, reason }: NonNullable<DaemonStatus['unsaved']>,
  now: number,
): string {
  return `For ${span(now - since)} its state cannot be saved, so that a restart of the watchdog would lose it: ${reason}`;
}

/**
 * Describes a refused config: without an earlier one the daemon still waits, else the earlier one stays in force. The
 * reason comes first and the path last, as a narrow terminal cuts the end off.
 */
export function configRefusal({ path, error, loadedAt }: DaemonStatus['config']): string {
  const outcome =
    loadedAt === null
      ? 'There is no config to run on yet'
      : 'The config was not taken over, the old one stays';
  const text = (error ?? '').replaceAll(/\s*\n\s*/gu, ' ');
  const place = `Cannot use ${path}: `;
  if (!text.startsWith(place)) return `${outcome}: ${text}`;
  return `${outcome}: ${text.slice(place.length)} (${path})`;
}
