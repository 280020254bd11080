// What a deployment does before it can look at the servers: a config, a service, a daemon. Each may be there already.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { loadConfig } from '../../config/load.ts';
import { isUnchanged } from '../../core/model/config-diff.ts';
import type { DaemonStatus } from '../../core/model/status.ts';
import { hasServiceManager } from '../../service/select-manager.ts';
import { findDaemon, startInBackground, waitUntilStarted } from '../daemon/daemon-process.ts';
import type { CommandContext } from '../shared/command.ts';
import { createFirstConfig } from '../shared/first-config.ts';
import { importFirstConfig } from './init.ts';
import { installService } from './install.ts';
import { readVersion } from '../shared/own-package.ts';
import { type Host, installedService, planServiceFor, serviceOf } from '../shared/service.ts';
import { startService } from '../daemon/service-control.ts';
import { viewOptions } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';

interface Done {
  readonly detail: string;
  /** Lines for people below it. */
  readonly more?: readonly string[];
}

/** @throws WatchdogError CONFIG_…, HOME_UNUSABLE, USAGE for a client that nobody knows */
export async function ensureConfig(context: CommandContext): Promise<Done> {
  const { paths, io } = context;
  const made = existsSync(paths.config) ? await keptConfig(context) : await firstConfig(context);
  // What is wrong with it is told here, not by a daemon that does not come up.
  const { servers } = loadConfig(paths.config, io.env);
  const count = servers.filter(({ enabled }) => enabled).length;
  return {
    ...made,
    detail: `${made.detail}, ${count} ${count === 1 ? 'server' : 'servers'} to be kept alive`,
  };
}

function keptConfig({ paths, flags }: CommandContext): Promise<Done> {
  const ignored =
    flags.from === undefined ? '' : ' (nothing was imported: mcp-watchdog init --from shows what could be)';
  return Promise.resolve({ detail: `${paths.config} is there already${ignored}` });
}

async function firstConfig(context: CommandContext): Promise<Done> {
  const { paths, flags } = context;
  if (flags.from === undefined) {
    createFirstConfig(paths);
    return { detail: `wrote ${paths.config}` };
  }
  const { found, isWritten } = await importFirstConfig(context, flags.from);
  if (!isWritten) {
    createFirstConfig(paths);
    return { detail: `wrote an example to ${paths.config}, as ${flags.from.join(', ')} starts nothing` };
  }
  const { importReport } = await import('./import-report.ts');
  const home = context.io.env['HOME'] ?? homedir();
  const more = importReport(found, { ...viewOptions(context), config: paths.config, home, isWritten });
  return { detail: `wrote ${paths.config} from ${flags.from.join(', ')}`, more: [...more, ''] };
}

/** Every server of the config that is used, whether it is to run or not. */
export function configuredNames({ paths, io }: CommandContext): string[] {
  return loadConfig(paths.config, io.env).servers.map(({ name }) => name);
}

/** Where systemd has booted, and nowhere else: sd_booted(3). */
const SYSTEMD = '/run/systemd/system';

/** @throws WatchdogError SERVICE_FAILED */
export async function ensureService(context: CommandContext, host: Host): Promise<Done> {
  const { flags, io } = context;
  if (flags.service === false) return { detail: 'not wanted: it does not start at login' };
  const isThere =
    hasServiceManager(host.platform) && (host.platform !== 'linux' || host.machine.isFolder(SYSTEMD));
  if (!isThere)
    return { detail: 'this system has no service manager that is known: it does not start at login' };
  const service = serviceOf(context, host);
  const planned = planServiceFor(context, host);
  const { outcome, ended } = await installService(context, { service, planned, host });
  for (const warning of planned.warnings) io.err.write(`warning: the service ${warning}\n`);
  const replaced = ended === null ? '' : `, in place of the daemon with pid ${ended}`;
  const did = outcome === 'installed' ? 'installed' : 'is there already';
  return { detail: `${service.file} (${service.kind}) ${did}${replaced}: it starts at every login` };
}

/** @throws WatchdogError SERVICE_FAILED, CONTROL_FAILED, CONFIG_… */
export async function ensureDaemon(context: CommandContext, host: Host): Promise<Done> {
  const { paths, flags, io } = context;
  // Who wants no service gets a daemon of this session, also where one was installed before.
  const service = flags.service === false ? null : installedService(context, host);
  const running = await findDaemon(paths, io.clock);
  if (running !== null)
    return await refreshed(
      context,
      await waitUntilStarted(paths, io.clock, service?.logHint ?? 'mcp-watchdog logs'),
    );
  const { pid } =
    service === null ? await startInBackground(paths, io) : await startService(context, service);
  return { detail: `the daemon runs${service === null ? ' in the background' : ''}, pid ${pid}` };
}

/** What it has not seen yet of the config, it sees now. */
async function refreshed(
  context: CommandContext,
  { pid, version }: Pick<DaemonStatus, 'pid' | 'version'>,
): Promise<Done> {
  const report = await withDaemon(context, (daemon) => daemon.request('reload', {}, { timeout: 300_000 }));
  const took = isUnchanged(report) ? '' : ', and took the config over';
  const old =
    version === readVersion()
      ? ''
      : `; it is of release ${version}: mcp-watchdog restart brings ${readVersion()}`;
  return { detail: `the daemon runs, pid ${pid}${took}${old}` };
}
