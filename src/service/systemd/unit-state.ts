// State of the unit, read from `systemctl show`.
import type { ServiceState } from '../shared/service-manager.ts';

/** Properties by name; systemd prints every property it was asked for, some of them empty. */
export type UnitProperties = Readonly<Record<string, string>>;

/** Argument of `systemctl show` that selects every property read here. */
export const SHOW_PROPERTIES =
  '--property=LoadState,ActiveState,SubState,UnitFileState,MainPID,Result,StatusText,ExecMainStatus,NeedDaemonReload';

export function parseProperties(output: string): UnitProperties {
  const lines = output.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** Converts unit properties; `lingers` says whether the unit outlives the user's last session, null when unknown. */
export function toServiceState(
  shown: UnitProperties,
  { isInstalled, lingers }: { isInstalled: boolean; lingers: boolean | null },
): ServiceState {
  const pid = Number(shown['MainPID'] ?? 0);
  const remarks = [
    activity(shown),
    shown['NeedDaemonReload'] === 'yes' ? 'its file changed: systemctl --user daemon-reload' : null,
    lingers === false ? 'ends with your last session unless you run: loginctl enable-linger' : null,
  ];
  return {
    isInstalled,
    isLoaded: shown['LoadState'] === 'loaded',
    isEnabled: (shown['UnitFileState'] ?? '').startsWith('enabled'),
    pid: pid > 0 ? pid : null,
    detail: isInstalled ? remarks.filter((remark) => remark !== null).join('; ') : null,
  };
}

/** `active (running): 3 of 4 healthy`, `failed: exit code 73`. */
function activity(shown: UnitProperties): string {
  const {
    ActiveState: active = 'unknown',
    SubState: sub = '',
    LoadState: load,
    StatusText: text = '',
  } = shown;
  if (load === 'masked') return 'masked';
  const reason = active === 'active' ? null : failureReason(shown);
  const more = reason ?? text;
  return `${active} (${sub})${more === '' ? '' : `: ${more}`}`;
}

/** Says why the last run failed; null when it did not. */
export function failureReason(shown: UnitProperties): string | null {
  const { Result: result = 'success', ExecMainStatus: status = '?' } = shown;
  return result === 'success' ? null : (RESULTS[result]?.(status) ?? `it ended with result ${result}`);
}

/** Reasons by the names that systemd.exec(5) lists for $SERVICE_RESULT. */
const RESULTS: Readonly<Record<string, (status: string) => string>> = {
  'exit-code': (status) => `it ended with exit code ${status}${EXIT_CODES[status] ?? ''}`,
  signal: (status) => `it was ended by signal ${status}`,
  'core-dump': (status) => `it was ended by signal ${status}, with a core dump`,
  timeout: () => 'it was not ready, or not down, in time',
  watchdog: () => 'it sent no watchdog signal in time',
  'oom-kill': () => 'the system ran out of memory and killed it',
  'start-limit-hit': () => 'it was started too often',
  resources: () => 'the system lacked the resources to start it',
  protocol: () => 'it ended before it reported ready',
};

/** Meaning of some exit codes: ours, and those of systemd.exec(5). */
const EXIT_CODES: Readonly<Record<string, string>> = {
  '73': ' (the home cannot be used)',
  '200': ' (its working directory is missing)',
  '203': ' (node was moved or removed: run mcp-watchdog install again)',
};
