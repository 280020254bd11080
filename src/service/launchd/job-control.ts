// In which order launchctl is asked, and what is waited for: launchd answers before it has done its work.
import { WatchdogError } from '../../core/base/errors.ts';
import type { Clock } from '../../system/time/clock.ts';
import { type LaunchctlAnswer, type Launchctl, launchctlFailed, type PrintedJob } from './launchctl.ts';
import { explainJobExit, explainLaunchctl } from './launchctl-errors.ts';
import { EXIT_TIMEOUT } from './job-definition.ts';

export interface LaunchdJobControl {
  /** Where the agent belongs: the session at the screen where there is one. */
  preferredDomain(): Promise<Domain>;
  /** Every place where launchd knows it now. */
  findLoaded(): Promise<readonly LoadedJob[]>;
  /** Makes it known, and waits until it runs. */
  load(domain: Domain, file: string): Promise<void>;
  /** Takes back that it was switched off, which counts from the next login. */
  enable(domain: Domain): Promise<void>;
  /** Waits until it runs, and starts it when it does not by itself. */
  ensureRunning(target: string): Promise<void>;
  /** Ends it, and waits until launchd has forgotten it. */
  unload(target: string): Promise<void>;
  /** Ends a running one and starts it again, without launchd forgetting it in between. */
  restart(target: string): Promise<void>;
}

/** `gui/501`: with a screen; `user/501`: without one, and gone at the next boot until somebody logs in. */
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
  /** Where people look when it does not run. */
  readonly log: string;
}

const POLL = 200;
/** What was just ended may be known a little longer, and an answer of 5 means that and many other things. */
const BOOTSTRAP_RETRIES = [300, 1000, 2000, 3000, 5000];
const UNLOAD_PATIENCE = (EXIT_TIMEOUT + 5) * 1000;
/** RunAtLoad may be put off, during a login for instance; to ask at once would kill a daemon that is starting. */
const START_PATIENCE = 3000;
const KICKSTART_PATIENCE = 15_000;
/** Done, never there, or under way. */
const AS_GOOD_AS_GONE: ReadonlySet<number> = new Set([0, 3, 36, 113]);

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

function screenOf({ uid }: JobControlOptions): Domain {
  return { name: `gui/${uid}`, hasScreen: true };
}

function bareOf({ uid }: JobControlOptions): Domain {
  return { name: `user/${uid}`, hasScreen: false };
}

async function homeOf(parts: JobControlOptions): Promise<Domain> {
  const screen = screenOf(parts);
  return (await parts.launchctl.hasDomain(screen.name)) ? screen : bareOf(parts);
}

async function loadedOf(parts: JobControlOptions): Promise<LoadedJob[]> {
  const found: LoadedJob[] = [];
  for (const domain of [screenOf(parts), bareOf(parts)]) {
    const target = `${domain.name}/${parts.label}`;
    const job = await parts.launchctl.print(target);
    if (job !== null) found.push({ domain, target, job });
  }
  return found;
}

async function load(parts: JobControlOptions, domain: Domain, file: string): Promise<void> {
  const { launchctl, label } = parts;
  const target = `${domain.name}/${label}`;
  // A record of being disabled outlives the file and every boot, and makes the next call fail.
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
    // 37 is "loaded already", and so is 5 now and then: whether that is so can be asked.
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
  if (await until(clock, START_PATIENCE, isRunning)) return;
  const answer = await launchctl.kickstart(target, { kill: false });
  // 37: it came up by itself in between.
  if (answer.number !== 0 && answer.number !== 37) throw launchctlFailed(`start ${label}`, answer);
  if (await until(clock, KICKSTART_PATIENCE, isRunning)) return;
  throw notRunning(parts, await launchctl.print(target));
}

async function unload({ launchctl, clock, label }: JobControlOptions, target: string): Promise<void> {
  const answer = await launchctl.bootout(target);
  if (!AS_GOOD_AS_GONE.has(answer.number)) throw launchctlFailed(`stop ${label}`, answer);
  const isGone = async (): Promise<boolean> => (await launchctl.print(target)) === null;
  if (await until(clock, UNLOAD_PATIENCE, isGone)) return;
  throw new WatchdogError(
    'SERVICE_FAILED',
    `Cannot stop ${label}: launchd still has it after ${UNLOAD_PATIENCE / 1000} s`,
    { hint: `See what it waits for: launchctl print ${target}` },
  );
}

async function replace(parts: JobControlOptions, target: string): Promise<void> {
  const answer = await parts.launchctl.kickstart(target, { kill: true });
  if (answer.number !== 0) throw launchctlFailed(`restart ${parts.label}`, answer);
  await ensureRunning(parts, target);
}

function notRunning({ label, log }: JobControlOptions, job: PrintedJob | null): WatchdogError {
  const code = /^\d+/u.exec(job?.lastExit ?? '')?.[0];
  const known = code === undefined ? null : explainJobExit(Number(code));
  const facts = [
    `state ${job?.state ?? 'unknown'}`,
    ...(code === undefined ? [] : [`last exit code ${code}`]),
  ];
  const reason = known?.message ?? 'launchd has it, and it does not stay up';
  return new WatchdogError('SERVICE_FAILED', `Cannot start ${label}: ${reason} (${facts.join(', ')})`, {
    hint: known?.cure ?? `See ${log} and mcp-watchdog logs, or run it in the foreground: mcp-watchdog run`,
  });
}

/** Whether it held within `patience` ms. */
async function until(clock: Clock, patience: number, holds: () => Promise<boolean>): Promise<boolean> {
  const deadline = clock.monotonic() + patience;
  for (;;) {
    if (await holds()) return true;
    if (clock.monotonic() >= deadline) return false;
    await pause(clock, POLL);
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
