// Errors that come from a limit of open files that is too low, whatever they say.
import { codeOf, messageOf } from '../core/base/guards.ts';

/** The cure. */
export const TOO_FEW_FILES = 'The limit of open files is too low: raise it, for example with ulimit -n 1024';

/** More than the program and Node hold open at once while they load. */
const FEW_FILES = 100;

/** Tells whether the limit is at fault: Node looks for a package by opening it, and takes what it cannot open for what is not there. */
export function isForWantOfFiles(error: unknown): boolean {
  if (/\bE[MN]FILE\b/u.test(messageOf(error).split('\n', 1)[0] ?? '')) return true;
  return codeOf(error) === 'ERR_MODULE_NOT_FOUND' && openFilesLimit() < FEW_FILES;
}

/** What to say of such an error, in one line. */
export function wantOfFilesText(error: unknown): string {
  const line = messageOf(error).split('\n', 1)[0] ?? '';
  return /\bE[MN]FILE\b/u.test(line) ? line : `EMFILE: too many open files: ${line}`;
}

/** Soft limit of this process; infinite where Node does not say. */
function openFilesLimit(): number {
  const report: { userLimits?: { open_files?: { soft?: unknown } } } = process.report.getReport();
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}
