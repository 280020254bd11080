// Where the control socket is found: in the run folder, or where a note in it says when that path is too long.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkPrivateDirectory } from './private-directory.ts';

/** `sun_path` holds 104 bytes on macOS, the final 0 included; longer paths are cut silently by some systems. */
const MAX_SOCKET_PATH_BYTES = 103;

/** Whether the system can bind a socket at `path`. */
export function fitsSocketPath(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;
}

/** The file that says where a socket lies that does not lie where it is wanted. */
export function socketNotePath(wanted: string): string {
  return `${wanted}.path`;
}

/** For the side that connects; null when there can be no socket. */
export function findSocket(wanted: string): string | null {
  checkPrivateDirectory(dirname(wanted));
  const path = fitsSocketPath(wanted) ? wanted : readNote(wanted);
  if (path !== null) checkPrivateDirectory(dirname(path));
  return path;
}

function readNote(wanted: string): string | null {
  try {
    return readFileSync(socketNotePath(wanted), 'utf8');
  } catch {
    return null;
  }
}
