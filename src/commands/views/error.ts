// Error output: one line with action, reason and value, then the cure.
import { WatchdogError } from '../../core/base/errors.ts';
import { neutralise } from '../../core/base/text.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';
import { isForWantOfFiles, TOO_FEW_FILES, wantOfFilesText } from '../../system/open-files.ts';
import { paint } from './style.ts';

/** Writes an error. @param isDebug adds the stack and the causes */
export function errorLines(
  error: unknown,
  { colour, isDebug }: { colour: boolean; isDebug: boolean },
): string[] {
  const { message, hint } = describeError(error);
  return [
    `${paint('error:', 'red', colour)} ${message}`,
    ...(hint === null ? [] : [`${paint('hint:', 'yellow', colour)} ${hint}`]),
    ...(isDebug ? stackOf(error) : []),
  ];
}

/** Returns what can be shown of an error: the message, whose first line is the summary, and the cure, null where none is known. */
export function describeError(error: unknown): { readonly message: string; readonly hint: string | null } {
  const text = isForWantOfFiles(error) ? wantOfFilesText(error) : messageOf(error);
  const lines = text.split('\n').map(neutralise);
  const hint = cureOf(error);
  return { message: lines.join('\n'), hint: hint === null ? null : neutralise(hint) };
}

function cureOf(error: unknown): string | null {
  // The limit is at fault, not the file that could not be opened.
  if (isForWantOfFiles(error)) return TOO_FEW_FILES;
  if (error instanceof WatchdogError) return error.hint ?? CURES[codeOf(error.cause) ?? ''] ?? null;
  return CURES[codeOf(error) ?? ''] ?? 'This should not happen: MCP_LOG_LEVEL=debug shows where it came from';
}

/** Cures of system errors, by code. */
const CURES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: make room, then try again',
  EROFS: 'Its file system is read-only: see what the system log says, then remount it',
};

export function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const cause = error.cause === undefined ? [] : ['caused by:', ...stackOf(error.cause)];
  return [...(error.stack ?? '').split('\n').map(neutralise), ...cause];
}
