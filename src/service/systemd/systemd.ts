// How the daemon is a service of `systemd --user`: one unit file, and the order of commands that it takes.
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

/** Names that systemd takes, and that no argument or path can be hidden in. */
const NAME = /^[A-Za-z0-9][\w.@-]*$/u;

interface Job {
  /** File name of the unit. */
  readonly unit: string;
  readonly file: string;
  readonly systemctl: Systemctl;
  readonly options: ServiceOptions;
}

/** @throws WatchdogError SERVICE_FAILED when the label cannot be the name of a unit */
export function createSystemd(options: ServiceOptions): ServiceManager {
  const unit = unitName(options.label);
  const file = join(unitFolder(options), unit);
  const systemctl = createSystemctl(unit, options);
  const job: Job = { unit, file, systemctl, options };
  return {
    kind: 'systemd',
    file,
    logHint: `journalctl --user -u ${unit}`,
    render: (plan) => renderUnit(plan, unit),
    read: () => readServiceFile(file),
    install: (plan, options = {}) => install(job, plan, options),
    uninstall: () => uninstall(job),
    start: () => bringUp(job, 'start'),
    restart: () => bringUp(job, 'restart'),
    stop: async () => void (await systemctl.run('stop the service', 'stop', unit)),
    state: () => readState(job),
  };
}

async function install(
  job: Job,
  plan: ServicePlan,
  { force = false, beforeChange: makeWay }: InstallOptions,
): Promise<'installed' | 'unchanged'> {
  const { unit, file, systemctl, options } = job;
  needNotify(options.env);
  refuseMask(file, unit);
  const text = renderUnit(plan, unit);
  const isSame = !force && readServiceFile(file) === text;
  // Asked before anything is written: where systemd cannot be reached nothing is left behind.
  const shown = parseProperties(await systemctl.run('install the service', 'show', unit, SHOW_PROPERTIES));
  const { isEnabled, pid } = toServiceState(shown, { isInstalled: isSame, lingers: null });
  await makeWay?.();
  if (isSame && isEnabled && pid !== null) return 'unchanged';
  stageServiceFile(file, text).commit();
  await systemctl.run('read the unit file', 'daemon-reload');
  await systemctl.run('make the service start at login', 'enable', unit);
  // One that runs is replaced when its unit is another now.
  await bringUp(job, isSame ? 'start' : 'restart');
  return 'installed';
}

async function uninstall(job: Job): Promise<boolean> {
  const { unit, file, systemctl } = job;
  const isThere = existsSync(file);
  if (!isThere && !(await readState(job)).isLoaded) return false;
  await systemctl.run('stop the service', 'stop', unit);
  // Without the file there is nothing to disable.
  if (isThere) await systemctl.run('keep the service from starting at login', 'disable', unit);
  removeServiceFile(file);
  await systemctl.run('forget the unit file', 'daemon-reload');
  await systemctl.ask('reset-failed', unit);
  return true;
}

/** Waits for READY: systemctl returns when the daemon has taken its config over, or has ended. */
async function bringUp(job: Job, verb: 'start' | 'restart'): Promise<void> {
  const { unit, systemctl } = job;
  // Nobody who asks for it now is to be told that it failed too often before.
  await systemctl.ask('reset-failed', unit);
  try {
    await systemctl.run(`${verb} the service`, verb, unit);
  } catch (error) {
    throw (await explainFailure(verb, job)) ?? error;
  }
}

/** What became of the daemon; null when it never came to that, and what systemctl said is all. */
async function explainFailure(verb: string, { unit, systemctl }: Job): Promise<WatchdogError | null> {
  const { code, stdout } = await systemctl.ask('show', unit, SHOW_PROPERTIES);
  const why = code === 0 ? failureReason(parseProperties(stdout)) : null;
  if (why === null) return null;
  const words = await systemctl.lastOutput();
  const error = words.findLast((line) => line.startsWith('error: '))?.slice('error: '.length);
  const cure = words.findLast((line) => line.startsWith('hint: '))?.slice('hint: '.length);
  const said = error ?? words.at(-1);
  return new WatchdogError(
    'SERVICE_FAILED',
    `Cannot ${verb} the service: ${why}${said === undefined ? '' : `: ${said}`}`,
    {
      hint: `${cure === undefined ? '' : `${cure}. `}systemd goes on trying; see journalctl --user -u ${unit}`,
    },
  );
}

async function readState({ unit, file, systemctl, options }: Job): Promise<ServiceState> {
  const isInstalled = existsSync(file);
  const { code, stdout } = await systemctl.ask('show', unit, SHOW_PROPERTIES);
  if (code === 0) return toServiceState(parseProperties(stdout), { isInstalled, lingers: lingers(options) });
  // Where it was never installed there may be no systemd, and that is no fault.
  if (!isInstalled) return toServiceState(NOTHING_SHOWN, { isInstalled, lingers: null });
  const again = await systemctl.run('ask for the service', 'show', unit, SHOW_PROPERTIES);
  return toServiceState(parseProperties(again), { isInstalled, lingers: null });
}

const NOTHING_SHOWN: UnitProperties = {};

function unitName(label: string | null): string {
  const name = (label ?? DEFAULT_NAME).replace(/\.service$/u, '');
  if (NAME.test(name)) return `${name}.service`;
  throw new WatchdogError('SERVICE_FAILED', `Cannot name the service "${name}": systemd takes no such name`, {
    hint: 'Use letters, digits, dots, dashes and underscores',
  });
}

function unitFolder({ env, userHome }: ServiceOptions): string {
  const config = env['XDG_CONFIG_HOME'];
  // By its specification a relative one is to be ignored.
  const isUsable = config !== undefined && config.startsWith('/');
  return join(isUsable ? config : join(userHome, '.config'), 'systemd', 'user');
}

/** Without it systemd would wait for READY, give up, and start all over again. */
function needNotify(env: ServiceOptions['env']): void {
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/bin', '/bin'];
  if (folders.some((folder) => existsSync(join(folder, 'systemd-notify')))) return;
  throw new WatchdogError(
    'SERVICE_FAILED',
    'Cannot install the service: systemd-notify, by which it tells systemd that it lives, is not on the PATH',
    { hint: 'Install the rest of systemd, or run it in the background: mcp-watchdog start' },
  );
}

/** Masked means that somebody wants it never to run; writing the file would undo that without a word. */
function refuseMask(file: string, unit: string): void {
  if (!existsSync(file) || realpathSync(file) !== '/dev/null') return;
  throw new WatchdogError('SERVICE_FAILED', 'Cannot install the service: the unit is masked', {
    hint: `Allow it again: systemctl --user unmask ${unit}`,
  });
}

/** Whether it outlives the last session; null when that cannot be told. */
function lingers({ uid }: ServiceOptions): boolean | null {
  try {
    const user = userInfo();
    return user.uid === uid ? existsSync(join('/var/lib/systemd/linger', user.username)) : null;
  } catch {
    // A user without a name, as in some containers.
    return null;
  }
}
