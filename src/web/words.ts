// How the page says moments, sizes and reasons.
import type { ServerStatus } from '../core/status.ts';
import { neutralise } from '../core/text.ts';

/** How a server does, in one word for people and one colour: `good` green, `bad` red, `busy` amber, `idle` grey. */
export interface Verdict {
  readonly word: string;
  readonly tone: 'good' | 'bad' | 'busy' | 'idle';
}

const STATES: Readonly<Record<ServerStatus['state'], Verdict>> = {
  stopped: { word: 'stopped', tone: 'idle' },
  starting: { word: 'starting', tone: 'busy' },
  running: { word: 'running', tone: 'good' },
  stopping: { word: 'stopping', tone: 'busy' },
  backoff: { word: 'waiting to restart', tone: 'busy' },
  crash_looping: { word: 'crash looping', tone: 'bad' },
  watched: { word: 'watched', tone: 'idle' },
};

export function stateOf({ state }: ServerStatus): Verdict {
  return STATES[state];
}

export function healthOf({ health }: ServerStatus): Verdict {
  if (health.up === null) return { word: 'not known', tone: 'idle' };
  if (!health.up) return { word: 'down', tone: 'bad' };
  if (health.suspect) return { word: 'suspect', tone: 'busy' };
  return health.unauthorized ? { word: 'up, unauthorized', tone: 'busy' } : { word: 'up', tone: 'good' };
}

/** True when it is as it was asked to be: up and answering, or down on request. */
export function isWell({ desired, state, health }: ServerStatus): boolean {
  if (desired === 'down' && state !== 'watched') return state === 'stopped';
  return (state === 'running' || state === 'watched') && health.up === true;
}

/** The one thing worth knowing; empty when there is none. One line, without control characters. */
export function reasonOf(server: ServerStatus, now: number): string {
  const { note, health, lastFailure, lastRestart, lastExit, nextAttemptAt } = server;
  const next = nextAttemptAt === null ? '' : `next attempt in ${span(nextAttemptAt - now)}`;
  const why = note ?? lastFailure?.message ?? health.detail;
  if (why !== null || next !== '')
    return neutralise([next, why ?? ended(lastExit)].filter((part) => part !== '').join(': '));
  if (lastRestart === null) return neutralise(ended(lastExit));
  const { at, reason, detail } = lastRestart;
  return neutralise(`restarted ${span(now - at)} ago: ${detail ?? reason.replace('_', ' ')}`);
}

function ended(exit: ServerStatus['lastExit']): string {
  if (exit === null) return '';
  return exit.signal === null ? `exited with code ${exit.code ?? '?'}` : `ended by ${exit.signal}`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** `42 s`, `3 min`, `5 h 7 min`, `12 d 4 h`. */
export function span(milliseconds: number): string {
  const whole = Math.max(0, milliseconds);
  const index = UNITS.findIndex(([, size]) => whole >= size);
  const [first, second] =
    index === -1 ? UNITS.slice(-1) : UNITS.slice(index, index < 2 ? index + 2 : index + 1);
  if (first === undefined) return '';
  const rest = second === undefined ? 0 : Math.floor((whole % first[1]) / second[1]);
  return `${Math.floor(whole / first[1])} ${first[0]}${second === undefined || rest === 0 ? '' : ` ${rest} ${second[0]}`}`;
}

/** `117 MiB`, `1.5 GiB`. */
export function size(bytes: number): string {
  const mebibytes = bytes / 1024 ** 2;
  return mebibytes >= 1000 ? `${(mebibytes / 1024).toFixed(1)} GiB` : `${rounded(mebibytes)} MiB`;
}

/** Cores as per cent of one. */
export function cores(value: number): string {
  return `${rounded(value * 100)} %`;
}

function rounded(value: number): string {
  return value < 9.95 ? value.toFixed(1) : value.toFixed(0);
}
