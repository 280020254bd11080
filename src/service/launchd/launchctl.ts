// What launchctl is asked, and how its answers are read. Its text is no interface: only numbers are relied upon.
import { WatchdogError } from '../../core/base/errors.ts';
import { explainLaunchctl } from './launchctl-errors.ts';
import type { RunTool, ToolResult } from '../shared/service-options.ts';

export interface Launchctl {
  hasDomain(domain: string): Promise<boolean>;
  /** Null when launchd does not know the service. */
  print(target: string): Promise<PrintedJob | null>;
  isDisabled(domain: string, label: string): Promise<boolean>;
  enable(target: string): Promise<LaunchctlAnswer>;
  bootstrap(domain: string, file: string): Promise<LaunchctlAnswer>;
  /** Answers before the process has ended. */
  bootout(target: string): Promise<LaunchctlAnswer>;
  /** @param kill ends a running one first */
  kickstart(target: string, options: { readonly kill: boolean }): Promise<LaunchctlAnswer>;
}

/** As far as the text was understood. */
export interface PrintedJob {
  readonly state: string | null;
  readonly pid: number | null;
  readonly lastExit: string | null;
  readonly runs: number | null;
}

export interface LaunchctlAnswer {
  /** 0 is success. */
  readonly number: number;
  /** launchctl's own words, one line, perhaps empty. */
  readonly message: string;
}

/** @throws (each method) WatchdogError SERVICE_FAILED when launchctl cannot be started */
export function createLaunchctl(run: RunTool): Launchctl {
  const ask = async (...args: readonly string[]): Promise<ToolResult> => {
    const result = await run(['launchctl', ...args]);
    if (result.spawnError !== null) throw notThere(result.spawnError);
    return result;
  };
  const act = async (...args: readonly string[]): Promise<LaunchctlAnswer> => answerOf(await ask(...args));
  return {
    hasDomain: async (domain) => (await ask('print', domain)).code === 0,
    async print(target) {
      const { code, stdout } = await ask('print', target);
      return code === 0 ? parseJob(stdout) : null;
    },
    async isDisabled(domain, label) {
      const { stdout } = await ask('print-disabled', domain);
      return readDisabled(stdout).includes(label);
    },
    enable: (target) => act('enable', target),
    bootstrap: (domain, file) => act('bootstrap', domain, file),
    bootout: (target) => act('bootout', target),
    kickstart: (target, { kill }) => act('kickstart', ...(kill ? ['-k'] : []), target),
  };
}

/** @param action what was tried, `load com.mcp.daemon` for instance */
export function launchctlFailed(action: string, { number, message: said }: LaunchctlAnswer): WatchdogError {
  const known = explainLaunchctl(number);
  const reason = known === null ? said || 'launchctl gave no reason' : known.message;
  return new WatchdogError('SERVICE_FAILED', `Cannot ${action}: ${reason} (launchctl error ${number})`, {
    hint: known?.cure ?? `launchctl error ${number} says more; mcp-watchdog start runs it in the background`,
  });
}

/** `Bootstrap failed: 5: Input/output error` and exit code 5 say the same; some releases say only one of them. */
function answerOf({ code, stderr }: ToolResult): LaunchctlAnswer {
  const [said = ''] = stderr.trim().split('\n');
  const told = /\b(?:failed|error): (\d+):/u.exec(stderr)?.[1];
  if (code === 0) return { number: 0, message: said };
  return { number: told === undefined ? (code ?? -1) : Number(told), message: said };
}

function parseJob(text: string): PrintedJob {
  // The first of each name: deeper lists repeat some of them further down.
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

/** Older releases say `=> true`, newer ones `=> disabled`. */
function readDisabled(text: string): string[] {
  return [...text.matchAll(/^\s*"([^"]+)" => (?:true|disabled)\s*$/gmu)].map(([, label = '']) => label);
}

function notThere(code: string): WatchdogError {
  return new WatchdogError('SERVICE_FAILED', `Cannot ask launchd: launchctl does not start (${code})`, {
    hint: 'It is /bin/launchctl on every Mac: see that PATH has /bin',
  });
}
