// Which troubles fire, and which are over: a fold over status and time that leaves out what lasts only a moment.
import { type AlertNews, type FiringAlert, keyOf } from './notification.ts';
import type { ServerStatus, Status } from './status.ts';
import {
  type Judgement,
  presentable,
  RESTARTS_SEEN,
  SERVER_TROUBLES,
  type Trouble,
  WATCHDOG_TROUBLES,
  wordsOfRecovery,
} from './trouble-catalogue.ts';
import { span } from './words.ts';

/** All times are awake ms, so that nothing falls due while the machine sleeps. */
export interface TroubleMemory {
  /** By alert: since when it holds, while it does not fire yet. */
  readonly pending: ReadonlyMap<string, number>;
  readonly firing: ReadonlyMap<string, Fire>;
  /** By server: unplanned restarts ever, and when the latest of them were seen. */
  readonly restarts: ReadonlyMap<string, SeenRestarts>;
  /** Sleeps seen so far; null before the first look. */
  readonly wakes: number | null;
  /** Until then nothing new fires. */
  readonly heldUntil: number;
}

interface Fire {
  readonly alert: FiringAlert;
  /** Null while it holds. */
  readonly overSince: number | null;
}

interface SeenRestarts {
  readonly total: number;
  readonly at: readonly number[];
}

export interface Look {
  readonly status: Status;
  /** Awake ms, never going back. */
  readonly awake: number;
  /** ms since the epoch. */
  readonly now: number;
}

/** After a wake much fails for a moment: networks come back, clients connect anew. */
export const WAKE_GRACE = 75_000;

/** @param alerts what an earlier daemon left firing: each goes on, or is told to be over */
export function rememberTroubles(alerts: readonly FiringAlert[]): TroubleMemory {
  return {
    pending: new Map(),
    firing: new Map(alerts.map((alert) => [keyOf(alert), { alert, overSince: null }])),
    restarts: new Map(),
    wakes: null,
    heldUntil: -Infinity,
  };
}

/** The memory after one more look, and the alerts that began or ended with it. */
export function lookForTroubles(
  before: TroubleMemory,
  look: Look,
): { readonly memory: TroubleMemory; readonly news: readonly AlertNews[] } {
  const rested = afterWake(before, look);
  const restarts = countRestarts(rested.restarts, look);
  const steps = subjectsOf(look, restarts).map((subject) => stepOf(subject, rested, look));
  const known = new Set(steps.map(({ key }) => key));
  const gone = [...rested.firing].filter(([key]) => !known.has(key));
  return {
    memory: {
      ...rested,
      restarts,
      pending: new Map(steps.flatMap(({ key, pending }) => (pending === null ? [] : [[key, pending]]))),
      firing: new Map(steps.flatMap(({ key, fire }) => (fire === null ? [] : [[key, fire]]))),
    },
    news: [
      ...steps.flatMap(({ news }) => (news === null ? [] : [news])),
      ...gone.map(([, { alert }]) => resolved(alert, `${alert.about ?? alert.name} is no longer watched`)),
    ],
  };
}

function afterWake(memory: TroubleMemory, { status, awake }: Look): TroubleMemory {
  const { count } = status.daemon.gaps;
  if (memory.wakes === count) return memory;
  if (memory.wakes === null) return { ...memory, wakes: count };
  return { ...memory, wakes: count, heldUntil: awake + WAKE_GRACE, pending: new Map() };
}

/** What was counted before the first look is history. */
function countRestarts(
  seen: TroubleMemory['restarts'],
  { status, awake }: Look,
): ReadonlyMap<string, SeenRestarts> {
  return new Map(
    status.servers.map((server) => {
      const total = unplannedRestarts(server);
      const before = seen.get(server.name) ?? { total, at: [] };
      const fresh = Array<number>(Math.max(0, total - before.total)).fill(awake);
      return [
        server.name,
        { total, at: [...before.at, ...fresh].filter((at) => awake - at < RESTARTS_SEEN) },
      ];
    }),
  );
}

function unplannedRestarts({ restarts }: ServerStatus): number {
  const { requested: _, update: __, config: ___, unobserved: ____, ...unplanned } = restarts;
  return Object.values(unplanned).reduce((sum, count) => sum + count, 0);
}

/** One trouble of one subject, asked and answered. */
interface Subject {
  readonly trouble: Pick<Trouble<never>, 'name' | 'severity' | 'waits' | 'lingers'>;
  readonly about: string | null;
  readonly judgement: Judgement;
  readonly summary: () => string;
  readonly recovery: () => string;
}

function subjectsOf(look: Look, restarts: TroubleMemory['restarts']): Subject[] {
  const { servers, daemon } = look.status;
  const { now } = look;
  const ofServer = (server: ServerStatus): Subject[] => {
    const circumstances = { now, unplanned: restarts.get(server.name)?.at.length ?? 0 };
    return SERVER_TROUBLES.map((trouble) => ({
      trouble,
      about: server.name,
      judgement: trouble.judge(server, circumstances),
      summary: () => trouble.summary(server, circumstances),
      recovery: () => wordsOfRecovery(server),
    }));
  };
  const own = WATCHDOG_TROUBLES.map((trouble) => ({
    trouble,
    about: null,
    judgement: trouble.judge(daemon, { now, unplanned: 0 }),
    summary: () => trouble.summary(daemon, { now, unplanned: 0 }),
    recovery: () => 'The watchdog is well again',
  }));
  return [...servers.flatMap(ofServer), ...own];
}

interface Step {
  readonly key: string;
  readonly pending: number | null;
  readonly fire: Fire | null;
  readonly news: AlertNews | null;
}

function stepOf(subject: Subject, memory: TroubleMemory, look: Look): Step {
  const key = keyOf({ name: subject.trouble.name, about: subject.about });
  const fire = memory.firing.get(key);
  return fire === undefined
    ? { key, ...stepOfQuiet(subject, memory.pending.get(key) ?? look.awake, { memory, look }) }
    : { key, ...stepOfFire(subject, fire, look) };
}

function stepOfQuiet(
  { trouble, about, judgement, summary }: Subject,
  since: number,
  { memory, look: { awake, now } }: { memory: TroubleMemory; look: Look },
): Omit<Step, 'key'> {
  if (judgement !== 'yes') return { pending: null, fire: null, news: null };
  if (awake - since < trouble.waits || awake < memory.heldUntil) {
    return { pending: since, fire: null, news: null };
  }
  const { name, severity } = trouble;
  const alert = { name, about, severity, since: now, summary: presentable(summary()) };
  return {
    pending: null,
    fire: { alert, overSince: null },
    news: { name, about, severity, state: 'firing', summary: alert.summary },
  };
}

function stepOfFire(
  { trouble, judgement, recovery }: Subject,
  { alert, overSince }: Fire,
  { awake, now }: Look,
): Omit<Step, 'key'> {
  if (judgement !== 'no') return { pending: null, fire: { alert, overSince: null }, news: null };
  const since = overSince ?? awake;
  if (awake - since < trouble.lingers)
    return { pending: null, fire: { alert, overSince: since }, news: null };
  const summary = presentable(`${recovery()}, after ${span(now - alert.since)}`);
  return { pending: null, fire: null, news: resolved(alert, summary) };
}

function resolved({ name, about, severity }: FiringAlert, summary: string): AlertNews {
  return { name, about, severity, state: 'resolved', summary: presentable(summary) };
}
