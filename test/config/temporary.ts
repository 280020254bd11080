// A folder of its own for each test, with files in it.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { readConfig } from '../../src/config/load.ts';
import type { LoadedConfig } from '../../src/config/load.ts';
import { ConfigError, formatProblem } from '../../src/config/read/problems.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** @returns the path of the first of `files` */
export function inFolder(files: Readonly<Record<string, string | Buffer>>, mode = 0o600): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-watchdog-config-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), mode);
  }
  return join(folder, Object.keys(files)[0] ?? '');
}

export function read(text: string, environment: Readonly<Record<string, string>> = {}): LoadedConfig {
  return readConfig(text, { path: '/nowhere/config.yaml', environment });
}

/** @returns one line per problem; none when the text is a good config */
export function problemsOf(text: string, environment: Readonly<Record<string, string>> = {}): string[] {
  try {
    read(text, environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(formatProblem);
  }
}
