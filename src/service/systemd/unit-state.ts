// What `systemctl show` says of the unit, in our words.
import type { ServiceState } from '../shared/service-manager.ts';

/** Properties by name; systemd leaves none of those out that it was asked for, but leaves some empty. */
export type UnitProperties = Readonly<Record<string, string>>;

/** The argument of `systemctl show` that asks for all that is read here. */
export const SHOW_PROPERTIES =
  '--property=LoadState,ActiveState,SubState,UnitFileState,MainPID,Result,StatusText,ExecMainStatus,NeedDaemonReload';

export function parseProperties(output: string): UnitProperties {
  const lines = output.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** @param lingers whether it outlives the last session of the user; null when that is not known */
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

/** `active (running): 3 of 4 healthy`, `failed: exit code 78`. */
function activity(shown: UnitProperties): string {
  const {
    ActiveState: active = 'unknown',
    SubState: sub = '',
    LoadState: load,
    StatusText: text = '',
  } = shown;
  if (load === 'masked') return 'masked';
  const why = active === 'active' ? null : failureReason(shown);
  const more = why ?? text;
  return `${active} (${sub})${more === '' ? '' : `: ${more}`}`;
}

/** What ended it last; null when nothing did. */
export function failureReason(shown: UnitProperties): string | null {
  const { Result: result = 'success', ExecMainStatus: status = '?' } = shown;
  return result === 'success' ? null : (RESULTS[result]?.(status) ?? `it ended with result ${result}`);
}

/** By the names that systemd.exec(5) gives them for $SERVICE_RESULT. */
const RESULTS: Readonly<Record<string, (status: string) => string>> = {
  'exit-code': (status) => `it ended with exit code ${status}${EXIT_CODES[status] ?? ''}`,
  signal: (status) => `it was ended by signal ${status}`,
  'core-dump': (status) => `it was ended by signal ${status}, with a core dump`,
  timeout: () => 'it was not ready, or not down, in time',
  watchdog: () => 'it gave no sign of life in time',
  'oom-kill': () => 'the system ran out of memory and ended it',
  'start-limit-hit': () => 'it was started too often',
  resources: () => 'the system lacked what it takes to start it',
  protocol: () => 'it ended without having said that it was ready',
};

/** What systemd itself, systemd.exec(5), and we mean by some. */
const EXIT_CODES: Readonly<Record<string, string>> = {
  '78': ' (the home cannot be used)',
  '200': ' (its working folder is missing)',
  '203': ' (node is not where it was: run mcp-watchdog install again)',
};
