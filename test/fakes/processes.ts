// Small shell programs that misbehave, and the question whether they still live.
import { type ChildProcess, spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { readProcess } from '../../src/system/process/process-table.ts';

/** True while `pid` runs; a zombie does not. */
export function isRunning(pid: number): boolean {
  return readProcess(pid)?.state === 'alive';
}

/** Starts a program of its own group and makes sure that nothing of it survives the test. */
export function startGroup(
  argv: readonly [string, ...string[]],
  env: Record<string, string> = {},
): ChildProcess & { pid: number } {
  const [file, ...args] = argv;
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`Cannot start ${file}`);
  onTestFinished(() => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Already gone, as it should be.
    }
  });
  return Object.assign(child, { pid });
}

/** A shell that ignores TERM and has a child that does so too; prints the child's pid. */
export const STUBBORN_TREE = [
  '/bin/sh',
  '-c',
  `trap '' TERM HUP; sh -c 'trap "" TERM HUP; echo $$; while :; do sleep 0.2; done'`,
] as const;

/** The first line that a program prints. */
export function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    // Not `exit`: what it printed may still be in its pipe then.
    child.once('close', () => reject(new Error('It ended without a line')));
  });
}
