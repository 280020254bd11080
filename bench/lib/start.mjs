// How the bench starts a program: in a group of its own, quietly, and gone when the bench is.
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
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
 * @returns {{ pid: number, stop: () => Promise<void>, ended: Promise<string> }} `ended` tells how it ended
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
  if (child.pid === undefined) throw new Error(`Cannot start ${file}`);
  child.unref();
  const stop = onEnd(async () => {
    await killTree(child.pid);
    await ended;
  });
  return { pid: child.pid, stop, ended, child };
}
