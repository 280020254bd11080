// Change of the servers in a config file: validated as a whole before the file is replaced at once.
import { realpathSync, statSync } from 'node:fs';
import { WatchdogError } from '../../core/base/errors.ts';
import { messageOf } from '../../core/base/guards.ts';
import { writeFileAtomic } from '../../system/files/write-file-atomic.ts';
import { readConfig } from '../load.ts';
import type { Environment } from '../read/env-expansion.ts';
import { ConfigError, formatProblem, type Problem } from '../read/problems.ts';
import { readSecureFile } from '../read/secure-file.ts';
import type { EditResult } from './edit-servers.ts';

export interface ConfigEdit {
  readonly before: string;
  readonly text: string;
  /** Of the config as it will be. */
  readonly warnings: readonly string[];
}

/**
 * Makes and validates an edit, and writes nothing. Problems that the file has already do not prevent it: it may be their cure.
 *
 * @throws WatchdogError CONFIG_UNREADABLE, CONFIG_UNSAFE; CONFIG_INVALID for a text that cannot be edited, and with all
 * problems that the edit would bring
 */
export function planEdit(
  path: string,
  { environment, edit }: { readonly environment: Environment; readonly edit: (text: string) => EditResult },
): ConfigEdit {
  const before = readSecureFile(path).text;
  const edited = edit(before);
  if ('refusal' in edited)
    throw new WatchdogError('CONFIG_INVALID', `Cannot edit ${path}: ${edited.refusal}`, {
      hint: 'Edit it by hand; mcp-watchdog config validate says what is wrong',
    });
  const check = (text: string): Check => checkConfig(text, { path, environment });
  const known = new Set(check(before).problems.map(identify));
  const { problems, warnings } = check(edited.text);
  const caused = problems.filter((problem) => !known.has(identify(problem)));
  if (caused.length > 0) throw new EditRefused(path, caused);
  return { before, text: edited.text, warnings };
}

/**
 * Checks the text of a config that is not there yet.
 *
 * @throws WatchdogError CONFIG_INVALID with all problems that it would have
 */
export function planFirst(path: string, text: string, environment: Environment): ConfigEdit {
  const { problems, warnings } = checkConfig(text, { path, environment });
  if (problems.length > 0) throw new EditRefused(path, problems, 'write');
  return { before: '', text, warnings };
}

/** An edit that would bring problems into the config. Their lines are left out: they are of a text that is not written. */
class EditRefused extends WatchdogError {
  readonly problems: readonly Problem[];

  constructor(path: string, problems: readonly Problem[], how: 'edit' | 'write' = 'edit') {
    const own = problems.map((problem) => ({ ...problem, line: null }));
    const [first, ...others] = own.map(formatProblem);
    const lines = others.length === 0 ? (first ?? '') : `\n  ${[first, ...others].join('\n  ')}`;
    super('CONFIG_INVALID', `Cannot ${how} ${path}, it would be invalid: ${lines}`.replace(': \n', ':\n'), {
      hint: 'Nothing was written. docs/configuration.md lists every key',
    });
    this.problems = own;
  }
}

interface Check {
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

function checkConfig(text: string, options: { path: string; environment: Environment }): Check {
  try {
    return { problems: [], warnings: readConfig(text, options).warnings };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, warnings: [] };
    throw error;
  }
}

function identify({ path, reason }: Problem): string {
  return `${path} ${reason}`;
}

/**
 * Replaces the file, or the file that a link leads to, and keeps its mode.
 *
 * @throws WatchdogError CONFIG_UNREADABLE when somebody else has changed it meanwhile, or the system does not write it
 */
export function applyEdit(path: string, { before, text }: ConfigEdit): void {
  if (readSecureFile(path).text !== before)
    throw new WatchdogError('CONFIG_UNREADABLE', `Cannot edit ${path}: it was changed at the same time`, {
      hint: 'Try again',
    });
  try {
    const file = realpathSync(path);
    writeFileAtomic(file, text, { mode: statSync(file).mode & 0o777 });
  } catch (cause) {
    throw new WatchdogError('CONFIG_UNREADABLE', `Cannot write ${path}: ${messageOf(cause)}`, { cause });
  }
}
