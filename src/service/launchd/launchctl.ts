// Client of launchctl. Its text output is no stable interface, so decisions use exit codes and error numbers only.
import { WatchdogError } from '../../core/base/errors.ts';
import { explainLaunchctl } from './launchctl-errors.ts';
import type { RunTool, ToolResult } from '../shared/service-options.ts';

export interface Launchctl {
  hasDomain(domain: string): Promise<boolean>;
  /** Describes a loaded job; null when launchd does not know it. */
  print(target: string): Promise<PrintedJob | null>;
  isDisabled(domain: string, label: string): Promise<boolean>;
  enable(target: string): Promise<LaunchctlAnswer>;
  bootstrap(domain: string, file: string): Promise<LaunchctlAnswer>;
  /** Returns before the process has ended. */
  bootout(target: string): Promise<LaunchctlAnswer>;
  /** Starts the job; `kill` ends a running one first. */
  kickstart(target: string, options: { readonly kill: boolean }): Promise<LaunchctlAnswer>;
}

/** Fields of `launchctl print`; null for each that was not recognised. */
export interface PrintedJob {
  readonly state: string | null;
  readonly pid: number | null;
  readonly lastExit: string | null;
  readonly runs: number | null;
}

export interface LaunchctlAnswer {
  /** 0 is success. */
  readonly number: number;
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
  return {
    hasDomain: async (domain) => (await call('print', domain)).code === 0,
    async print(target) {
      const { code, stdout } = await call('print', target);
      return code === 0 ? parseJob(stdout) : null;
    },
    async isDisabled(domain, label) {
      const { stdout } = await call('print-disabled', domain);
      return readDisabled(stdout).includes(label);
    },
    enable: (target) => act('enable', target),
    bootstrap: (domain, file) => act('bootstrap', domain, file),
    bootout: (target) => act('bootout', target),
    kickstart: (target, { kill }) => act('kickstart', ...(kill ? ['-k'] : []), target),
  };
}

/** Builds the error for a failed call; `action` is what was tried, for instance `load com.mcp.daemon`. */
export function launchctlFailed(action: string, { number, message: said }: LaunchctlAnswer): WatchdogError {
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
  return { number: told === undefined ? (code ?? -1) : Number(told), message: said };
}

function parseJob(text: string): PrintedJob {
  // Takes the first of each name: nested sections repeat some of them further down.
  const field = (name: string): string | null =>
    new RegExp(String.raw`^\s*${name} = (.+)$`, 'mu').exec(text)?.[1]?.trim() ?? null;
  return {
    state: field('state'),
    pid: countOf(field('pid')),
    lastExit: field('last exit code'),
    runs: countOf(field('runs')),
  };
}

function countOf(text: string | null): number | null {
  return text !== null && /^\d+$/u.test(text) ? Number(text) : null;
}

/** Older releases print `=> true`, newer ones `=> disabled`. */
function readDisabled(text: string): string[] {
  return [...text.matchAll(/^\s*"([^"]+)" => (?:true|disabled)\s*$/gmu)].map(([, label = '']) => label);
}

function notStarted(code: string): WatchdogError {
  return new WatchdogError('SERVICE_FAILED', `Cannot ask launchd: launchctl does not start (${code})`, {
    hint: 'It is /bin/launchctl on every Mac: make sure that PATH contains /bin',
  });
}
