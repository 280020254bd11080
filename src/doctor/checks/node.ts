// Check of the running Node.js: supported, and still getting security fixes.
import { type Check, ok, problem, warning } from '../check.ts';

const DAY = 86_400_000;

/** Same as `engines` in package.json. */
const OLDEST = { major: 20, minor: 19 };

/** End of security fixes per release line, from the release schedule of Node.js. */
export const END_OF_LIFE: Readonly<Record<number, string>> = {
  18: '2025-04-30',
  20: '2026-04-30',
  22: '2027-04-30',
  24: '2028-04-30',
  26: '2029-04-30',
};

/** ms before the end of a line from which on to warn. */
const WARN_BEFORE = 60 * DAY;

export const node: Check = {
  id: 'node',
  title: 'Node.js',
  run({ node: { version, path }, now }) {
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const what = `${version} (${path})`;
    if (isTooOld(major, minor)) {
      const oldest = `${OLDEST.major}.${OLDEST.minor}`;
      return Promise.resolve([problem(`${what} is older than ${oldest}`, INSTALL)]);
    }
    return Promise.resolve([ageOf(major, what, now)]);
  },
};

const INSTALL = 'install Node 24 or 22 (nodejs.org, Homebrew, nvm, fnm), then mcp-watchdog install --force';

/** True for a version below the minimum. */
export function isTooOld(major: number, minor: number): boolean {
  return major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
}

function ageOf(major: number, what: string, now: number) {
  const end = END_OF_LIFE[major];
  if (end === undefined) {
    // Odd lines get fixes for half a year; even lines newer than this table are assumed to be supported.
    return major % 2 === 1
      ? warning(`${what} is an odd release line, which gets fixes for a few months only`, INSTALL)
      : ok(what);
  }
  const left = Date.parse(end) + DAY - now;
  if (left <= 0) return warning(`${what} has had no security fixes since ${end}`, INSTALL);
  if (left < WARN_BEFORE) return warning(`${what} gets security fixes until ${end}`, INSTALL);
  return ok(`${what}, security fixes until ${end}`);
}
