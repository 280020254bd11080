// How the bench starts a program: in a group of its own, quietly, and gone when the bench is.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { onEnd } from './clean-up.mjs';
import { killTree } from './processes.mjs';

/** What a server needs, and nothing that would make it start slower or faster under one keeper than under another. */
export const environment = {
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  ...(process.env.TMPDIR === undefined ? {} : { TMPDIR: process.env.TMPDIR }),
};

/**
 * Starts `argv`; its output goes to `log`, or nowhere.
 *
 * @returns {{ pid: number, stop: () => Promise<void>, ended: Promise<string> }} `ended` says how
 */
export function start([file, ...args], { env = {}, cwd, log, stdio } = {}) {
  const output = log === undefined ? 'ignore' : openSync(log, 'a');
  const child = spawn(file, args, {
    env: { ...environment, ...env },
    cwd,
    detached: true,
    stdio: stdio ?? ['ignore', output, output],
  });
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, name) => resolve(name ?? `exit code ${code}`));
  });
  if (log !== undefined) closeSync(output);
  if (child.pid === undefined) throw new Error(`Cannot start ${file}`);
  const stop = onEnd(async () => {
    // One that has ended by itself may have lent its number to somebody else.
    if (child.exitCode === null && child.signalCode === null) await killTree(child.pid);
    await ended;
  });
  return { pid: child.pid, stop, ended, stdin: child.stdin, stdout: child.stdout };
}
