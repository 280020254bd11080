// What an installation that failed is called: our own words for it, and what can be done.
import type { StartFailure } from '../../core/model/observations.ts';
import type { StartFailureCode } from '../../core/model/vocabulary.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';

/** What could not be had. */
export interface InstallTarget {
  readonly package: string;
  /** `name@version` */
  readonly spec: string;
  /** The server's folder, absolute. */
  readonly folder: string;
}

export interface InstallFailure {
  readonly failure: StartFailure;
  /** The registry could not be asked: what is installed may stand in. */
  readonly unreachable: boolean;
}

export interface InstallError {
  readonly code: StartFailureCode;
  /** Follows `Cannot install NAME: `, without a full stop. */
  readonly reason: string;
  readonly hint: string;
  readonly unreachable?: true;
  /** Nothing but a change of the config can heal it. */
  readonly isConfigFault?: true;
}

export const FULL: readonly string[] = ['ENOSPC', 'EDQUOT'];

/** One failure for one story. */
export function toFailure(
  { code, reason, hint, unreachable, isConfigFault }: InstallError,
  { spec }: InstallTarget,
): InstallFailure {
  const action = code === 'BIN_UNRESOLVED' ? 'run' : 'install';
  const message = `Cannot ${action} ${spec}: ${reason}`;
  const retry = isConfigFault === true ? 'never' : 'backoff';
  return { failure: { code, message, hint, retry }, unreachable: unreachable === true };
}

/** One failure for an error of the file system. */
export function systemFailure(error: unknown, wanted: InstallTarget): InstallFailure {
  if (FULL.includes(codeOf(error) ?? '')) return toFailure(diskFull(wanted), wanted);
  const hint = `Check who owns ${wanted.folder}, and that it can be written to.`;
  return toFailure({ code: 'INSTALL_FAILED', reason: firstLine(messageOf(error)), hint }, wanted);
}

export function diskFull({ folder }: InstallTarget): InstallError {
  const hint = `Free some space on the disks of ${folder} and of npm's cache (\`npm config get cache\`).`;
  return { code: 'DISK_FULL', reason: 'no space is left on the disk', hint };
}

/** @param engine the range in `engines.node` */
export function wrongEngine(culprit: string, engine: string): InstallError {
  const hint = 'Run mcp-watchdog with a node that fits, or set `version` to one that runs on this node.';
  return {
    code: 'ENGINE_MISMATCH',
    reason: `${culprit} needs node ${engine}, this is ${process.version}`,
    hint,
  };
}

/** A name or version that must not reach npm's command line; null when both may. */
export function refuseRequest(
  words: { readonly package: string; readonly version: string },
  isVersion: boolean,
): InstallError | null {
  if (!PACKAGE_NAME.test(words.package)) {
    const hint = 'Set `package` to a name as the registry shows it, such as @upstash/context7-mcp.';
    return {
      code: 'UNKNOWN_PACKAGE',
      reason: `"${words.package}" is no package name`,
      hint,
      isConfigFault: true,
    };
  }
  if (isVersion) return null;
  const hint = 'Set `version` to an exact version, a range such as ^4.1.0, or a tag such as latest.';
  const reason = `"${words.version}" is no version, range or tag`;
  return { code: 'UNKNOWN_VERSION', reason, hint, isConfigFault: true };
}

const PACKAGE_NAME = /^(@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/i;

export function unresolvedBin(reason: string, folder: string): InstallError {
  const hint = `Name one of its programs with \`bin\`; if it is damaged, remove ${folder} to have it installed anew.`;
  return { code: 'BIN_UNRESOLVED', reason, hint, isConfigFault: true };
}

export function noNpm(): InstallError {
  const hint = 'Install npm beside node, or put it on the PATH of the daemon.';
  return {
    code: 'INSTALL_FAILED',
    reason: `there is no npm beside ${process.execPath} and none on the PATH`,
    hint,
  };
}

export function installedElsewhere(): InstallError {
  const hint = 'Look for `global`, `dry-run` or `location` in ~/.npmrc: they send packages elsewhere.';
  return {
    code: 'INSTALL_FAILED',
    reason: 'npm reports success, but the package is not where it was asked for',
    hint,
  };
}

/** @param how the signal that ended npm, or the system's code when it did not start */
export function npmDied(how: string): InstallError {
  const hint =
    'The system may have run out of memory; npm takes about 250 MB. It is tried again without your doing.';
  return { code: 'INSTALL_FAILED', reason: `npm was ended by ${how}`, hint };
}

export function npmUnstartable(code: string): InstallError {
  const hint = `Check that ${process.execPath} still exists: an upgrade of node may have moved it. If so, restart the daemon.`;
  return { code: 'INSTALL_FAILED', reason: `npm cannot be started (${code})`, hint };
}

/** @param limit ms */
export function npmTimedOut(limit: number): InstallError {
  const hint =
    'Check the network and the registry in ~/.npmrc. What was downloaded is kept for the next attempt.';
  const reason = `npm was not done after ${Math.round(limit / 1000)} s`;
  return { code: 'INSTALL_FAILED', reason, hint, unreachable: true };
}

export function unreadableAnswer(): InstallError {
  const hint = 'Check the registry in ~/.npmrc, and what `npm view` prints for this package.';
  return { code: 'INSTALL_FAILED', reason: 'what the registry answered cannot be understood', hint };
}

/** By the user's own settings, and not by ours. */
export function tooYoungForNpm(): InstallError {
  const hint = 'Wait, or change `before` or `min-release-age` in ~/.npmrc.';
  return { code: 'INSTALL_FAILED', reason: 'it is younger than the settings of npm allow', hint };
}

export function aborted(): InstallError {
  return { code: 'INSTALL_FAILED', reason: 'it was stopped', hint: 'Start the server to try again.' };
}

export function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
