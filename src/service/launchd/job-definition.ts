// Job definition of the launchd agent: every key that we set, and why.
import { join } from 'node:path';
import type { ServicePlan } from '../shared/service-manager.ts';
import type { PlistDictionary } from './plist.ts';

export const DEFAULT_LABEL = 'com.mcp.daemon';

/** Seconds between SIGTERM and SIGKILL. */
export const EXIT_TIMEOUT = 30;

/** Returns the file that launchd opens for stdout and stderr: it holds what is printed before, or instead of, our own log. */
export function launchdLogPath(home: string): string {
  return join(home, 'logs', 'launchd.log');
}

export function defineLaunchdJob({ node, program, home, path, userHome }: ServicePlan, label: string) {
  const output = launchdLogPath(home);
  return {
    Label: label,
    // Absolute: launchd searches bare names in /usr/bin:/bin:/usr/sbin:/sbin only, where there is no node.
    ProgramArguments: [node, program, 'run', '--home', home],
    RunAtLoad: true,
    // Restarts after a crash or a signal. Exit code 0 means stay down: `true` would restart us in a loop while
    // another daemon holds the home.
    KeepAlive: { SuccessfulExit: false },
    // The default, written out: seconds from one start to the next.
    ThrottleInterval: 10,
    // The system default may be 5 s, too short to stop servers in order; 0 means no limit and could block a shutdown.
    ExitTimeOut: EXIT_TIMEOUT,
    // Any other type throttles CPU and disk, of every server too: late responses would look like hanging servers.
    ProcessType: 'Interactive',
    // Aqua alone would not start over SSH.
    LimitLoadToSessionType: ['Aqua', 'Background'],
    // The default is `/`; macOS never asks for permission for the home folder of the user.
    WorkingDirectory: userHome,
    // 077 octal: property lists hold decimal integers only.
    Umask: 63,
    // A dozen servers use up the default of 256. Soft limit only, children inherit it.
    SoftResourceLimits: { NumberOfFiles: 8192 },
    // No secrets: the file is readable by everybody, and has to be.
    EnvironmentVariables: {
      PATH: path.join(':'),
      HOME: userHome,
      LANG: 'en_US.UTF-8',
      MCP_WATCHDOG_HOME: home,
      MCP_WATCHDOG_SERVICE: 'launchd',
    },
    StandardOutPath: output,
    StandardErrorPath: output,
  } satisfies PlistDictionary;
}
