// Text of the unit file; systemd/README.md gives the reason for each line.
import type { ServicePlan } from '../shared/service-manager.ts';

/** Seconds without a watchdog signal after which systemd kills and restarts the daemon. */
const WATCHDOG_SECONDS = 60;

/** Template; words in capitals are placeholders. `systemd/` holds a rendered example. */
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

/** Renders the unit file; `unit` is its file name. */
export function renderUnit(plan: ServicePlan, unit: string): string {
  const { node, program, home, path } = plan;
  const values: Readonly<Record<string, string>> = {
    UNIT_NAME: unit,
    EXEC_START: commandLine([node, program, 'run']),
    EXEC_RELOAD: commandLine([node, program, 'reload']),
    ENVIRONMENT_PATH: quote(`PATH=${path.join(':')}`),
    ENVIRONMENT_HOME: quote(`MCP_WATCHDOG_HOME=${home}`),
  };
  // With a function: a `$&` in a path must not act as a replacement pattern.
  return UNIT.replaceAll(
    /UNIT_NAME|EXEC_START|EXEC_RELOAD|ENVIRONMENT_PATH|ENVIRONMENT_HOME/gu,
    (name) => values[name] ?? name,
  );
}

/** Quotes a command for systemd.service(5), "Command lines": its own quotes, `%` and `$`; there is no shell. */
export function commandLine(argv: readonly [string, ...string[]]): string {
  const [program, ...args] = INVALID_PROGRAM.test(argv[0]) ? ['/usr/bin/env', ...argv] : argv;
  // systemd expands variables in arguments only, so a `$` in the program path stands for itself.
  return [quote(program ?? ''), ...args.map((arg) => quote(arg).replaceAll('$', '$$$$'))].join(' ');
}

/** Characters that systemd refuses in a program path, quoted or not; `env` accepts it as an argument. */
const INVALID_PROGRAM = /["'\\\p{Cc}]/u;

/** Quotes one word of a unit file; a plain word stays as it is, to keep the file readable. */
export function quote(word: string): string {
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('%', '%%')
    // A line break would end the setting.
    .replaceAll(/\p{Cc}/gu, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return /^[\w./:=@%+-]+$/u.test(escaped) ? escaped : `"${escaped}"`;
}
