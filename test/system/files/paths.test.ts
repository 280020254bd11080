import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { resolvePaths } from '../../../src/system/files/paths.ts';

function homeWith(env: Record<string, string>, home?: string): string {
  for (const [name, value] of Object.entries({ MCP_WATCHDOG_HOME: '', ...env })) vi.stubEnv(name, value);
  try {
    return resolvePaths(home).home;
  } finally {
    vi.unstubAllEnvs();
  }
}

describe('resolvePaths()', () => {
  it('takes what was given before the environment, and that before the folder of the user', () => {
    expect(homeWith({ MCP_WATCHDOG_HOME: '/b' }, '/a')).toBe('/a');
    expect(homeWith({ MCP_WATCHDOG_HOME: '/b' })).toBe('/b');
    expect(homeWith({})).toBe(join(homedir(), '.mcp-watchdog'));
  });

  it('takes an empty variable for none, and never the folder that somebody happens to be in', () => {
    expect(homeWith({ MCP_WATCHDOG_HOME: '' }, '')).toBe(join(homedir(), '.mcp-watchdog'));
    expect(homeWith({ HOME: '' })).toBe(join(userInfo().homedir, '.mcp-watchdog'));
    expect(homeWith({ HOME: 'somewhere' })).toBe(join(userInfo().homedir, '.mcp-watchdog'));
  });
});
