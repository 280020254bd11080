// Manifest of an installed npm package: its package.json, read.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { isObject } from '../../core/base/guards.ts';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  /** `engines.node`, null when it says nothing. */
  readonly engine: string | null;
  /** Its programs by name: where each lies, relative to the package. */
  readonly programs: ReadonlyMap<string, string>;
}

/** Reads the manifest; null when the package is not there, or not completely. */
export function readManifest(folder: string): Manifest | null {
  const manifest = readObject(join(folder, 'package.json'));
  if (manifest === null) return null;
  const { name, version, engines, bin } = manifest;
  if (typeof name !== 'string' || typeof version !== 'string') return null;
  const node = isObject(engines) ? engines['node'] : undefined;
  const engine = typeof node === 'string' ? node : null;
  return { name, version, engine, programs: readPrograms(ownName(name), bin) };
}

/** Strips the scope of a package's name. */
export function ownName(name: string): string {
  return name.split('/').at(-1) ?? name;
}

function readPrograms(name: string, bin: unknown): Map<string, string> {
  if (typeof bin === 'string') return new Map([[name, bin]]);
  const entries = isObject(bin) ? Object.entries(bin) : [];
  return new Map(
    entries.flatMap(([key, target]) => (typeof target === 'string' ? [[basename(key), target]] : [])),
  );
}

function readObject(file: string): Readonly<Record<string, unknown>> | null {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isObject(content) ? content : null;
  } catch {
    return null;
  }
}
