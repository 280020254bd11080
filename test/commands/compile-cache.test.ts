import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keepCompiled } from '../../src/commands/compile-cache.ts';
import { tempHome } from '../fakes/temp-home.ts';

function enabled(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  options: { readonly user?: number } = {},
): string | null {
  let folder: string | null = null;
  const enable = (path: string) => void (folder = path);
  expect(keepCompiled(argv, env, { enable, ...options })).toBe(folder);
  return folder;
}

function usedHome(): string {
  const { home } = tempHome();
  mkdirSync(join(home, 'run'), { recursive: true });
  return home;
}

describe('keepCompiled', () => {
  it('keeps code in the home that the command is about', () => {
    const [one, other] = [usedHome(), usedHome()];
    const [inOne, inOther] = [join(one, 'run', 'compiled'), join(other, 'run', 'compiled')];
    expect(enabled(['status'], { MCP_WATCHDOG_HOME: one })).toBe(inOne);
    expect(enabled(['status', '--home', other], { MCP_WATCHDOG_HOME: one })).toBe(inOther);
    expect(enabled([`--home=${other}`, 'status'], { MCP_WATCHDOG_HOME: one })).toBe(inOther);
  });

  it('stays off for a home that is not used yet, or is somebody else’s', () => {
    const { home } = tempHome();
    expect(enabled(['status', '--home', join(home, 'none')])).toBeNull();
    expect(enabled(['status', '--home', ''], { MCP_WATCHDOG_HOME: join(home, 'none') })).toBeNull();
    expect(enabled(['status', '--home', usedHome()], {}, { user: -1 })).toBeNull();
  });

  it('stays off for what runs on, and where Node has none', () => {
    const home = usedHome();
    expect(enabled(['run', '--home', home])).toBeNull();
    expect(enabled(['connect', 'files', '--print', '--home', home])).toBeNull();
    expect(keepCompiled(['status', '--home', home], {}, { enable: null })).toBeNull();
  });
});
