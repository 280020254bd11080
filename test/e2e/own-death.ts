// Ways for a daemon to die, and servers that are hard to clean up after.
import { readFileSync } from 'node:fs';
import type { RunningDaemon, Settings } from './daemon.ts';

/** A tree that ignores TERM and EOF, with a child that does so too. */
export const STUBBORN: Settings = {
  command: [
    '/bin/sh',
    '-c',
    `trap '' TERM HUP; sh -c 'trap "" TERM HUP; while :; do sleep 0.2; done' & while :; do sleep 0.2; done`,
  ],
  start: { timeout: '60s' },
};

/** Nobody is left who could end the servers. */
export async function killWithGuardian(daemon: Pick<RunningDaemon, 'pid' | 'stop'>): Promise<void> {
  process.kill(guardianOf(daemon.pid), 'SIGKILL');
  await daemon.stop('SIGKILL');
}

function guardianOf(daemon: number): number {
  const children = readFileSync(`/proc/${daemon}/task/${daemon}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  const guardian = children.find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('mcp-watchdog-guardian'),
  );
  if (guardian === undefined) throw new Error('There is no guardian');
  return guardian;
}

/** A year in ms. */
export const YEAR = 365 * 86_400_000;

/** For `NODE_OPTIONS`: a module that is loaded first. */
export function preload(source: string): string {
  return `--import=data:text/javascript,${encodeURIComponent(source)}`;
}
