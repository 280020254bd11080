// What launchd is told about the daemon: every key that we set, and why.
import { join } from 'node:path';
import type { ServicePlan } from '../shared/service-manager.ts';
import type { PlistDictionary } from './plist.ts';

export const DEFAULT_LABEL = 'com.mcp.daemon';

/** Seconds between SIGTERM and SIGKILL. */
export const EXIT_TIMEOUT = 30;

/** What launchd opens for the daemon's output: only what is printed before, or instead of, its own log. */
export function launchdLogPath(home: string): string {
  return join(home, 'logs', 'launchd.log');
}

export function defineLaunchdJob({ node, program, home, path, userHome }: ServicePlan, label: string) {
  const output = launchdLogPath(home);
  return {
    Label: label,
    // Absolute: launchd searches a bare name in /usr/bin:/bin:/usr/sbin:/sbin only, where no node is.
    ProgramArguments: [node, program, 'run', '--home', home],
    RunAtLoad: true,
    // Up again after a crash and after a signal. Exit code 0 is a wish to stay down: `true` would start us in a
    // loop while another daemon holds the home.
    KeepAlive: { SuccessfulExit: false },
    // The default, spelled out: seconds from one start to the next.
    ThrottleInterval: 10,
    // The system's own may be as short as 5, too short to stop servers in order; 0 would hold up a shutdown.
    ExitTimeOut: EXIT_TIMEOUT,
    // Anything else throttles processor and disk, for every server too: late answers would pass for hanging servers.
    ProcessType: 'Interactive',
    // Aqua alone would keep us from being started over SSH.
    LimitLoadToSessionType: ['Aqua', 'Background'],
    // The default is `/`; the home folder of the user is never behind a privacy question.
    WorkingDirectory: userHome,
    // 077 in decimal: a property list knows no other.
    Umask: 63,
    // The default of 256 is used up by a dozen servers. Soft only, children inherit it.
    SoftResourceLimits: { NumberOfFiles: 8192 },
    // Nothing secret: everybody may read the file, and must be able to.
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
