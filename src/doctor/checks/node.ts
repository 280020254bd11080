// Whether the Node that runs us is one that still gets fixes.
import { type Check, ok, problem, warning } from '../check.ts';

const DAY = 86_400_000;

/** As in package.json, `engines`. */
const OLDEST = { major: 20, minor: 19 };

/** Until when each line gets security fixes; from the release schedule of Node.js. */
export const END_OF_LIFE: Readonly<Record<number, string>> = {
  18: '2025-04-30',
  20: '2026-04-30',
  22: '2027-04-30',
  24: '2028-04-30',
  26: '2029-04-30',
};

/** So long before its end a line is worth leaving. */
const AHEAD = 60 * DAY;

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

export function isTooOld(major: number, minor: number): boolean {
  return major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
}

function ageOf(major: number, what: string, now: number) {
  const end = END_OF_LIFE[major];
  if (end === undefined) {
    // Odd ones live for half a year; of even ones that are newer than this table nothing bad is known.
    return major % 2 === 1
      ? warning(`${what} is of a line that gets fixes for a few months only`, INSTALL)
      : ok(what);
  }
  const left = Date.parse(end) + DAY - now;
  if (left <= 0) return warning(`${what} has had no security fixes since ${end}`, INSTALL);
  if (left < AHEAD) return warning(`${what} gets security fixes until ${end}`, INSTALL);
  return ok(`${what}, security fixes until ${end}`);
}
