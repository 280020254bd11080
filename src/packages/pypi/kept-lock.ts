// Lock of a version whose Python has gone: what it names is installed again, on another Python.
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { basename, join } from 'node:path';

import { isObject, parseJson } from '../../core/base/guards.ts';
import { parseSpecifiers, parseVersion, satisfies } from '../../core/python/pep440.ts';
import { exactVersion, pythonWishKind } from '../../core/python/requirement.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';
import type { InstallRequest } from '../manager/package-manager.ts';
import { NO_OPTIONS, RECORD_FILE } from './installed-record.ts';
import { pypiVersions } from './pypi-versions.ts';

export interface KeptLock {
  /** Absolute. */
  readonly lock: string;
  /** What the package needs of Python; null when it says nothing. */
  readonly engine: string | null;
}

/** Finds it for a version that the request means, installed in the same way; null when there is none. */
export function findKeptLock(request: InstallRequest): KeptLock | null {
  const folder = join(request.folder, 'versions');
  const current = nameOf(join(request.folder, 'current'));
  for (const name of namesIn(folder)) {
    const lock = join(folder, name, 'requirements.lock');
    const record = parseJson(readFileOrNull(join(folder, name, RECORD_FILE)) ?? '');
    if (!isObject(record) || !existsSync(lock) || existsSync(join(folder, name, 'venv', 'bin', 'python')))
      continue;
    const { id, version, engine, options } = record;
    const isOurs =
      id === request.source.package &&
      isDeepStrictEqual(options, { ...(request.source.python ?? NO_OPTIONS) });
    if (!isOurs || typeof version !== 'string' || !isMeant(version, request.version, name === current))
      continue;
    return { lock, engine: typeof engine === 'string' ? engine : null };
  }
  return null;
}

/** A tag or a range means the version that was in use, not what is newest now. */
function isMeant(version: string, wish: string, isCurrent: boolean): boolean {
  const exact = exactVersion(wish);
  if (exact !== null) return pypiVersions.isSame(version, exact);
  const parsed = parseVersion(version);
  const allowed = pythonWishKind(wish) === 'range' ? parseSpecifiers(wish) : [];
  return isCurrent && parsed !== null && allowed !== null && satisfies(parsed, allowed);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

function nameOf(link: string): string | null {
  try {
    return basename(readlinkSync(link));
  } catch {
    return null;
  }
}
