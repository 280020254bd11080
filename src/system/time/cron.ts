// Cron jobs: node-schedule, without its surprises.
//
// By itself it runs every time that it missed, one after the other, forgets what fell due while we were not there, and
// may lose its jobs for good when the machine sleeps (node-schedule#387, #431, #596). Load this file lazily: it costs
// 2 to 6 MiB of resident memory.
import { createRequire } from 'node:module';
import schedule from 'node-schedule';
import {
  type CronRule,
  type JobRecord,
  judgeFiring,
  parseRule,
  wasMissed,
} from '../../core/base/schedule.ts';
import type { Clock } from './clock.ts';

export interface CronJob {
  /** Unique among the jobs of one `Cron`. */
  readonly name: string;
  /** As `parseRule` takes it, in local time. */
  readonly rule: string;
  /** What an earlier daemon knew of the job; null when nothing is known. */
  readonly record: JobRecord | null;
  /** Never started while it runs. `signal` is aborted when all is taken down, which waits for it. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface Cron {
  /** Takes the place of a job of the same name. What fell due since its record was written is made up for, once. */
  add(job: CronJob): void;
  remove(name: string): void;
  /** To be called when time has jumped: timers start anew from what the clock shows now. */
  rearm(): void;
  /** Starts nothing any more, and resolves when what was running has ended. */
  close(): Promise<void>;
}

export interface CronOptions {
  /** `now()` must be the wall clock that node-schedule goes by; `after()` only delays what is made up for. */
  readonly clock: Clock;
  /** A job threw, or its rule cannot be scheduled. */
  readonly onFault: (name: string, error: unknown) => void;
  /** To be kept for the next daemon. */
  readonly onRecord: (name: string, record: JobRecord) => void;
  /** From 0 to below 1. */
  readonly chance?: () => number;
  /** Ms of quiet after a start or a wake before what was missed is made up for, and up to how much more, by chance. */
  readonly settle?: number;
  readonly jitter?: number;
}

const MINUTE = 60_000;

export function createCron(options: CronOptions): Cron {
  spareLocale();
  const timers = new Map<string, Timer>();
  const running = new Set<Promise<void>>();
  const ending = new AbortController();

  const remove = (name: string): void => {
    timers.get(name)?.cancel();
    timers.delete(name);
  };
  return {
    remove,
    add(job) {
      const parsed = parseRule(job.rule);
      remove(job.name);
      if ('problem' in parsed) options.onFault(job.name, new Error(`Cannot schedule: it ${parsed.problem}`));
      else timers.set(job.name, new Timer(job, parsed.rule, { ...options, running, signal: ending.signal }));
    },
    rearm() {
      for (const timer of timers.values()) timer.arm();
    },
    async close() {
      for (const name of timers.keys()) remove(name);
      ending.abort();
      await Promise.all(running);
    },
  };
}

interface Shared extends CronOptions {
  readonly running: Set<Promise<void>>;
  readonly signal: AbortSignal;
}

/** One job: at most one timer, at most one run to make up for, at most one run. */
class Timer {
  readonly #job: CronJob;
  readonly #rule: CronRule;
  readonly #shared: Shared;
  /** More than one only where summer time begins. */
  #planned: schedule.Job[] = [];
  #record: JobRecord;
  #isRunning = false;
  #cancelMakeUp: (() => void) | null = null;

  constructor(job: CronJob, rule: CronRule, shared: Shared) {
    this.#job = job;
    this.#rule = rule;
    this.#shared = shared;
    const isSameRule = job.record?.rule === job.rule;
    this.#record = {
      rule: job.rule,
      lastRunAt: job.record?.lastRunAt ?? null,
      dueAt: isSameRule ? (job.record?.dueAt ?? null) : null,
    };
    this.arm();
  }

  arm(): void {
    const { clock, onFault } = this.#shared;
    const now = clock.now();
    const { dueAt } = this.#record;
    this.#cancelPlanned();
    if (wasMissed(this.#record, { now, rule: this.#job.rule })) this.#makeUp();
    this.#plan(this.#job.rule);
    if (this.#planned.length === 0) onFault(this.#job.name, new Error(`Cannot schedule "${this.#job.rule}"`));
    // 02:30 of the night that has none comes at 03:30, but not for one who asks for the next time at 03:10.
    if (dueAt !== null && dueAt > now && dueAt < (this.#nextDue() ?? 0)) this.#plan(new Date(dueAt));
    this.#noteDue();
  }

  cancel(): void {
    this.#cancelPlanned();
    this.#cancelMakeUp?.();
    this.#cancelMakeUp = null;
  }

  /** Without a name: node-schedule keeps those in one table for the whole process. */
  #plan(when: string | Date): void {
    // Its types deny it, but null is how a rule is refused.
    const planned: schedule.Job | null = schedule.scheduleJob(when, (at) => this.#ring(at.getTime()));
    if (planned !== null) this.#planned.push(planned);
  }

  #cancelPlanned(): void {
    for (const planned of this.#planned) planned.cancel();
    this.#planned = [];
  }

  #ring(plannedAt: number): void {
    const now = this.#shared.clock.now();
    const { lastRunAt } = this.#record;
    const verdict = judgeFiring(plannedAt, { now, lastRunAt, rule: this.#rule, local: onTheWall });
    if (verdict === 'late') this.#makeUp();
    if (verdict === 'run') this.#start();
    this.#noteDue();
  }

  #makeUp(): void {
    const { clock, chance = Math.random, settle = MINUTE / 2, jitter = MINUTE / 2 } = this.#shared;
    this.#cancelMakeUp ??= clock.after(settle + chance() * jitter, () => this.#start());
  }

  #start(): void {
    this.#cancelMakeUp?.();
    this.#cancelMakeUp = null;
    if (this.#isRunning) return;
    const { clock, onFault, running, signal } = this.#shared;
    this.#isRunning = true;
    // Before it begins: should it be the end of us, the next daemon does not begin with it.
    this.#remember({ lastRunAt: clock.now(), dueAt: this.#nextDue() });
    const work = this.#job
      .run(signal)
      .catch((error: unknown) => onFault(this.#job.name, error))
      .finally(() => {
        this.#isRunning = false;
        running.delete(work);
      });
    running.add(work);
  }

  /** What is still to be made up for stays written down as due: we may end before. */
  #noteDue(): void {
    if (this.#cancelMakeUp === null) this.#remember({ dueAt: this.#nextDue() });
  }

  #nextDue(): number | null {
    // Null once a single date has passed, whatever the types say.
    const times = this.#planned.flatMap((planned): number[] => {
      const next: Date | null = planned.nextInvocation();
      return next === null ? [] : [next.getTime()];
    });
    return times.length === 0 ? null : Math.min(...times);
  }

  #remember(news: Partial<JobRecord>): void {
    const record = { ...this.#record, ...news };
    if (record.dueAt === this.#record.dueAt && record.lastRunAt === this.#record.lastRunAt) return;
    this.#record = record;
    this.#shared.onRecord(this.#job.name, record);
  }
}

function onTheWall(moment: number): number {
  return moment - new Date(moment).getTimezoneOffset() * MINUTE;
}

/**
 * The dates behind node-schedule ask the system for its language, of which we need nothing: with a language given, the
 * tables of all languages stay out of memory (8 MiB).
 */
function spareLocale(): void {
  try {
    const ofSchedule = createRequire(createRequire(import.meta.url).resolve('node-schedule'));
    const ofParser = createRequire(ofSchedule.resolve('cron-parser'));
    const luxon: { Settings: { defaultLocale: string } } = ofParser('luxon');
    luxon.Settings.defaultLocale = 'en-US';
  } catch {
    // Another version of it that has no such setting: it works all the same.
  }
}
