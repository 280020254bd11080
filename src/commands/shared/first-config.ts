// First config of a new home.
import { exampleConfig, writeFirstConfig } from '../../config/import/example-config.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';
import { makeFolder } from '../../system/files/make-folder.ts';

/**
 * Writes a first config unless there is one.
 *
 * @param text its content; the example when left out
 * @returns false when a config exists already
 * @throws WatchdogError HOME_UNUSABLE when it cannot be written
 */
export function createFirstConfig(
  { home, config }: { home: string; config: string },
  text: string = exampleConfig(),
): boolean {
  try {
    makeFolder(home);
    return writeFirstConfig(config, text);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new WatchdogError('HOME_UNUSABLE', `Cannot write a first config to "${config}": ${reason}`, {
      hint: HINTS[codeOf(cause) ?? ''] ?? 'Choose another home with --home DIR',
      cause,
    });
  }
}

/** Another home helps where the disk is at fault only when it is on another disk. */
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: make room, then try again; or choose a home on another disk with --home DIR',
  EDQUOT:
    'Your quota is used up: make room, then try again; or choose a home on another disk with --home DIR',
  EROFS: 'The file system takes no writes: choose a home on another one with --home DIR',
};
