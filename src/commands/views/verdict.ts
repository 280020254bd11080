// What is to be said about one server in a word or a sentence: is it well, and if not, why.
import type { ServerStatus } from '../../core/status.ts';
import { neutralise } from '../../core/text.ts';
import type { Cell, Style } from './style.ts';
import { ago, cpu, size, span } from './words.ts';

/** True when the server is as it was asked to be: up and answering, or down on request. */
export function isHealthy({ desired, state, health }: ServerStatus): boolean {
  if (desired === 'down' && state !== 'watched') return state === 'stopped';
  return (state === 'running' || state === 'watched') && health.up === true;
}

const STATE_STYLES: Readonly<Record<ServerStatus['state'], Style>> = {
  stopped: 'dim',
  starting: 'cyan',
  running: 'green',
  stopping: 'cyan',
  backoff: 'yellow',
  crash_looping: 'red',
  watched: 'cyan',
};

export function stateCell({ state }: ServerStatus): Cell {
  return { text: state.replace('_', ' '), style: STATE_STYLES[state] };
}

export function healthCell({ health }: ServerStatus): Cell {
  if (health.up === null) return { text: '-', style: 'dim' };
  if (!health.up) return { text: 'down', style: 'red' };
  if (health.suspect) return { text: 'suspect', style: 'yellow' };
  return health.unauthorized ? { text: 'unauthorized', style: 'yellow' } : { text: 'up', style: 'green' };
}

/** The one thing worth knowing now, or what happened last; empty when there is nothing to tell. */
export function reasonOf(server: ServerStatus, now: number): string {
  return neutralise(present(server, now) ?? past(server, now) ?? '');
}

function present(server: ServerStatus, now: number): string | null {
  const { state, desired, health, note, killRepeats } = server;
  if (killRepeats > 0) return `cannot be ended: the system has not obeyed ${killRepeats + 1} kills`;
  if (note !== null) return note;
  if (state === 'stopped' && desired === 'down') return server.enabled ? 'stopped on request' : 'not enabled';
  if (state === 'backoff' || state === 'crash_looping') return waitingFor(server, now);
  return health.detail ?? overLimits(server)[0] ?? null;
}

function waitingFor(server: ServerStatus, now: number): string {
  const { nextAttemptAt, lastFailure } = server;
  const when = nextAttemptAt === null ? 'waits for you' : `next attempt in ${span(nextAttemptAt - now)}`;
  const why = lastFailure?.message ?? exitOf(server);
  return why === null ? when : `${when}: ${why}`;
}

function past(server: ServerStatus, now: number): string | null {
  const { lastRestart, state } = server;
  if (state === 'stopped') return exitOf(server);
  return lastRestart === null ? null : `restarted ${ago(lastRestart.at, now)}: ${restartReason(lastRestart)}`;
}

/** `signal SIGKILL`, `probe: no answer within 5 s`, `requested`. */
export function restartReason({ reason, detail }: NonNullable<ServerStatus['lastRestart']>): string {
  const word = reason.replace('_', ' ');
  if (detail === null || detail === word) return word;
  return detail.startsWith(word) ? detail : `${word}${reason === 'signal' ? ' ' : ': '}${detail}`;
}

/** `exited with code 1`, `ended by SIGKILL`; null when it has never ended. */
export function exitOf({ lastExit }: ServerStatus): string | null {
  if (lastExit === null) return null;
  return lastExit.signal === null
    ? `exited with code ${lastExit.code ?? '?'}`
    : `ended by ${lastExit.signal}`;
}

/** Each limit that is exceeded, with value and limit. */
export function overLimits({ overLimit, usage, limits }: ServerStatus): string[] {
  const texts = {
    memory: () => overText('memory', usage?.residentBytes ?? null, { ...limits.memory, write: size }),
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

/** The latest probe that passed or failed. */
export function latestProbe({ probes }: ServerStatus): NonNullable<ServerStatus['probes']['ping']> | null {
  return Object.values(probes).reduce<NonNullable<ServerStatus['probes']['ping']> | null>(
    (latest, probe) => (latest === null || probe.at > latest.at ? probe : latest),
    null,
  );
}

export function restartsOf({ restarts }: ServerStatus): number {
  return Object.values(restarts).reduce((sum, count) => sum + count, 0);
}
