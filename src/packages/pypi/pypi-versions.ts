// Versions of Python packages behind the interface of a package manager.
import {
  compareVersions,
  formatVersion,
  isPrerelease,
  parseSpecifiers,
  parseVersion,
  satisfies,
} from '../../core/python/pep440.ts';
import { exactVersion, pythonWishKind } from '../../core/python/requirement.ts';
import type { ManagerVersions, VersionRanges } from '../manager/package-manager.ts';

export const pypiVersions: ManagerVersions = {
  canonical,
  compare(one, other) {
    const [left, right] = [parseVersion(one), parseVersion(other)];
    return left === null || right === null ? 0 : compareVersions(left, right);
  },
  isSame(one, other) {
    const version = canonical(one);
    return one === other || (version !== null && version === canonical(other));
  },
  isStable(version) {
    const parsed = parseVersion(version);
    return parsed !== null && !isPrerelease(parsed);
  },
  isVersion: (text) => /^[\d!\w.+-]+$/u.test(text) && parseVersion(text) !== null,
  isPinned: (wish) => exactVersion(wish) !== null,
  wishKind: (wish) => Promise.resolve(pythonWishKind(wish)),
  ranges: () => Promise.resolve(RANGES),
};

const RANGES: VersionRanges = {
  isRange: (text) => parseSpecifiers(text) !== null,
  isWithin(version, range) {
    const [parsed, specifiers] = [parseVersion(version), parseSpecifiers(range)];
    return parsed !== null && specifiers !== null && satisfies(parsed, specifiers);
  },
};

/** `1.0` and `1.0.0` are one version: zeros at the end are left out. */
function canonical(text: string): string | null {
  const parsed = parseVersion(exactVersion(text) ?? '');
  if (parsed === null) return null;
  const kept = parsed.release.findLastIndex((each) => each !== 0) + 1;
  return formatVersion({ ...parsed, release: parsed.release.slice(0, Math.max(1, kept)) });
}
