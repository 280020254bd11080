// Shells that stand for macOS' /bin/sh, which is bash 3.2 in POSIX mode: those of this machine, missing ones by name.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { reportMissing, requireThat } from '../fakes/require-program.ts';

export interface Shell {
  readonly name: string;
  /** Null where this machine has none. */
  readonly path: string | null;
}

/** A bash of another place than PATH: `MCP_WATCHDOG_BASH_3_2=/opt/bash-3.2/bin/bash npm test`. */
const NAMED = process.env['MCP_WATCHDOG_BASH_3_2'];

export const SHELLS: readonly Shell[] = [
  { name: 'bash 3.2', path: findBash(3, [NAMED, '/bin/bash', 'bash-3.2']) },
  { name: 'bash 5', path: findBash(5, ['bash', '/opt/homebrew/bin/bash']) },
  { name: 'dash', path: findProgram('dash') },
];

for (const { name, path } of SHELLS) {
  if (name !== 'bash 3.2') requireThat(name, path !== null);
  else if (path === null) reportMissing('bash 3.2 (MCP_WATCHDOG_BASH_3_2 may name one)');
}

function findBash(major: number, candidates: readonly (string | undefined)[]): string | null {
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    const { stdout } = spawnSync(candidate, ['-c', 'echo "${BASH_VERSINFO[0]}"'], { encoding: 'utf8' });
    if (stdout?.trim() === String(major)) return findProgram(candidate);
  }
  return null;
}

function findProgram(name: string): string | null {
  const { stdout, status } = spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : null;
}

/** A link called `sh`: a bash of that name is in POSIX mode. Removed with the test. */
export function asSh(path: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sh-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(path, join(folder, 'sh'));
  return join(folder, 'sh');
}
