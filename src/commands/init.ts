// `init`: a first config to change, never in place of another.
import { mkdirSync } from 'node:fs';
import { WatchdogError } from '../core/errors.ts';
import { messageOf } from '../core/unknown.ts';
import { writeExampleConfig } from '../config/example.ts';
import type { Context } from './command.ts';
import { printLines } from './with-daemon.ts';

export async function run(context: Context): Promise<number> {
  const { paths } = context;
  if (!createFirstConfig(paths)) throw alreadyThere(paths.config);
  printLines(context, [`Wrote ${paths.config}`, 'Change it to your needs, then: mcp-watchdog start']);
  return await Promise.resolve(0);
}

/**
 * @returns false when there is a config already
 * @throws WatchdogError HOME_UNUSABLE when it cannot be written
 */
export function createFirstConfig({ home, config }: { home: string; config: string }): boolean {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    return writeExampleConfig(config);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new WatchdogError('HOME_UNUSABLE', `Cannot write a first config to "${config}": ${reason}`, {
      hint: 'Choose another home with --home DIR',
      cause,
    });
  }
}

function alreadyThere(path: string): WatchdogError {
  return new WatchdogError('USAGE', `Cannot write a first config: there is one already, ${path}`, {
    hint: 'See it with mcp-watchdog config show; move it away to begin anew',
  });
}
