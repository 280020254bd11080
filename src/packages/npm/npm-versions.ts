// Versions of npm packages: semver, with what knows ranges loaded only where one is met.
import compare from 'semver/functions/compare.js';
import prerelease from 'semver/functions/prerelease.js';
import valid from 'semver/functions/valid.js';

import type { ManagerVersions, VersionRanges, WishKind } from '../manager/package-manager.ts';

export const npmVersions: ManagerVersions = {
  canonical: (text) => valid(text),
  compare: (one, other) => compare(one, other),
  isSame(one, other) {
    const version = valid(one);
    return one === other || (version !== null && version === valid(other));
  },
  isStable: (version) => valid(version) !== null && prerelease(version) === null,
  isVersion: (text) => valid(text) === text,
  isPinned: (wish) => valid(wish.replace(/^[=v]+/, '')) !== null,
  wishKind,
  ranges: loadRanges,
};

async function wishKind(wish: string): Promise<WishKind | null> {
  // No range is a plain word: the usual `latest` is recognised without loading the code for ranges.
  if (/^[a-z]{2,}$/i.test(wish)) return 'tag';
  if (valid(wish) !== null) return 'exact';
  const { isRange } = await loadRanges();
  if (isRange(wish)) return 'range';
  return /^[a-z][\w.-]*$/i.test(wish) ? 'tag' : null;
}

/** Costs 5 MB of resident memory. */
async function loadRanges(): Promise<VersionRanges> {
  const [{ default: satisfies }, { default: validRange }] = await Promise.all([
    import('semver/functions/satisfies.js'),
    import('semver/ranges/valid.js'),
  ]);
  return {
    isRange: (text) => validRange(text) !== null,
    // npm falls back to a prerelease when a range has nothing else, and a range of engines means them too.
    isWithin: (version, range) => satisfies(version, range, { includePrerelease: true }),
  };
}
