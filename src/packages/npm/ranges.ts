// What a version range allows; loaded only where one is met, because semver's ranges cost 5 MB of resident memory.
import satisfies from 'semver/functions/satisfies.js';
import validRange from 'semver/ranges/valid.js';

export function isRange(text: string): boolean {
  return validRange(text) !== null;
}

/** Prereleases count: npm falls back to one when a range has nothing else, and a range of engines means them too. */
export function isWithin(version: string, range: string): boolean {
  return satisfies(version, range, { includePrerelease: true });
}
