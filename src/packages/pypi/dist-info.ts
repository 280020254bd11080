// Metadata of installed Python packages: what their `.dist-info` folders say of name, version and programs.
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';

import { formatVersion, parseVersion } from '../../core/python/pep440.ts';
import { normalizeName } from '../../core/python/requirement.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';

export interface Distribution {
  /** Normalised. */
  readonly name: string;
  /** In its normal form. */
  readonly version: string;
  /** Its `.dist-info`, absolute. */
  readonly folder: string;
  /** `Requires-Python`, null when it says nothing. */
  readonly engine: string | null;
  /** The extras that it knows, normalised. */
  readonly extras: readonly string[];
  /** Its programs in `venv/bin`, by file name. */
  readonly programs: readonly string[];
  /** Programs that its list claims and that would stand in for Python itself. */
  readonly impostors: readonly string[];
}

/** Folder of the modules of an environment; null when there is none. */
function sitePackages(venv: string): string | null {
  const lib = join(venv, 'lib');
  const versions = namesIn(lib).filter((each) => /^(?:python|pypy)\d/u.test(each));
  return versions.map((each) => join(lib, each, 'site-packages')).find((each) => isFolder(each)) ?? null;
}

/** Reads every installed package of an environment; one that cannot be read is left out. */
export function readDistributions(venv: string): readonly Distribution[] {
  const site = sitePackages(venv);
  if (site === null) return [];
  return namesIn(site)
    .filter((each) => each.endsWith('.dist-info'))
    .map((each) => readDistribution(venv, join(site, each)))
    .filter((each) => each !== null);
}

/** Reads one package by its `.dist-info`; null when it cannot be read. */
export function readDistribution(venv: string, folder: string): Distribution | null {
  const [head = ''] = readFileOrNull(join(folder, 'METADATA'))?.split(/\r?\n\r?\n/u, 1) ?? [];
  const version = parseVersion(headersOf('Version', head)[0] ?? '');
  const [name = null] = headersOf('Name', head);
  if (name === null || version === null) return null;
  const listed = readRecord(folder).map((path) => normalize(join(dirname(folder), path)));
  const bin = join(venv, 'bin');
  const inside = listed.filter((each) => dirname(each) === bin);
  return {
    name: normalizeName(name),
    version: formatVersion(version),
    folder,
    engine: headersOf('Requires-Python', head)[0] ?? null,
    extras: extrasOf(head),
    programs: inside.filter((each) => isFileIn(bin, each)).map((each) => basename(each)),
    impostors: inside.map((each) => basename(each)).filter((each) => /^(?:python|pypy)[\d.]*$/u.test(each)),
  };
}

/** Every value of a header that may be repeated; empty ones are left out. */
function headersOf(name: string, head: string): readonly string[] {
  const lines = head
    .split(/\r?\n/u)
    .filter((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return lines.map((line) => line.slice(name.length + 1).trim()).filter((value) => value !== '');
}

/** Old wheels only mention their extras in conditions. */
function extrasOf(head: string): readonly string[] {
  const mentioned = headersOf('Requires-Dist', head).flatMap(
    (each) => /\bextra\s*==\s*['"]([^'"]+)['"]/u.exec(each)?.[1] ?? [],
  );
  return [...new Set([...headersOf('Provides-Extra', head), ...mentioned].map(normalizeName))].toSorted();
}

/** Paths relative to `site-packages`; a path with a comma in it is quoted. */
function readRecord(folder: string): readonly string[] {
  const lines = (readFileOrNull(join(folder, 'RECORD')) ?? '').split('\n');
  return lines
    .map((line) => /^(?:"((?:[^"]|"")*)"|([^,]*)),/u.exec(line))
    .map((found) => found?.[1]?.replaceAll('""', '"') ?? found?.[2] ?? '')
    .filter((path) => path !== '');
}

/** Only a regular file counts that really lies there: a list can claim anything. */
function isFileIn(folder: string, file: string): boolean {
  try {
    return statSync(file).isFile() && dirname(realpathSync(file)) === realpathSync(folder);
  } catch {
    return false;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
