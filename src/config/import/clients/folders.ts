// Folders in which programs keep their settings on this system.
import { join } from 'node:path';
import type { ClientMachine } from './client-format.ts';

/** Finds the folder of applications with a window: `~/Library/Application Support`, or `~/.config`. */
export function configFolder(where: ClientMachine): string {
  return where.platform === 'darwin' ? join(where.home, 'Library', 'Application Support') : dotConfig(where);
}

/** Finds `$XDG_CONFIG_HOME`, or `~/.config`. */
export function dotConfig({ home, environment }: ClientMachine): string {
  const { XDG_CONFIG_HOME: folder = '' } = environment;
  return folder.startsWith('/') ? folder : join(home, '.config');
}

/** Finds the folder that a variable names, or one in the home folder. */
export function ownFolder({ home, environment }: ClientMachine, variable: string, usual: string): string {
  const folder = environment[variable] ?? '';
  return folder.startsWith('/') ? folder : join(home, usual);
}
