// A launchd for tests: in memory for virtual time, or as a real program in front of PATH for the commands.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { RunTool } from '../../src/service/shared/service-options.ts';
import { answer, type Machine, newMachine } from '../fixtures/launchctl-machine.mjs';

export interface MemoryLaunchd {
  readonly machine: Machine;
  readonly run: RunTool;
  /** What was asked since the last call, looks left out: `bootstrap gui/501 …`. */
  readonly acts: () => string[];
}

export function memoryLaunchd(changes: Partial<Machine> = {}): MemoryLaunchd {
  const machine: Machine = newMachine(changes);
  return {
    machine,
    run: ([program, ...argv]) => {
      if (program !== 'launchctl') return Promise.resolve(notThere);
      return Promise.resolve({ ...answer(machine, argv), spawnError: null });
    },
    acts: () => actsOf(machine.log.splice(0)),
  };
}

const notThere = { code: null, stdout: '', stderr: '', spawnError: 'ENOENT' };

function actsOf(log: readonly (readonly string[])[]): string[] {
  return log.filter(([verb = '']) => !verb.startsWith('print')).map((argv) => argv.join(' '));
}

export interface ProgramLaunchd {
  /** To be put into the environment of a command. */
  readonly env: Readonly<Record<string, string>>;
  readonly read: () => Machine;
  readonly acts: () => string[];
}

/** Ends what it started when the test is over. */
export function programLaunchd(changes: Partial<Machine> = {}): ProgramLaunchd {
  const folder = mkdtempSync(join(tmpdir(), 'launchctl-'));
  const state = join(folder, 'state.json');
  const read = (): Machine => {
    const machine: Machine = JSON.parse(readFileSync(state, 'utf8'));
    return machine;
  };
  writeFileSync(state, JSON.stringify(newMachine(changes)));
  mkdirSync(join(folder, 'bin'));
  const program = join(folder, 'bin', 'launchctl');
  const fake = fileURLToPath(new URL('../fixtures/launchctl.mjs', import.meta.url));
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${fake}' "$@"\n`);
  chmodSync(program, 0o755);
  onTestFinished(() => {
    for (const { pid } of Object.values(read().services)) if (pid !== null) endGroup(pid);
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    env: { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, FAKE_LAUNCHCTL: state },
    read,
    acts: () => actsOf(read().log),
  };
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
