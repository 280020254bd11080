// Guardian: a small shell process that ends the process groups of our servers when the daemon is killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf } from '../../core/base/guards.ts';
import type { Clock } from '../time/clock.ts';

/**
 * Reads `hold PGID` and `drop PGID` until the pipe ends: that is our death, however it came. Then TERM (and CONT,
 * for the frozen), up to 2 s of grace, KILL. Its own group and its deaf ears keep Ctrl-C and a group kill from it.
 * `kill -s NAME -- -PGID` is the one form that dash, bash and bash 3.2 in POSIX mode all take.
 */
const SCRIPT = `
trap '' HUP INT QUIT TERM
groups=
while read -r order group; do
  rest=
  for known in $groups; do [ "$known" = "$group" ] || rest="$rest $known"; done
  groups=$rest
  [ "$order" = hold ] && groups="$groups $group"
done
[ -n "$groups" ] || exit 0
each() { for group in $groups; do kill -s "$1" -- "-$group" 2>/dev/null; done; }
each TERM; each CONT
tries=0
while [ $tries -lt 20 ]; do
  alive=
  for group in $groups; do kill -s 0 -- "-$group" 2>/dev/null && alive=1; done
  [ -n "$alive" ] || exit 0
  sleep 0.1; tries=$((tries + 1))
done
each KILL
`;

export interface Guardian {
  /** Ends this group when we are gone. */
  hold(pgid: number): void;
  drop(pgid: number): void;
  readonly pid: number | null;
  /** Lets it go; groups that are still held are ended by it. */
  close(): void;
}

const BETWEEN_STARTS = 1000;

/** A guardian that dies, or that the system does not start, is replaced after a second and told everything again. */
export function startGuardian({
  clock,
  onFault,
  shell: program = '/bin/sh',
}: {
  clock: Clock;
  onFault: (error: Error) => void;
  shell?: string;
}): Guardian {
  const held = new Set<number>();
  let shell: ChildProcess | null = null;
  let isClosed = false;
  let cancelRestart = (): void => {};

  function start(): void {
    try {
      const started = spawnShell(program);
      shell = started;
      started.stdin?.on('error', () => {});
      // A refused start is told by `error` alone, an end by `exit` alone.
      started.on('error', (error) => lost(started, error));
      started.once('exit', () => lost(started, new Error('The guardian ended and is replaced')));
      for (const pgid of held) tell('hold', pgid);
    } catch (error) {
      lost(null, error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  function lost(ended: ChildProcess | null, error: Error): void {
    if (isClosed || shell !== ended) return;
    shell = null;
    onFault(error);
    cancelRestart = clock.after(BETWEEN_STARTS, start);
  }

  function tell(order: 'hold' | 'drop', pgid: number): void {
    shell?.stdin?.write(`${order} ${pgid}\n`);
  }

  start();
  return {
    hold(pgid) {
      held.add(pgid);
      tell('hold', pgid);
    },
    drop(pgid) {
      if (held.delete(pgid)) tell('drop', pgid);
    },
    get pid() {
      return shell?.pid ?? null;
    },
    close() {
      isClosed = true;
      cancelRestart();
      shell?.stdin?.end();
      shell?.unref();
    },
  };
}

function spawnShell(program: string): ChildProcess {
  return spawn(program, ['-c', SCRIPT, 'mcp-watchdog-guardian'], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
    cwd: '/',
  });
}
