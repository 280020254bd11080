// Own package.json of this program.
import { readFileSync } from 'node:fs';
import { isObject } from '../../core/base/guards.ts';

/** Reads the release of this program from its package.json. */
export function readVersion(): string {
  return readOwn('version');
}

/** Reads the package name of this program. */
export function readPackageName(): string {
  return readOwn('name');
}

function readOwn(key: 'name' | 'version'): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const manifest: unknown = JSON.parse(text);
  const value = isObject(manifest) ? manifest[key] : undefined;
  return typeof value === 'string' ? value : 'unknown';
}
