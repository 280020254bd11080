// Folders that macOS closes to background programs: their permission dialog is never seen, or nobody answers it.
import { dirname, join, relative } from 'node:path';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { Machine } from '../shared/machine.ts';

const BELOW_HOME = ['Documents', 'Desktop', 'Downloads', 'Library/Mobile Documents', 'Library/CloudStorage'];
/** Other disks, removable and of the network. */
const VOLUMES = '/volumes';

export interface ProtectionView extends Pick<Machine, 'realpath'> {
  readonly userHome: string;
}

/**
 * Makes a function that tells where a path leads, when that is a protected folder; null for every other path. A path that
 * does not exist yet counts by the part that does. macOS' file system takes `documents` for `Documents`, and either form
 * of `é`.
 */
export function createProtection({ userHome, realpath }: ProtectionView): (path: string) => string | null {
  const folders = BELOW_HOME.map((name) => join(userHome, name));
  const roots = new Set([...folders, ...folders.map((path) => leadsTo(path, realpath)), VOLUMES].map(fold));
  const isBelow = (path: string): boolean =>
    [...roots].some((root) => fold(path) === root || fold(path).startsWith(`${root}/`));
  return (path) => {
    const real = leadsTo(path, realpath);
    if (isBelow(real)) return real;
    // /Volumes/Macintosh HD is a link to this disk.
    return isBelow(path) && !fold(path).startsWith(`${VOLUMES}/`) ? path : null;
  };
}

export interface ProtectedWord {
  /** As the config has it. */
  readonly word: string;
  /** Where it leads. */
  readonly place: string;
}

/** Finds the first word of a server that is a path in a protected folder, `--root=PATH` included; null without one. */
export function findProtectedWord(
  { cwd, args, source }: Pick<ServerSpec, 'cwd' | 'args' | 'source'>,
  view: ProtectionView,
): ProtectedWord | null {
  const placeOf = createProtection(view);
  for (const word of [cwd ?? '', ...args, ...(source.kind === 'command' ? source.command : [])]) {
    const path = word.replace(/^[^/~=]*=/u, '').replace(/^~(?=\/)/u, view.userHome);
    const place = path.startsWith('/') ? placeOf(path) : null;
    if (place !== null) return { word, place };
  }
  return null;
}

/**
 * Adds to a missing answer that macOS may be asking somebody whether the server may read a folder: meanwhile the call of
 * the server hangs. Any other failure stays as it is.
 */
export function withPrivacyQuestion(
  detail: string,
  spec: Pick<ServerSpec, 'cwd' | 'args' | 'source'>,
  view: ProtectionView,
): string {
  const found = /^No answer\b/u.test(detail) ? findProtectedWord(spec, view) : null;
  if (found === null) return detail;
  return `${detail}; it uses ${found.word}, and macOS may be waiting for somebody to allow that`;
}

function fold(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

/** Resolves the links of the longest part that exists. */
function leadsTo(path: string, realpath: Machine['realpath']): string {
  for (let parent = path; ; parent = dirname(parent)) {
    const real = realpath(parent);
    if (real !== null) return join(real, relative(parent, path));
    if (parent === dirname(parent)) return path;
  }
}
