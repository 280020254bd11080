// Age limit in the settings of uv: `exclude-newer` of its environment and its files.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';

import { isObject } from '../../core/base/guards.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';
import type { ManagerEnvironment, ManagerRun } from '../manager/package-manager.ts';

const DAY = 86_400_000;

/**
 * Reads the limit, which ours must not soften: ms since the epoch, after which nothing that is installed may have been
 * published; Infinity when the user sets none, and 0 where it cannot be understood.
 */
export function readAgeLimit({ environment, clock }: ManagerRun): Promise<number> {
  const written = environment['UV_EXCLUDE_NEWER'] ?? settingOf(environment);
  return Promise.resolve(written === null || written === '' ? Infinity : readMoment(written, clock.now()));
}

/** The user's file comes before that of the system, as in uv. */
function settingOf(environment: ManagerEnvironment): string | null {
  const { UV_CONFIG_FILE: named, UV_NO_CONFIG: none, XDG_CONFIG_HOME: config, HOME = '/' } = environment;
  if (none !== undefined && !['', '0', 'false'].includes(none)) return null;
  const own = join(config === undefined || config === '' ? join(HOME, '.config') : config, 'uv', 'uv.toml');
  const files =
    named === undefined || named === '' ? [own, '/etc/xdg/uv/uv.toml', '/etc/uv/uv.toml'] : [named];
  for (const file of files.filter((each) => existsSync(each))) {
    const found = settingIn(file);
    if (found !== null) return found;
  }
  return null;
}

function settingIn(file: string): string | null {
  try {
    const content: unknown = parse(readFileOrNull(file) ?? '');
    const found = isObject(content) ? content['exclude-newer'] : undefined;
    if (found instanceof Date) return found.toISOString();
    return typeof found === 'string' ? found : null;
  } catch {
    // uv refuses it as well, and says why.
    return null;
  }
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: DAY,
  w: 7 * DAY,
};

/** `2026-11-01`, a time, `3 days`, `P7D`; uv's other spellings are not read. */
function readMoment(text: string, now: number): number {
  const [, days = '0', hours = '0'] = /^P(?:(\d+)D)?(?:T(\d+)H)?$/iu.exec(text.trim()) ?? [null];
  const ago = Number(days) * DAY + Number(hours) * 3_600_000;
  if (ago > 0) return now - ago;
  const [, count, unit = ''] =
    /^(\d+)\s*(s|m|h|d|w)(?:ec|in|our|ay|eek|econd|inute|r)?s?(?:\s+ago)?$/iu.exec(text.trim()) ?? [];
  if (count !== undefined) return now - Number(count) * (UNITS[unit.toLowerCase()] ?? 0);
  const at = /^\d{4}-/u.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? 0 : at;
}
