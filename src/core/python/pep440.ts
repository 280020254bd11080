// Versions of Python packages and the specifiers that allow them (PEP 440): read, ordered, compared.

/** One version, taken apart. */
export interface PythonVersion {
  readonly epoch: number;
  readonly release: readonly number[];
  readonly pre: readonly ['a' | 'b' | 'rc', number] | null;
  readonly post: number | null;
  readonly dev: number | null;
  /** `ubuntu.1`, normalised; null when there is none. */
  readonly local: string | null;
}

const VERSION =
  /^v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)(?:[-_.]?(?<pre>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?<preNumber>\d*))?(?:-(?<implicit>\d+)|[-_.]?(?<post>post|rev|r)[-_.]?(?<postNumber>\d*))?(?:[-_.]?(?<dev>dev)[-_.]?(?<devNumber>\d*))?(?:\+(?<local>[a-z\d]+(?:[-_.][a-z\d]+)*))?$/u;

/** Longer texts are no versions; no number of one is longer than this either. */
const LONGEST = 100;

/** Reads a version in any spelling that PEP 440 allows; null when it is none. */
export function parseVersion(text: string): PythonVersion | null {
  const plain = text.trim().toLowerCase();
  const parts = plain.length > LONGEST ? undefined : VERSION.exec(plain)?.groups;
  if (parts === undefined) return null;
  const version = {
    epoch: Number(parts['epoch'] ?? 0),
    release: (parts['release'] ?? '').split('.').map(Number),
    pre: parts['pre'] === undefined ? null : readPre(parts['pre'], parts['preNumber']),
    post: numberOf(parts['implicit'] ?? parts['post'], parts['implicit'] ?? parts['postNumber']),
    dev: numberOf(parts['dev'], parts['devNumber']),
    local: parts['local']?.replaceAll(/[-_]/gu, '.') ?? null,
  };
  return version.release.every(Number.isSafeInteger) ? version : null;
}

function readPre(word: string, number: string | undefined): PythonVersion['pre'] {
  return [PRE[word] ?? 'rc', Number(number ?? 0)];
}

/** Null when the part is not there; one without a number has 0. */
function numberOf(part: string | undefined, number: string | undefined): number | null {
  return part === undefined ? null : Number(number ?? 0);
}

const PRE: Readonly<Record<string, 'a' | 'b' | 'rc'>> = { alpha: 'a', a: 'a', beta: 'b', b: 'b' };

/** Writes a version in its normal form, zeros at the end kept: `1.0-RC1` is `1.0rc1`. */
export function formatVersion({ epoch, release, pre, post, dev, local }: PythonVersion): string {
  const words = [
    epoch === 0 ? '' : `${epoch}!`,
    release.join('.'),
    pre?.join('') ?? '',
    post === null ? '' : `.post${post}`,
    dev === null ? '' : `.dev${dev}`,
    local === null ? '' : `+${local}`,
  ];
  return words.join('');
}

/** Negative when `one` comes before `other`. */
export function compareVersions(one: PythonVersion, other: PythonVersion): number {
  return (
    one.epoch - other.epoch ||
    compareReleases(one.release, other.release) ||
    compareLists(phaseOf(one), phaseOf(other)) ||
    compareLocals(one.local, other.local)
  );
}

function compareReleases(one: readonly number[], other: readonly number[]): number {
  const length = Math.max(one.length, other.length);
  const differs = Array.from({ length }, (_, at) => (one[at] ?? 0) - (other[at] ?? 0));
  return differs.find((each) => each !== 0) ?? 0;
}

/** A development release comes before all, a prerelease before the release, a post release after it. */
function phaseOf({ pre, post, dev }: PythonVersion): readonly number[] {
  const onlyDev = pre === null && post === null && dev !== null;
  const rank = onlyDev ? -1 : pre === null ? 3 : ['a', 'b', 'rc'].indexOf(pre[0]);
  return [rank, pre?.[1] ?? 0, post ?? -1, dev ?? Number.MAX_SAFE_INTEGER];
}

function compareLists(one: readonly number[], other: readonly number[]): number {
  return one.map((each, at) => each - (other[at] ?? 0)).find((each) => each !== 0) ?? 0;
}

/** None comes first; of two parts a number comes after a word. */
function compareLocals(one: string | null, other: string | null): number {
  if (one === other) return 0;
  if (one === null || other === null) return one === null ? -1 : 1;
  const [left, right] = [one.split('.'), other.split('.')];
  for (const [at, word] of left.entries()) {
    const against = right[at];
    const order = against === undefined ? 1 : compareWords(word, against);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareWords(one: string, other: string): number {
  const [isNumber, isOtherNumber] = [one, other].map((each) => /^\d+$/u.test(each));
  if (isNumber !== isOtherNumber) return isNumber === true ? 1 : -1;
  if (isNumber === true) return Number(one) - Number(other);
  return one < other ? -1 : Number(one > other);
}

type Operator = '==' | '!=' | '<=' | '>=' | '<' | '>' | '~=';

interface Specifier {
  readonly operator: Operator;
  readonly version: PythonVersion;
  /** `==1.4.*`: only as much of the release counts as is written. */
  readonly isPrefix: boolean;
}

/** Specifiers that must all be satisfied. */
export type SpecifierSet = readonly Specifier[];

/** Reads `>=1,<2`, `~=1.4`, `==1.4.*`; `*` and an empty text allow everything. Null when it is nothing of it. */
export function parseSpecifiers(text: string): SpecifierSet | null {
  const plain = text.trim();
  if (plain === '' || plain === '*') return [];
  const found = plain.split(',').map(parseSpecifier);
  const specifiers = found.filter((each) => each !== null);
  return specifiers.length === found.length ? specifiers : null;
}

function parseSpecifier(text: string): Specifier | null {
  const [, sign, written = ''] = /^\s*(==|!=|<=|>=|<|>|~=)(?!=)\s*(\S+)\s*$/u.exec(text) ?? [];
  const operator = OPERATORS.find((each) => each === sign);
  if (operator === undefined) return null;
  const isPrefix = written.endsWith('.*');
  const version = parseVersion(isPrefix ? written.slice(0, -2) : written);
  const specifier = version === null ? null : { operator, version, isPrefix };
  return specifier !== null && isMeaningful(specifier) ? specifier : null;
}

/** `>=1.*`, `<1+local` and `~=1` say nothing. */
function isMeaningful({ operator, version, isPrefix }: Specifier): boolean {
  const isEquality = operator === '==' || operator === '!=';
  if (isPrefix) return isEquality && version.dev === null && version.local === null;
  if (operator === '~=' && version.release.length < 2) return false;
  return isEquality || version.local === null;
}

const OPERATORS: readonly Operator[] = ['==', '!=', '<=', '>=', '<', '>', '~='];

/** Tells whether a version satisfies all specifiers. Prereleases count as any other version. */
export function satisfies(version: PythonVersion, specifiers: SpecifierSet): boolean {
  return specifiers.every((each) => satisfiesOne(version, each));
}

function satisfiesOne(version: PythonVersion, { operator, version: bound, isPrefix }: Specifier): boolean {
  const own = bound.local === null ? { ...version, local: null } : version;
  switch (operator) {
    case '==':
      return isPrefix ? hasPrefix(version, bound) : compareVersions(own, bound) === 0;
    case '!=':
      return isPrefix ? !hasPrefix(version, bound) : compareVersions(own, bound) !== 0;
    case '<=':
      return compareVersions(own, bound) <= 0;
    case '>=':
      return compareVersions(own, bound) >= 0;
    case '<':
      // `<1.0` means no prerelease of 1.0 either.
      return compareVersions(own, bound) < 0 && (isPrerelease(bound) || !isPrereleaseOf(version, bound));
    case '>':
      // Nor does `>1.0` mean 1.0.post1.
      return compareVersions(own, bound) > 0 && (bound.post !== null || !isPostOf(version, bound));
    case '~=': {
      const prefix = { ...bound, release: bound.release.slice(0, -1), pre: null, post: null, dev: null };
      return compareVersions(own, bound) >= 0 && hasPrefix(version, prefix);
    }
    default:
      return operator satisfies never;
  }
}

export function isPrerelease({ pre, dev }: PythonVersion): boolean {
  return pre !== null || dev !== null;
}

function isPrereleaseOf(version: PythonVersion, bound: PythonVersion): boolean {
  return isPrerelease(version) && isSameRelease(version, bound);
}

function isPostOf(version: PythonVersion, bound: PythonVersion): boolean {
  return version.post !== null && isSameRelease(version, bound);
}

function isSameRelease(one: PythonVersion, other: PythonVersion): boolean {
  return one.epoch === other.epoch && compareReleases(one.release, other.release) === 0;
}

function hasPrefix(version: PythonVersion, prefix: PythonVersion): boolean {
  if (version.epoch !== prefix.epoch) return false;
  if (!prefix.release.every((each, at) => each === (version.release[at] ?? 0))) return false;
  const isWhole = prefix.pre === null && prefix.post === null;
  return (
    isWhole ||
    (version.pre?.join('') === prefix.pre?.join('') && (prefix.post ?? version.post) === version.post)
  );
}
