// Process 1 of this machine or container: whether it reaps the orphans that fall to it.
import { basename } from 'node:path';
import { readCommand } from './process-table-linux.ts';
import { isLinux } from '../platform.ts';

export interface InitProcess {
  /** Name of its program, as for `node`. */
  readonly program: string;
  readonly isOurs: boolean;
  /** False for programs that are known not to: every orphan that ends stays a zombie and keeps its pid. */
  readonly reaps: boolean;
}

/** Programs that are found as process 1 of containers and wait for their own children only. */
const DO_NOT_REAP: ReadonlySet<string> = new Set([
  'node',
  'npm',
  'npx',
  'yarn',
  'pnpm',
  'bun',
  'deno',
  'mcp-watchdog',
  'sleep',
  'tail',
  'cat',
]);

/** Null where there is nothing to say: not Linux, or it cannot be read. */
export function readInitProcess(): InitProcess | null {
  const argv = isLinux ? readCommand(1) : null;
  return argv === null ? null : describeInit(argv, process.pid === 1);
}

/** @param argv of process 1; npm and others write their title into the first word: `npm start` */
export function describeInit([first = '']: readonly string[], isOurs: boolean): InitProcess {
  const program = basename(first.trim().split(/\s/, 1)[0] ?? '');
  return { program, isOurs, reaps: !isOurs && !DO_NOT_REAP.has(program) };
}

export const INIT_CURE =
  'start the container with an init: docker run --init, init: true in a compose file, or tini as its entrypoint';

/** Returns what is wrong with it; null when it reaps. `INIT_CURE` is the cure. */
export function initComplaint({ program, isOurs, reaps }: InitProcess): string | null {
  if (reaps) return null;
  const who = isOurs ? 'the watchdog itself is process 1' : `process 1 is ${program}`;
  return `${who}, which does not reap orphans: what servers leave behind stays as zombies until no pid is left`;
}
