// Where programs keep their settings on this system.
import { join } from 'node:path';
import type { Where } from './client-format.ts';

/** Of applications with a window: `~/Library/Application Support`, or `~/.config`. */
export function configFolder(where: Where): string {
  return where.platform === 'darwin' ? join(where.home, 'Library', 'Application Support') : dotConfig(where);
}

/** `$XDG_CONFIG_HOME`, or `~/.config`. */
export function dotConfig({ home, environment }: Where): string {
  const { XDG_CONFIG_HOME: folder = '' } = environment;
  return folder.startsWith('/') ? folder : join(home, '.config');
}

/** The folder that a variable names, or one in the home folder. */
export function ownFolder({ home, environment }: Where, variable: string, usual: string): string {
  const folder = environment[variable] ?? '';
  return folder.startsWith('/') ? folder : join(home, usual);
}
