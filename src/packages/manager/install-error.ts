// Errors of an installation: one shape for all package managers, and those that no manager has of its own.
import { codeOf, messageOf } from '../../core/base/guards.ts';
import { neutralise } from '../../core/base/text.ts';
import type { StartFailure } from '../../core/model/observations.ts';
import type { StartFailureCode } from '../../core/model/vocabulary.ts';

/** What was to be installed. */
export interface InstallTarget {
  readonly package: string;
  /** `name@version` */
  readonly spec: string;
  /** The server's folder, absolute. */
  readonly folder: string;
}

export interface InstallFailure {
  readonly failure: StartFailure;
  /** The registry could not be asked: an installed version may run instead. */
  readonly unreachable: boolean;
  /** The version of the package itself that does not fit the runtime. */
  readonly unfitVersion?: string;
}

export interface InstallError {
  readonly code: StartFailureCode;
  /** Follows `Cannot install NAME: `, without a full stop. */
  readonly reason: string;
  readonly hint: string;
  readonly unreachable?: true;
  /** The version of the package itself that does not fit the runtime. */
  readonly unfitVersion?: string;
  /** Only a change of the config can fix it. */
  readonly isConfigFault?: true;
}

/** Words of a package manager, for people. */
export interface ManagerWords {
  /** The tool itself: `npm`. */
  readonly tool: string;
  /** Where the tool keeps its downloads; follows "Free some space on the disks of FOLDER and of". */
  readonly cache: string;
  /** The user's settings by which a version may be too young; follows "Wait, or change". */
  readonly ageSettings: string;
  /** What `version` may be; follows "Set `version` to". */
  readonly wishes: string;
  /** How the tool may have installed to another place, a sentence. */
  readonly elsewhere: string;
}

/** The errors that a full disk raises. */
export const FULL: readonly string[] = ['ENOSPC', 'EDQUOT'];

/** Turns an error into the failure of a start. */
export function toFailure(
  { code, reason, hint, unreachable, isConfigFault, unfitVersion }: InstallError,
  { spec }: Pick<InstallTarget, 'spec'>,
): InstallFailure {
  const action = code === 'BIN_UNRESOLVED' ? 'run' : 'install';
  const message = `Cannot ${action} ${spec}: ${reason}`;
  const retry = isConfigFault === true ? 'never' : 'backoff';
  const failure = { code, message, hint, retry } as const;
  return {
    failure,
    unreachable: unreachable === true,
    ...(unfitVersion !== undefined && { unfitVersion }),
  };
}

/** Turns an error of the file system into the failure of a start. */
export function systemFailure(
  error: unknown,
  {
    spec,
    folder,
    manager,
  }: Pick<InstallTarget, 'spec' | 'folder'> & { readonly manager: { readonly words: ManagerWords } },
): InstallFailure {
  if (FULL.includes(codeOf(error) ?? '')) return toFailure(diskFull(folder, manager.words), { spec });
  const hint = `Check who owns ${folder}, and that it can be written to.`;
  return toFailure({ code: 'INSTALL_FAILED', reason: firstLine(messageOf(error)), hint }, { spec });
}

export function diskFull(folder: string, { cache }: ManagerWords): InstallError {
  const hint = `Free some space on the disks of ${folder} and of ${cache}.`;
  return { code: 'DISK_FULL', reason: 'no space is left on the disk', hint };
}

export function noSuchWish(wish: string, { wishes }: ManagerWords): InstallError {
  const reason = `"${wish}" is no version, range or tag`;
  return { code: 'UNKNOWN_VERSION', reason, hint: `Set \`version\` to ${wishes}.`, isConfigFault: true };
}

export function unresolvedBin(reason: string, folder: string): InstallError {
  const hint = `Name one of its programs with \`bin\`; if it is damaged, remove ${folder} and it is installed again.`;
  return { code: 'BIN_UNRESOLVED', reason, hint, isConfigFault: true };
}

/** The tool succeeded, and the package is not in the folder that it was given. */
export function installedElsewhere({ tool, elsewhere }: ManagerWords): InstallError {
  const reason = `${tool} reports success, but the package is not where it was asked for`;
  return { code: 'INSTALL_FAILED', reason, hint: elsewhere };
}

/** Too young by the user's own settings, not by ours. */
export function tooYoung({ tool, ageSettings }: ManagerWords): InstallError {
  const reason = `it is younger than the settings of ${tool} allow`;
  return { code: 'INSTALL_FAILED', reason, hint: `Wait, or change ${ageSettings}.` };
}

export function aborted(): InstallError {
  return { code: 'INSTALL_FAILED', reason: 'it was stopped', hint: 'Start the server to try again.' };
}

export function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

/** What arrived is not what it was said to be. */
export function mislabelled(what: string): InstallError {
  return {
    code: 'INSTALL_FAILED',
    reason: `what was unpacked is not what was asked for: ${neutralise(what)}`,
    hint: 'Do not use it before its maintainers, or those of the registry, have explained it.',
    isConfigFault: true,
  };
}
