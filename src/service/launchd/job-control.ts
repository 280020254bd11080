// Order of launchctl calls and waits that loads, restarts and unloads the agent: launchd answers before it is done.
import { WatchdogError } from '../../core/base/errors.ts';
import type { Clock } from '../../system/time/clock.ts';
import {
  describeEnd,
  type LaunchctlAnswer,
  type Launchctl,
  launchctlFailed,
  type PrintedJob,
} from './launchctl.ts';
import { explainJobEnd, explainLaunchctl } from './launchctl-errors.ts';
import { EXIT_TIMEOUT } from './job-definition.ts';
import { pause } from '../../system/time/pause.ts';

export interface LaunchdJobControl {
  /** Returns the domain for the agent: the GUI session where there is one. */
  preferredDomain(): Promise<Domain>;
  /** Returns the job in every domain where launchd has it loaded; one that runs comes first. */
  findLoaded(): Promise<readonly LoadedJob[]>;
  /** Loads it and waits until it runs. */
  load(domain: Domain, file: string): Promise<void>;
  /** Clears its disabled flag, which would otherwise keep it down from the next login on. */
  enable(domain: Domain): Promise<void>;
  /** Waits until it runs, and starts it when it does not start by itself. */
  ensureRunning(target: string): Promise<void>;
  /** Ends it and waits until launchd has unloaded it. */
  unload(target: string): Promise<void>;
  /** Ends a running one and starts it again without unloading it. */
  restart(target: string): Promise<void>;
}

/** `gui/501` is a session at the screen; `user/501` has none, and after a boot exists only once somebody logs in. */
interface Domain {
  readonly name: string;
  readonly hasScreen: boolean;
}

export interface LoadedJob {
  readonly domain: Domain;
  readonly target: string;
  readonly job: PrintedJob;
}

export interface JobControlOptions {
  readonly launchctl: Launchctl;
  readonly clock: Clock;
  readonly uid: number;
  readonly label: string;
  /** Log file to name when it does not run. */
  readonly log: string;
}

/** Intervals and timeouts in ms. */
const POLL_INTERVAL = 200;
/** launchd may keep a job for a moment after it was ended; error 5 means that, among many other things. */
const BOOTSTRAP_RETRIES = [300, 1000, 2000, 3000, 5000];
const UNLOAD_TIMEOUT = (EXIT_TIMEOUT + 5) * 1000;
/** launchd may delay RunAtLoad, for instance during a login; a kickstart at once would kill a daemon that is starting. */
const START_TIMEOUT = 3000;
const KICKSTART_TIMEOUT = 15_000;
/** Done, no such process, in progress, not loaded. */
const UNLOADED_OR_UNLOADING: ReadonlySet<number | null> = new Set([0, 3, 36, 113]);

export function createJobControl(parts: JobControlOptions): LaunchdJobControl {
  return {
    preferredDomain: () => homeOf(parts),
    findLoaded: () => loadedOf(parts),
    load: (domain, file) => load(parts, domain, file),
    enable: (domain) => allow(parts, domain),
    ensureRunning: (target) => ensureRunning(parts, target),
    unload: (target) => unload(parts, target),
    restart: (target) => replace(parts, target),
  };
}

function guiDomain({ uid }: JobControlOptions): Domain {
  return { name: `gui/${uid}`, hasScreen: true };
}

function userDomain({ uid }: JobControlOptions): Domain {
  return { name: `user/${uid}`, hasScreen: false };
}

async function homeOf(parts: JobControlOptions): Promise<Domain> {
  const screen = guiDomain(parts);
  return (await parts.launchctl.hasDomain(screen.name)) ? screen : userDomain(parts);
}

async function loadedOf(parts: JobControlOptions): Promise<LoadedJob[]> {
  const found: LoadedJob[] = [];
  for (const domain of [guiDomain(parts), userDomain(parts)]) {
    const target = `${domain.name}/${parts.label}`;
    const job = await parts.launchctl.print(target);
    if (job !== null) found.push({ domain, target, job });
  }
  // At a login both domains may load it; the second daemon finds the home taken and ends with 0.
  const rank = ({ job }: LoadedJob): number => (job.state === 'running' ? 0 : 1);
  return found.toSorted((a, b) => rank(a) - rank(b));
}

async function load(parts: JobControlOptions, domain: Domain, file: string): Promise<void> {
  const { launchctl, label } = parts;
  const target = `${domain.name}/${label}`;
  // The disabled flag survives the file and every boot, and makes bootstrap fail.
  await launchctl.enable(target);
  const answer = await bootstrap(parts, domain, file);
  if (answer.number !== 0) throw launchctlFailed(`load ${label}`, answer);
  await ensureRunning(parts, target);
}

async function bootstrap(
  { launchctl, clock, label }: JobControlOptions,
  { name }: Domain,
  file: string,
): Promise<LaunchctlAnswer> {
  const target = `${name}/${label}`;
  for (let attempt = 0; ; attempt += 1) {
    const answer = await launchctl.bootstrap(name, file);
    if (answer.number === 0) return answer;
    const wait = BOOTSTRAP_RETRIES[attempt];
    const isLast = wait === undefined || explainLaunchctl(answer.number)?.isTransient !== true;
    // 37 means "already loaded", and sometimes 5 does: `print` tells.
    const mayBeLoaded = answer.number === 37 || (isLast && answer.number === 5);
    if (mayBeLoaded && (await launchctl.print(target)) !== null) return { ...answer, number: 0 };
    if (isLast) return answer;
    await pause(clock, wait);
    if (answer.number === 119) await launchctl.enable(target);
  }
}

async function allow({ launchctl, label }: JobControlOptions, { name }: Domain): Promise<void> {
  if (await launchctl.isDisabled(name, label)) await launchctl.enable(`${name}/${label}`);
}

async function ensureRunning(parts: JobControlOptions, target: string): Promise<void> {
  const { launchctl, clock, label } = parts;
  const isRunning = async (): Promise<boolean> => (await launchctl.print(target))?.state === 'running';
  if (await until(clock, START_TIMEOUT, isRunning)) return;
  const answer = await launchctl.kickstart(target, { kill: false });
  // 37: it started by itself in between.
  if (answer.number !== 0 && answer.number !== 37) throw launchctlFailed(`start ${label}`, answer);
  if (await until(clock, KICKSTART_TIMEOUT, isRunning)) return;
  throw notRunning(parts, await launchctl.print(target));
}

async function unload({ launchctl, clock, label }: JobControlOptions, target: string): Promise<void> {
  const answer = await launchctl.bootout(target);
  if (!UNLOADED_OR_UNLOADING.has(answer.number)) throw launchctlFailed(`stop ${label}`, answer);
  const isGone = async (): Promise<boolean> => (await launchctl.print(target)) === null;
  if (await until(clock, UNLOAD_TIMEOUT, isGone)) return;
  throw new WatchdogError(
    'SERVICE_FAILED',
    `Cannot stop ${label}: launchd still has it after ${UNLOAD_TIMEOUT / 1000} s`,
    { hint: `See what it waits for: launchctl print ${target}` },
  );
}

async function replace(parts: JobControlOptions, target: string): Promise<void> {
  const answer = await parts.launchctl.kickstart(target, { kill: true });
  if (answer.number !== 0) throw launchctlFailed(`restart ${parts.label}`, answer);
  await ensureRunning(parts, target);
}

function notRunning({ label, log }: JobControlOptions, job: PrintedJob | null): WatchdogError {
  const known = job === null ? null : explainJobEnd(job);
  const end = job === null || job.lastExit === NEVER ? null : describeEnd(job);
  const facts = [`state ${job?.state ?? 'unknown'}`, ...(end === null ? [] : [end])];
  const reason = known?.message ?? 'launchd has loaded it, but it does not stay up';
  return new WatchdogError('SERVICE_FAILED', `Cannot start ${label}: ${reason} (${facts.join(', ')})`, {
    hint: known?.cure ?? `See ${log} and mcp-watchdog logs, or run it in the foreground: mcp-watchdog run`,
  });
}

/** What launchd prints for a job that has not ended yet. */
const NEVER = '(never exited)';

/** Polls until `holds` is true; false after `timeout` ms. */
async function until(clock: Clock, timeout: number, holds: () => Promise<boolean>): Promise<boolean> {
  const deadline = clock.monotonic() + timeout;
  for (;;) {
    if (await holds()) return true;
    if (clock.monotonic() >= deadline) return false;
    await pause(clock, POLL_INTERVAL);
  }
}
