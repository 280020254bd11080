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

/**
 * True when the package is on a registry under its name. While package.json says `private`, whoever takes the name
 * there is somebody else, and nothing may ask for it or point people to it.
 */
export function isPublished(): boolean {
  return readManifest()['private'] !== true;
}

function readOwn(key: 'name' | 'version'): string {
  const value = readManifest()[key];
  return typeof value === 'string' ? value : 'unknown';
}

function readManifest(): Readonly<Record<string, unknown>> {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const manifest: unknown = JSON.parse(text);
  return isObject(manifest) ? manifest : {};
}
