// Search for a daemon that runs though its socket does not answer: the home was unmounted, moved or emptied under it.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readFileOrNull } from '../system/files/read-file.ts';
import { readProcess } from '../system/process/process-table.ts';
import { homeHolder } from './fallback-place.ts';

/**
 * Finds the living daemon of a home by its lock or, where that folder is gone, by its command line and environment.
 * Only Linux shows those of a process as files; elsewhere a missing home answers null.
 *
 * @param socketPath `Paths.socket`
 * @returns its pid; null when none is found
 */
export function findUnreachableDaemon(socketPath: string): number | null {
  const run = dirname(socketPath);
  const home = dirname(run);
  return homeHolder(socketPath) ?? (existsSync(run) ? null : findByCommand(home));
}

/** Says what to do about a daemon that took the connection and does not answer. @param socketPath `Paths.socket` */
export function hintOnSilence(socketPath: string): string {
  const pid = homeHolder(socketPath);
  return pid !== null && readProcess(pid)?.isStopped === true
    ? `Its process is stopped, as by Ctrl-Z or SIGSTOP: kill -CONT ${pid} lets it go on`
    : 'It may be blocked: see mcp-watchdog logs';
}

function findByCommand(home: string): number | null {
  for (const pid of pids()) {
    try {
      if (pid !== process.pid && isDaemonOf(pid, home)) return pid;
    } catch {
      // Ended meanwhile, or another user's.
    }
  }
  return null;
}

function pids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/u.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function isDaemonOf(pid: number, home: string): boolean {
  const argv = read(pid, 'cmdline');
  if (!argv.includes('run') || !argv.some((word) => /(?:^|\/)(?:cli\.c?js|mcp-watchdog)$/u.test(word)))
    return false;
  const flag = argv.indexOf('--home');
  const given =
    flag === -1 ? argv.find((word) => word.startsWith('--home='))?.slice('--home='.length) : argv[flag + 1];
  return (given ?? homeIn(read(pid, 'environ'))) === home;
}

/** The home of a process that was given none on its command line, see `resolvePaths`. */
function homeIn(environ: readonly string[]): string | null {
  const value = (name: string) =>
    environ.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const own = value('MCP_WATCHDOG_HOME');
  if (own !== undefined && own !== '') return resolve(own);
  const user = value('HOME');
  return user === undefined ? null : resolve(user, '.mcp-watchdog');
}

function read(pid: number, file: 'cmdline' | 'environ'): string[] {
  return (readFileOrNull(`/proc/${pid}/${file}`) ?? '').split('\0');
}
