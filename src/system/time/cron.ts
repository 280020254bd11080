// Cron jobs: node-schedule, without its surprises.
//
// By itself it runs every missed run one after the other, forgets what fell due while the daemon was down, and may lose
// its jobs for good when the machine sleeps (node-schedule#387, #431, #596). Load this file lazily: it costs 2 to 6 MiB
// of resident memory.
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
  /** In the syntax of `parseRule`, in local time. */
  readonly rule: string;
  /** Record of an earlier daemon; null when there is none. */
  readonly record: JobRecord | null;
  /** Never started while it runs. `signal` is aborted by `close()`, which waits for the run. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface Cron {
  /** Replaces a job of the same name. Runs missed since its record was written are made up for by one run. */
  add(job: CronJob): void;
  remove(name: string): void;
  /** To be called when the wall clock has jumped: sets all timers again from the current time. */
  rearm(): void;
  /** Starts no more runs, and resolves when the current ones have ended. */
  close(): Promise<void>;
}

export interface CronOptions {
  /** `now()` must be the wall clock that node-schedule uses; `after()` only delays make-up runs. */
  readonly clock: Clock;
  /** A job threw, or its rule cannot be scheduled. */
  readonly onFault: (name: string, error: unknown) => void;
  /** Called with a record to be saved for the next daemon. */
  readonly onRecord: (name: string, record: JobRecord) => void;
  /** From 0 to below 1. */
  readonly chance?: () => number;
  /** Ms from a start or wake to a make-up run, and the most that is added to it at random. */
  readonly settle?: number;
  readonly jitter?: number;
}

const MINUTE = 60_000;

export function createCron(options: CronOptions): Cron {
  setDefaultLocale();
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

/** One job: at most one timer, one make-up run and one current run. */
class Timer {
  readonly #job: CronJob;
  readonly #rule: CronRule;
  readonly #shared: Shared;
  /** More than one only around the start of summer time. */
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
    // 02:30 of the night that skips it runs at 03:30; asked at 03:10, node-schedule would leave it out.
    if (dueAt !== null && dueAt > now && dueAt < (this.#nextDue() ?? 0)) this.#plan(new Date(dueAt));
    this.#noteDue();
  }

  cancel(): void {
    this.#cancelPlanned();
    this.#cancelMakeUp?.();
    this.#cancelMakeUp = null;
  }

  /** Without a name: node-schedule keeps named jobs in one table for the whole process. */
  #plan(when: string | Date): void {
    // Its types deny it, but it returns null for a rule that it refuses.
    const planned: schedule.Job | null = schedule.scheduleJob(when, (at) => this.#onDue(at.getTime()));
    if (planned !== null) this.#planned.push(planned);
  }

  #cancelPlanned(): void {
    for (const planned of this.#planned) planned.cancel();
    this.#planned = [];
  }

  #onDue(plannedAt: number): void {
    const now = this.#shared.clock.now();
    const { lastRunAt } = this.#record;
    const verdict = judgeFiring(plannedAt, { now, lastRunAt, rule: this.#rule, local: localTime });
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
    // Before it starts: should it crash the daemon, the next one does not start with it.
    this.#saveRecord({ lastRunAt: clock.now(), dueAt: this.#nextDue() });
    const work = this.#job
      .run(signal)
      .catch((error: unknown) => onFault(this.#job.name, error))
      .finally(() => {
        this.#isRunning = false;
        running.delete(work);
      });
    running.add(work);
  }

  /** A pending make-up run stays recorded as due: the daemon may end before it. */
  #noteDue(): void {
    if (this.#cancelMakeUp === null) this.#saveRecord({ dueAt: this.#nextDue() });
  }

  #nextDue(): number | null {
    // Null once a single date has passed, although the types exclude it.
    const times = this.#planned.flatMap((planned): number[] => {
      const next: Date | null = planned.nextInvocation();
      return next === null ? [] : [next.getTime()];
    });
    return times.length === 0 ? null : Math.min(...times);
  }

  #saveRecord(changes: Partial<JobRecord>): void {
    const record = { ...this.#record, ...changes };
    if (record.dueAt === this.#record.dueAt && record.lastRunAt === this.#record.lastRunAt) return;
    this.#record = record;
    this.#shared.onRecord(this.#job.name, record);
  }
}

function localTime(moment: number): number {
  return moment - new Date(moment).getTimezoneOffset() * MINUTE;
}

/**
 * Keeps 8 MiB of locale tables out of memory: node-schedule's date library loads them unless a locale is set, and we need
 * none of it.
 */
function setDefaultLocale(): void {
  try {
    const ofSchedule = createRequire(createRequire(import.meta.url).resolve('node-schedule'));
    const ofParser = createRequire(ofSchedule.resolve('cron-parser'));
    const luxon: { Settings: { defaultLocale: string } } = ofParser('luxon');
    luxon.Settings.defaultLocale = 'en-US';
  } catch {
    // A version without this setting works all the same.
  }
}
