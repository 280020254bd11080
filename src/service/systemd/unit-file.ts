// What the unit file says. Why each line is there stands in systemd/README.md.
import type { ServicePlan } from '../shared/service-manager.ts';

/** Without a sign of life for so long, systemd ends and restarts the daemon. */
const WATCHDOG_SECONDS = 60;

/** What is in capitals is filled in; `systemd/` shows it filled in. */
const UNIT = `# Written by mcp-watchdog install, which overwrites it. What is to stay goes into a drop-in:
# systemctl --user edit UNIT_NAME
[Unit]
Description=MCP watchdog: keeps MCP servers alive
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
ExecStart=EXEC_START
ExecReload=EXEC_RELOAD
Environment=ENVIRONMENT_PATH
Environment=ENVIRONMENT_HOME
Environment=MCP_WATCHDOG_SERVICE=systemd
WatchdogSec=${WATCHDOG_SECONDS}
WatchdogSignal=SIGKILL
Restart=on-failure
RestartSec=5
SuccessExitStatus=143
RestartForceExitStatus=143
KillMode=mixed
TimeoutStartSec=90
TimeoutStopSec=120
OOMPolicy=continue
UMask=0077
LimitNOFILE=8192:524288
NoNewPrivileges=yes

[Install]
WantedBy=default.target
`;

/** @param unit its file name */
export function renderUnit(plan: ServicePlan, unit: string): string {
  const { node, program, home, path } = plan;
  const values: Readonly<Record<string, string>> = {
    UNIT_NAME: unit,
    EXEC_START: commandLine([node, program, 'run']),
    EXEC_RELOAD: commandLine([node, program, 'reload']),
    ENVIRONMENT_PATH: quote(`PATH=${path.join(':')}`),
    ENVIRONMENT_HOME: quote(`MCP_WATCHDOG_HOME=${home}`),
  };
  // By function: a `$&` in a path is no pattern of ours.
  return UNIT.replaceAll(
    /UNIT_NAME|EXEC_START|EXEC_RELOAD|ENVIRONMENT_PATH|ENVIRONMENT_HOME/gu,
    (name) => values[name] ?? name,
  );
}

/** As systemd reads it (systemd.service(5), "Command lines"): its own quotes, `%` and `$`; there is no shell. */
export function commandLine(argv: readonly [string, ...string[]]): string {
  const [program, ...args] = NEVER_A_PROGRAM.test(argv[0]) ? ['/usr/bin/env', ...argv] : argv;
  // Variables are put into arguments only, so a `$` in the path of the program stands for itself.
  return [quote(program ?? ''), ...args.map((arg) => quote(arg).replaceAll('$', '$$$$'))].join(' ');
}

/** What systemd refuses in the path of a program, however it is quoted; `env` takes it as an argument. */
const NEVER_A_PROGRAM = /["'\\\p{Cc}]/u;

/** One word of a unit file. A plain one stays as it is, for those who read it. */
export function quote(word: string): string {
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('%', '%%')
    // A line break would end the setting.
    .replaceAll(/\p{Cc}/gu, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return /^[\w./:=@%+-]+$/u.test(escaped) ? escaped : `"${escaped}"`;
}
