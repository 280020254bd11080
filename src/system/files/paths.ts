// Layout of the home folder: every path of one installation.
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** Absolute paths below one home; see the README for what each holds. */
export interface Paths {
  readonly home: string;
  readonly config: string;
  readonly run: string;
  readonly socket: string;
  readonly state: string;
  readonly processes: string;
  /** Folder of the records of containers. */
  readonly containers: string;
  readonly history: string;
  readonly logs: string;
  readonly watchdogLog: string;
  readonly alertsLog: string;
  readonly serverLogs: string;
  readonly journal: string;
  readonly servers: string;
  readonly backups: string;
}

/**
 * Resolves all paths of one installation.
 *
 * @param home from `--home`; else `MCP_WATCHDOG_HOME`, else `~/.mcp-watchdog`. An empty text counts as not given
 */
export function resolvePaths(home?: string): Paths {
  const given = [home, process.env['MCP_WATCHDOG_HOME']].find((one) => one !== undefined && one !== '');
  const root = resolve(given ?? join(userHome(), '.mcp-watchdog'));
  const run = join(root, 'run');
  const logs = join(root, 'logs');
  return {
    home: root,
    config: join(root, 'config.yaml'),
    run,
    socket: join(run, 'control.sock'),
    state: join(run, 'state.json'),
    processes: join(run, 'processes.json'),
    containers: join(run, 'containers'),
    history: join(run, 'history.snapshot'),
    logs,
    watchdogLog: join(logs, 'watchdog.log'),
    alertsLog: join(logs, 'alerts.log'),
    serverLogs: join(logs, 'servers'),
    journal: join(root, 'journal', 'events.jsonl'),
    servers: join(root, 'servers'),
    backups: join(root, 'backups'),
  };
}

/** Returns the user's home folder, absolute: an empty or relative `HOME` would depend on the working folder. */
export function userHome(): string {
  const home = homedir();
  return isAbsolute(home) ? home : userInfo().homedir;
}
