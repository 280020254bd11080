// Where the daemon listens: in the run folder, or somewhere short and just as private when that path is too long.
import { createHash } from 'node:crypto';
import { rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../system/files/write-file-atomic.ts';
import { ensurePrivateDirectory } from './private-directory.ts';
import { fitsSocketPath, socketNotePath } from './control-paths.ts';

/**
 * Makes the folder private and says where to listen.
 * Away from the run folder, the place is noted in it, because the two sides may see different environments.
 */
export function prepareSocketPath(wanted: string): string {
  ensurePrivateDirectory(dirname(wanted));
  if (fitsSocketPath(wanted)) {
    rmSync(socketNotePath(wanted), { force: true });
    return wanted;
  }
  const elsewhere = shortPath(wanted);
  ensurePrivateDirectory(dirname(elsewhere));
  writeFileAtomic(socketNotePath(wanted), elsewhere, { durable: false });
  return elsewhere;
}

/** Takes away what was made outside the run folder, once nobody listens there any more. */
export function removeSocketPath(wanted: string, path: string): void {
  if (path === wanted) return;
  try {
    rmSync(socketNotePath(wanted), { force: true });
    rmSync(path, { force: true });
    rmdirSync(dirname(path));
  } catch {
    // The next daemon of this home finds the same place.
  }
}

// The same home gets the same place, so that a crash leaves one stale folder, not one each.
function shortPath(wanted: string): string {
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
  const name = join(`mcp-watchdog-${process.getuid?.() ?? 0}-${hash}`, 'control.sock');
  const bases = [process.env['XDG_RUNTIME_DIR'], tmpdir()].filter(
    (base) => base !== undefined && isFolder(base),
  );
  return (
    [...bases.map((base) => join(base ?? '', name)), join('/tmp', name)].find(fitsSocketPath) ??
    join('/tmp', name)
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
