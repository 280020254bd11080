// `systemd --user` as service manager: one unit file, and the systemctl calls in order.
import { existsSync, realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { readServiceFile, removeServiceFile, stageServiceFile } from '../shared/service-file.ts';
import type { InstallOptions, ServiceManager, ServicePlan, ServiceState } from '../shared/service-manager.ts';
import type { ServiceOptions } from '../shared/service-options.ts';
import { createSystemctl, type Systemctl } from './systemctl.ts';
import {
  parseProperties,
  type UnitProperties,
  SHOW_PROPERTIES,
  toServiceState,
  failureReason,
} from './unit-state.ts';
import { renderUnit } from './unit-file.ts';

const DEFAULT_NAME = 'mcp-watchdog';

/** Valid unit names; excludes everything that could act as an argument or a path. */
const NAME = /^[A-Za-z0-9][\w.@-]*$/u;

interface SystemdService {
  /** File name of the unit. */
  readonly unit: string;
  readonly file: string;
  readonly systemctl: Systemctl;
  readonly options: ServiceOptions;
}

/** Creates the systemd manager. @throws WatchdogError SERVICE_FAILED for a label that cannot name a unit */
export function createSystemd(options: ServiceOptions): ServiceManager {
  const unit = unitName(options.label);
  const file = join(unitFolder(options), unit);
  const systemctl = createSystemctl(unit, options);
  const service: SystemdService = { unit, file, systemctl, options };
  return {
    kind: 'systemd',
    file,
    logHint: `journalctl --user -u ${unit}`,
    render: (plan) => renderUnit(plan, unit),
    read: () => readServiceFile(file),
    install: (plan, options = {}) => install(service, plan, options),
    uninstall: () => uninstall(service),
    start: () => bringUp(service, 'start'),
    restart: () => bringUp(service, 'restart'),
    stop: async () => void (await systemctl.run('stop the service', 'stop', unit)),
    state: () => readState(service),
  };
}

async function install(
  service: SystemdService,
  plan: ServicePlan,
  { force = false, beforeChange: makeWay }: InstallOptions,
): Promise<'installed' | 'unchanged'> {
  const { unit, file, systemctl, options } = service;
  requireNotify(options.env);
  requireUnmasked(file, unit);
  const text = renderUnit(plan, unit);
  const isSame = !force && readServiceFile(file) === text;
  // Before anything is written: where systemd cannot be reached, nothing is left behind.
  const shown = parseProperties(await systemctl.run('install the service', 'show', unit, SHOW_PROPERTIES));
  const { isEnabled, pid } = toServiceState(shown, { isInstalled: isSame, lingers: null });
  await makeWay?.();
  if (isSame && isEnabled && pid !== null) return 'unchanged';
  stageServiceFile(file, text).commit();
  await systemctl.run('read the unit file', 'daemon-reload');
  await systemctl.run('make the service start at login', 'enable', unit);
  // A running service is restarted when its unit has changed.
  await bringUp(service, isSame ? 'start' : 'restart');
  return 'installed';
}

async function uninstall(service: SystemdService): Promise<boolean> {
  const { unit, file, systemctl } = service;
  const exists = existsSync(file);
  if (!exists && !(await readState(service)).isLoaded) return false;
  await systemctl.run('stop the service', 'stop', unit);
  // Without the file there is nothing to disable.
  if (exists) await systemctl.run('keep the service from starting at login', 'disable', unit);
  removeServiceFile(file);
  await systemctl.run('forget the unit file', 'daemon-reload');
  await systemctl.ask('reset-failed', unit);
  return true;
}

/** Starts or restarts it; systemctl returns once the daemon reports READY or has ended. */
async function bringUp(service: SystemdService, verb: 'start' | 'restart'): Promise<void> {
  const { unit, systemctl } = service;
  // Clears the start limit: an explicit start must not fail because of earlier failures.
  await systemctl.ask('reset-failed', unit);
  try {
    await systemctl.run(`${verb} the service`, verb, unit);
  } catch (error) {
    throw (await explainFailure(verb, service)) ?? error;
  }
}

/** Explains why the daemon ended; null when it was never started, and systemctl's own message is all there is. */
async function explainFailure(
  verb: string,
  { unit, systemctl }: SystemdService,
): Promise<WatchdogError | null> {
  const { code, stdout } = await systemctl.ask('show', unit, SHOW_PROPERTIES);
  const reason = code === 0 ? failureReason(parseProperties(stdout)) : null;
  if (reason === null) return null;
  const lines = await systemctl.lastOutput();
  const error = lines.findLast((line) => line.startsWith('error: '))?.slice('error: '.length);
  const cure = lines.findLast((line) => line.startsWith('hint: '))?.slice('hint: '.length);
  const said = error ?? lines.at(-1);
  return new WatchdogError(
    'SERVICE_FAILED',
    `Cannot ${verb} the service: ${reason}${said === undefined ? '' : `: ${said}`}`,
    {
      hint: `${cure === undefined ? '' : `${cure}. `}systemd keeps retrying; see journalctl --user -u ${unit}`,
    },
  );
}

async function readState({ unit, file, systemctl, options }: SystemdService): Promise<ServiceState> {
  const isInstalled = existsSync(file);
  const { code, stdout } = await systemctl.ask('show', unit, SHOW_PROPERTIES);
  if (code === 0) return toServiceState(parseProperties(stdout), { isInstalled, lingers: lingers(options) });
  // Where it was never installed, a missing systemd is not an error.
  if (!isInstalled) return toServiceState(NO_PROPERTIES, { isInstalled, lingers: null });
  const again = await systemctl.run('ask for the service', 'show', unit, SHOW_PROPERTIES);
  return toServiceState(parseProperties(again), { isInstalled, lingers: null });
}

const NO_PROPERTIES: UnitProperties = {};

function unitName(label: string | null): string {
  const name = (label ?? DEFAULT_NAME).replace(/\.service$/u, '');
  if (NAME.test(name)) return `${name}.service`;
  throw new WatchdogError(
    'SERVICE_FAILED',
    `Cannot name the service "${name}": it is not a valid unit name`,
    {
      hint: 'Use letters, digits, dots, dashes and underscores',
    },
  );
}

function unitFolder({ env, userHome }: ServiceOptions): string {
  const config = env['XDG_CONFIG_HOME'];
  // The XDG specification says to ignore a relative path.
  const isUsable = config !== undefined && config.startsWith('/');
  return join(isUsable ? config : join(userHome, '.config'), 'systemd', 'user');
}

/** Without systemd-notify, systemd would wait for READY, give up and start again. */
function requireNotify(env: ServiceOptions['env']): void {
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/bin', '/bin'];
  if (folders.some((folder) => existsSync(join(folder, 'systemd-notify')))) return;
  throw new WatchdogError(
    'SERVICE_FAILED',
    'Cannot install the service: systemd-notify, which sends readiness and watchdog signals, is not on the PATH',
    { hint: 'Install the rest of systemd, or run it in the background: mcp-watchdog start' },
  );
}

/** A masked unit is meant never to run; writing the file would silently undo that. */
function requireUnmasked(file: string, unit: string): void {
  if (!existsSync(file) || realpathSync(file) !== '/dev/null') return;
  throw new WatchdogError('SERVICE_FAILED', 'Cannot install the service: the unit is masked', {
    hint: `Allow it again: systemctl --user unmask ${unit}`,
  });
}

/** True when it outlives the user's last session; null when unknown. */
function lingers({ uid }: ServiceOptions): boolean | null {
  try {
    const user = userInfo();
    return user.uid === uid ? existsSync(join('/var/lib/systemd/linger', user.username)) : null;
  } catch {
    // A user without a name, as in some containers.
    return null;
  }
}
