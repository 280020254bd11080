// Guardian: a small shell process that ends the process groups of our servers when the daemon is killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf } from '../../core/base/guards.ts';
import type { Clock } from '../time/clock.ts';

/**
 * Reads `hold PGID` and `drop PGID` until the pipe closes: then the daemon is dead, whatever killed it. Sends TERM (and
 * CONT, for stopped processes), waits up to 2 s, sends KILL. Its own process group and the ignored signals protect it from
 * Ctrl-C and from a group kill.
 * `kill -s NAME -- -PGID` is the one form that dash, bash and bash 3.2 in POSIX mode all take.
 *
 * Then, on Linux, what inherited the mark `$1` and has left its group: the daemon tells of such a process only when its next
 * sample has seen it.
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
  [ -n "$alive" ] || break
  sleep 0.1; tries=$((tries + 1))
done
[ -n "$alive" ] && each KILL
[ -n "$1" ] || exit 0
strays() {
  for file in $(grep -lasF -- "$1" /proc/[0-9]*/environ 2>/dev/null); do
    file=\${file#/proc/}; echo "\${file%/environ}"
  done
}
left=$(strays "$1")
[ -n "$left" ] || exit 0
kill -s TERM $left 2>/dev/null
sleep 1
left=$(strays "$1")
[ -z "$left" ] || kill -s KILL $left 2>/dev/null
`;

export interface Guardian {
  /** Has this process group killed when the daemon dies. */
  hold(pgid: number): void;
  drop(pgid: number): void;
  readonly pid: number | null;
  /** Closes the pipe: groups that are still held are killed. */
  close(): void;
}

/** Ms. */
const RESTART_DELAY = 1000;

/** Starts the guardian. One that dies or cannot be started is replaced after a second and told all groups again. */
export function startGuardian({
  clock,
  onFault,
  mark = '',
  shell: program = '/bin/sh',
}: {
  clock: Clock;
  onFault: (error: Error) => void;
  /** Text in the environment of all that descends from the servers of this daemon, and of nobody else. */
  mark?: string;
  shell?: string;
}): Guardian {
  const held = new Set<number>();
  let shell: ChildProcess | null = null;
  let isClosed = false;
  let cancelRestart = (): void => {};

  function start(): void {
    try {
      const started = spawnShell(program, mark);
      shell = started;
      started.stdin?.on('error', () => {});
      // A failed start emits `error` only, an exit emits `exit` only.
      started.on('error', (error) => onLost(started, error));
      started.once('exit', () => onLost(started, new Error('The guardian ended and is replaced')));
      for (const pgid of held) send('hold', pgid);
    } catch (error) {
      onLost(null, error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  function onLost(ended: ChildProcess | null, error: Error): void {
    if (isClosed || shell !== ended) return;
    shell = null;
    onFault(error);
    cancelRestart = clock.after(RESTART_DELAY, start);
  }

  function send(order: 'hold' | 'drop', pgid: number): void {
    shell?.stdin?.write(`${order} ${pgid}\n`);
  }

  start();
  return {
    hold(pgid) {
      held.add(pgid);
      send('hold', pgid);
    },
    drop(pgid) {
      if (held.delete(pgid)) send('drop', pgid);
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

function spawnShell(program: string, mark: string): ChildProcess {
  return spawn(program, ['-c', SCRIPT, 'mcp-watchdog-guardian', mark], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
    cwd: '/',
  });
}
