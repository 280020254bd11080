// Record of an installed Python package: the last file of an installation, so that one without it is not complete.
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';

import { isObject, parseJson } from '../../core/base/guards.ts';
import { parseVersion } from '../../core/python/pep440.ts';
import type { PythonOptions } from '../../core/python/requirement.ts';
import type { PackageSource } from '../../core/model/server-spec.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';
import type { InstalledVersion } from '../manager/package-manager.ts';

export const RECORD_FILE = 'installed.json';

/** What is written of an installation. */
export interface InstalledRecord {
  readonly manager: 'pypi';
  readonly id: string;
  readonly version: string;
  /** `Requires-Python` of the package. */
  readonly engine: string | null;
  readonly options: PythonOptions;
  /** Its `.dist-info`, relative to the folder of the version. */
  readonly info: string;
  /** Version of the uv that installed it. */
  readonly uv: string;
  /** Why it is older than the newest that was asked for; null when it is not. */
  readonly instead: string | null;
}

export const NO_OPTIONS: PythonOptions = { extras: [], interpreter: null, with: [] };

/**
 * Reads what a folder holds; null when it is not complete, another package, installed in another way, or its Python is
 * gone.
 */
export function inspectInstalled(folder: string, source: PackageSource): InstalledVersion | null {
  const record = parseJson(readFileOrNull(join(folder, RECORD_FILE)) ?? '');
  if (!isObject(record)) return null;
  const { id, version, engine, options, info, instead } = record;
  if (id !== source.package || typeof version !== 'string' || parseVersion(version) === null) return null;
  if (!isDeepStrictEqual(options, { ...(source.python ?? NO_OPTIONS) })) return null;
  // A link: what it leads to may have been uninstalled.
  if (!existsSync(join(folder, 'venv', 'bin', 'python'))) return null;
  if (typeof info !== 'string' || !existsSync(join(folder, info))) return null;
  return {
    version,
    folder,
    packageFolder: join(folder, info),
    engine: typeof engine === 'string' ? engine : null,
    ...(typeof instead === 'string' && { instead }),
  };
}
