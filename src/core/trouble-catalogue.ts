// Which troubles there are, how each is seen in the status, and how it is told: until rules are evaluated, this is the source of alerts.
import type { Severity } from './events.ts';
import type { DaemonStatus, ServerStatus } from './status.ts';
import { cap, neutralise } from './text.ts';
import {
  configRefusal,
  isHealthy,
  nextAttempt,
  overLimits,
  reasonOf,
  restartReason,
  stateWord,
} from './verdict.ts';

/** `unsure` leaves things as they are: what fires goes on, and what does not has not begun. */
export type Judgement = 'yes' | 'no' | 'unsure';

/** What cannot be read off a single status. */
interface Circumstances {
  /** ms since the epoch. */
  readonly now: number;
  /** Restarts of this server that nobody planned, within `RESTARTS_SEEN`. */
  readonly unplanned: number;
}

/** `Subject`: a server, or the watchdog itself. */
export interface Trouble<Subject> {
  readonly name: string;
  readonly severity: Severity;
  /** Awake ms for which it must hold before it is told. */
  readonly waits: number;
  /** Awake ms for which it must be over before that is told. */
  readonly lingers: number;
  readonly judge: (subject: Subject, circumstances: Circumstances) => Judgement;
  /** One line for people; neutralised and capped by whoever asks. */
  readonly summary: (subject: Subject, circumstances: Circumstances) => string;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** How far back unplanned restarts are counted, awake ms. */
export const RESTARTS_SEEN = 15 * MINUTE;
const TOO_MANY_RESTARTS = 3;

/** A failed save is tried again at each tick: one this old was made good. */
const SAVE_RETRIED_WITHIN = 2 * MINUTE;

const LONGEST_SUMMARY = 400;

/** Names, severities and waits follow the rule catalogue for Prometheus, so that the two can be told as one. */
export const SERVER_TROUBLES: readonly Trouble<ServerStatus>[] = [
  {
    name: 'McpServerGaveUp',
    severity: 'critical',
    waits: 0,
    lingers: 0,
    judge: (server) => (server.state === 'crash_looping' ? 'yes' : whenWell(server)),
    summary: ({ name, nextAttemptAt, lastFailure, ...server }, { now }) => {
      const why = lastFailure?.message ?? reasonOf({ ...server, name, nextAttemptAt, lastFailure }, now);
      return nextAttemptAt === null
        ? `${name} cannot be started and waits for you: ${why}`
        : `${name} failed too often in too short a time, ${nextAttempt(nextAttemptAt, now)}: ${withoutWhen(why)}`;
    },
  },
  {
    name: 'McpServerDown',
    severity: 'critical',
    waits: 2 * MINUTE,
    lingers: 30 * SECOND,
    judge: judgeDown,
    summary: (server, { now }) => `${server.name} is down: ${reasonOf(server, now) || stateWord(server)}`,
  },
  {
    name: 'McpServerUnresponsive',
    severity: 'critical',
    waits: MINUTE,
    lingers: 0,
    judge: (server) => (server.state === 'running' && server.health.up === false ? 'yes' : whenWell(server)),
    summary: ({ name, health }) =>
      `${name} runs and does not answer: ${health.detail ?? 'no reason is known'}`,
  },
  {
    name: 'McpServerCrashLooping',
    severity: 'warning',
    waits: 0,
    lingers: 10 * MINUTE,
    judge: ({ desired }, { unplanned }) =>
      desired === 'up' && unplanned >= TOO_MANY_RESTARTS ? 'yes' : 'no',
    summary: ({ name, lastRestart }, { unplanned }) =>
      `${name} had to be restarted ${unplanned} times within 15 min${lastRestart === null ? '' : `, the last time because of ${restartReason(lastRestart)}`}`,
  },
  overLimit('McpServerMemoryHigh', 'memory'),
  overLimit('McpServerCpuHigh', 'cpu'),
];

export const WATCHDOG_TROUBLES: readonly Trouble<DaemonStatus>[] = [
  {
    name: 'McpWatchdogConfigReloadFailed',
    severity: 'warning',
    // Whoever edits the file saves it more than once.
    waits: MINUTE,
    lingers: 0,
    judge: ({ config }) => (config.ok ? 'no' : config.error === null ? 'unsure' : 'yes'),
    summary: ({ config }) => configRefusal(config),
  },
  {
    name: 'McpWatchdogStateNotPersisted',
    severity: 'warning',
    waits: 30 * SECOND,
    lingers: 0,
    judge: ({ lastPersistFailureAt }, { now }) =>
      lastPersistFailureAt !== null && now - lastPersistFailureAt < SAVE_RETRIED_WITHIN ? 'yes' : 'no',
    summary: ({ home }) => `Counters and wishes cannot be saved in ${home}: see mcp-watchdog logs`,
  },
  {
    name: 'McpWatchdogNotificationsFailing',
    severity: 'warning',
    waits: 0,
    lingers: 0,
    judge: ({ deafChannels }) => (Object.keys(deafChannels).length > 0 ? 'yes' : 'no'),
    summary: ({ deafChannels }) =>
      `Notifications fail: ${Object.entries(deafChannels)
        .map(([channel, why]) => `${channel} (${why})`)
        .join(', ')}`,
  },
  {
    name: 'McpOrphanProcesses',
    severity: 'warning',
    // A client that is being restarted leaves some for a moment.
    waits: 10 * MINUTE,
    lingers: 0,
    judge: ({ orphans }) => (orphans === null ? 'unsure' : orphans > 0 ? 'yes' : 'no'),
    summary: ({ orphans }) =>
      `${orphans ?? 0} MCP server processes belong to nobody any more: see mcp-watchdog orphans`,
  },
];

/** Alerts that say less than others about the same server: while one of those fires, they are not told. */
export const COVERED_BY: Readonly<Record<string, readonly string[]>> = {
  McpServerDown: ['McpServerGaveUp'],
  McpServerUnresponsive: ['McpServerGaveUp', 'McpServerDown'],
  McpServerCrashLooping: ['McpServerGaveUp', 'McpServerDown'],
};

/** As an alert may carry it. */
export function presentable(text: string): string {
  return cap(neutralise(text.replaceAll(/\s+/gu, ' ')).trim(), LONGEST_SUMMARY);
}

/** Why a trouble of this server is over, for people. */
export function wordsOfRecovery(server: ServerStatus): string {
  if (server.desired === 'down') return `${server.name} was stopped on request`;
  return isHealthy(server) ? `${server.name} has recovered` : `${server.name} is ${stateWord(server)} now`;
}

function judgeDown(server: ServerStatus): Judgement {
  const { state, stoppedBecause, pid, lastFailure } = server;
  const well = whenWell(server);
  if (well === 'no' || isUp(server)) return well;
  // It waits for another server, whose own trouble is told.
  if (state === 'stopped') return stoppedBecause === 'prevented' ? 'yes' : 'unsure';
  const isFirstInstall = state === 'starting' && pid === null && lastFailure === null;
  return isFirstInstall ? 'unsure' : 'yes';
}

function isUp({ state, health }: ServerStatus): boolean {
  return (state === 'running' || state === 'watched') && health.up === true;
}

/** Only a server that has been well for a while is out of trouble: one that dies again in a moment never was. */
function whenWell(server: ServerStatus): Judgement {
  const { desired, state, stoppedBecause, isStable } = server;
  if (desired === 'down' || stoppedBecause === 'completed') return 'no';
  return isUp(server) && (isStable || state === 'watched') ? 'no' : 'unsure';
}

function overLimit(name: string, resource: 'memory' | 'cpu'): Trouble<ServerStatus> {
  return {
    name,
    severity: 'warning',
    // Several samples in a row have shown it already.
    waits: 0,
    lingers: MINUTE,
    judge: (server) => (server.overLimit.includes(resource) ? 'yes' : 'no'),
    summary: (server) => `${server.name}: ${overLimits({ ...server, overLimit: [resource] })[0] ?? ''}`,
  };
}

/** `next attempt in 5 min: exited with code 1` without its first half, which is said already. */
function withoutWhen(why: string): string {
  return why.replace(/^(?:next attempt in [^:]*|waits for you): /u, '');
}
