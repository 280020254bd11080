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
  readonly logs: string;
  readonly watchdogLog: string;
  readonly alertsLog: string;
  readonly serverLogs: string;
  readonly journal: string;
  readonly servers: string;
  readonly backups: string;
}

/** @param home as given by `--home`; else `MCP_WATCHDOG_HOME`, else `~/.mcp-watchdog`; what is empty was not given */
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
    logs,
    watchdogLog: join(logs, 'watchdog.log'),
    alertsLog: join(logs, 'alerts.log'),
    serverLogs: join(logs, 'servers'),
    journal: join(root, 'journal', 'events.jsonl'),
    servers: join(root, 'servers'),
    backups: join(root, 'backups'),
  };
}

/** The home folder of the user, absolute; an empty or relative `HOME` would be wherever somebody happens to be. */
export function userHome(): string {
  const home = homedir();
  return isAbsolute(home) ? home : userInfo().homedir;
}
