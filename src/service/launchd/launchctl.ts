// Client of launchctl. Its text output is no stable interface, so decisions use exit codes and error numbers only.
import { WatchdogError } from '../../core/base/errors.ts';
import { explainLaunchctl, type JobEnd } from './launchctl-errors.ts';
import type { RunTool, ToolResult } from '../shared/service-options.ts';

export interface Launchctl {
  /** Throws SERVICE_FAILED when launchctl does not tell. */
  hasDomain(domain: string): Promise<boolean>;
  /** Describes a loaded job; null when launchd does not know it. Throws SERVICE_FAILED when launchctl does not tell. */
  print(target: string): Promise<PrintedJob | null>;
  /** Throws SERVICE_FAILED when launchctl does not tell. */
  isDisabled(domain: string, label: string): Promise<boolean>;
  enable(target: string): Promise<LaunchctlAnswer>;
  bootstrap(domain: string, file: string): Promise<LaunchctlAnswer>;
  /** Returns before the process has ended. */
  bootout(target: string): Promise<LaunchctlAnswer>;
  /** Starts the job; `kill` ends a running one first. */
  kickstart(target: string, options: { readonly kill: boolean }): Promise<LaunchctlAnswer>;
}

/** Fields of `launchctl print`; null for each that was not recognised. */
export interface PrintedJob extends JobEnd {
  readonly state: string | null;
  readonly pid: number | null;
  readonly runs: number | null;
}

export interface LaunchctlAnswer {
  /** 0 is success; null without an answer: launchctl was killed, as after its timeout. */
  readonly number: number | null;
  /** First line of launchctl's stderr, possibly empty. */
  readonly message: string;
}

/** Wraps `run`; each method throws WatchdogError SERVICE_FAILED when launchctl cannot be started. */
export function createLaunchctl(run: RunTool): Launchctl {
  const call = async (...args: readonly string[]): Promise<ToolResult> => {
    const result = await run(['launchctl', ...args]);
    if (result.spawnError !== null) throw notStarted(result.spawnError);
    return result;
  };
  const act = async (...args: readonly string[]): Promise<LaunchctlAnswer> => answerOf(await call(...args));
  /** Null when launchd knows no such thing; any other failure proves nothing. */
  const show = async (verb: 'print' | 'print-disabled', what: string): Promise<string | null> => {
    const result = await call(verb, what);
    if (result.code === 0) return result.stdout;
    const answer = answerOf(result);
    if (UNKNOWN_TO_LAUNCHD.has(answer.number)) return null;
    throw launchctlFailed(`ask launchd about ${what}`, answer);
  };
  return {
    hasDomain: async (domain) => (await show('print', domain)) !== null,
    async print(target) {
      const text = await show('print', target);
      return text === null ? null : parseJob(text);
    },
    async isDisabled(domain, label) {
      return readDisabled((await show('print-disabled', domain)) ?? '').includes(label);
    },
    enable: (target) => act('enable', target),
    bootstrap: (domain, file) => act('bootstrap', domain, file),
    bootout: (target) => act('bootout', target),
    kickstart: (target, { kill }) => act('kickstart', ...(kill ? ['-k'] : []), target),
  };
}

/** No such domain, no such service, no session at the screen. */
const UNKNOWN_TO_LAUNCHD: ReadonlySet<number | null> = new Set([112, 113, 125]);

/** Builds the error for a failed call; `action` is what was tried, for instance `load com.mcp.daemon`. */
export function launchctlFailed(action: string, { number, message: said }: LaunchctlAnswer): WatchdogError {
  if (number === null)
    return new WatchdogError('SERVICE_FAILED', `Cannot ${action}: launchctl gave no answer in time`, {
      hint: 'Try again; if it stays like this, log out and in',
    });
  const known = explainLaunchctl(number);
  const reason = known === null ? said || 'launchctl gave no reason' : known.message;
  return new WatchdogError('SERVICE_FAILED', `Cannot ${action}: ${reason} (launchctl error ${number})`, {
    hint: known?.cure ?? `launchctl error ${number} says more; mcp-watchdog start runs it in the background`,
  });
}

/** Some releases report the number in the exit code, some only in the text: `Bootstrap failed: 5: Input/output error`. */
function answerOf({ code, stderr }: ToolResult): LaunchctlAnswer {
  const [said = ''] = stderr.trim().split('\n');
  const told = /\b(?:failed|error): (\d+):/u.exec(stderr)?.[1];
  if (code === 0) return { number: 0, message: said };
  return { number: told === undefined ? code : Number(told), message: said };
}

/** Parses `launchctl print` of a job. */
export function parseJob(text: string): PrintedJob {
  // With one tab only: nested sections repeat some of the names, before or after.
  const field = (name: string): string | null =>
    new RegExp(String.raw`^\t${name} = (.+)$`, 'mu').exec(text)?.[1]?.trim() ?? null;
  return {
    state: field('state'),
    pid: countOf(field('pid')),
    lastExit: field('last exit code'),
    lastSignal: field('last terminating signal'),
    lastReason: field('last exit reason'),
    runs: countOf(field('runs')),
  };
}

function countOf(text: string | null): number | null {
  return text !== null && /^\d+$/u.test(text) ? Number(text) : null;
}

/** Says in words how the job ended last; null when launchd did not print it. */
export function describeEnd({ lastExit, lastSignal, lastReason }: JobEnd): string | null {
  if (lastReason !== null) return `last exit reason ${lastReason}`;
  if (lastSignal !== null) return `last terminating signal ${lastSignal}`;
  return lastExit === null ? null : `last exit code ${lastExit}`;
}

/** Parses `launchctl print-disabled`. Older releases print `=> true`, newer ones `=> disabled`. */
export function readDisabled(text: string): string[] {
  return [...text.matchAll(/^\s*"([^"]+)" => (?:true|disabled)\s*$/gmu)].map(([, label = '']) => label);
}

function notStarted(code: string): WatchdogError {
  return new WatchdogError('SERVICE_FAILED', `Cannot ask launchd: launchctl does not start (${code})`, {
    hint: 'It is /bin/launchctl on every Mac: make sure that PATH contains /bin',
  });
}
