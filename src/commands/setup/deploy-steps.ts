// Steps of a deployment before the servers are verified: config, service and daemon, each of which may exist already.
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
import { programNames } from '../shared/programs.ts';
import { type Host, installedService, planServiceFor, serviceOf } from '../shared/service.ts';
import { startService } from '../daemon/service-control.ts';
import { viewOptions } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';

/** Result of a step. */
export interface StepResult {
  readonly detail: string;
  /** False when the step failed; left out: true. */
  readonly ok?: boolean;
  /** Lines printed below it. */
  readonly more?: readonly string[];
}

/** Writes a config where there is none, and checks it. @throws WatchdogError CONFIG_…, HOME_UNUSABLE, USAGE for an unknown client */
export async function ensureConfig(context: CommandContext): Promise<StepResult> {
  const { paths, io } = context;
  const made = existsSync(paths.config) ? await keptConfig(context) : await firstConfig(context);
  // Checked here, so that a mistake is not first reported by a daemon that does not come up.
  const { servers } = loadConfig(paths.config, io.env);
  const count = servers.filter(({ enabled }) => enabled).length;
  return {
    ...made,
    detail: `${made.detail}, ${count} ${count === 1 ? 'server' : 'servers'} to supervise`,
  };
}

/** Makes the clients use our servers. @throws WatchdogError USAGE, CONFIG_…, BACKUP_FAILED */
export async function ensureClients(context: CommandContext): Promise<StepResult> {
  const { rewriteClients } = await import('../clients/rewrite-clients.ts');
  const from = context.flags.from ?? [];
  const { changed, left } = await rewriteClients(context, from);
  const rest = left.length === 0 ? '' : `, ${left.length} left as they are`;
  const did = changed.length === 0 ? 'nothing changed in' : `${changed.length} of their entries changed in`;
  return { detail: `${did} ${from.join(', ')}${rest}` };
}

function keptConfig({ paths, flags }: CommandContext): Promise<StepResult> {
  const ignored =
    flags.from === undefined ? '' : ' (nothing was imported: mcp-watchdog init --from shows what could be)';
  return Promise.resolve({ detail: `${paths.config} is there already${ignored}` });
}

async function firstConfig(context: CommandContext): Promise<StepResult> {
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

/** Lists every server of the config, whether it is to run or not. */
export function configuredNames({ paths, io }: CommandContext): string[] {
  return loadConfig(paths.config, io.env).servers.map(({ name }) => name);
}

/** Returns the longest `start.timeout` of the config, ms. */
export function slowestStart({ paths, io }: CommandContext): number {
  return Math.max(0, ...loadConfig(paths.config, io.env).servers.map(({ start }) => start.timeout));
}

/** Folder that exists only where systemd has booted: sd_booted(3). */
const SYSTEMD = '/run/systemd/system';

/** Installs the service, unless it is unwanted or not possible here. @throws WatchdogError SERVICE_FAILED */
export async function ensureService(context: CommandContext, host: Host): Promise<StepResult> {
  const { flags, io } = context;
  if (flags.service === false)
    return { detail: 'skipped (--no-service): the daemon does not start at login' };
  const isThere =
    hasServiceManager(host.platform) && (host.platform !== 'linux' || host.machine.isFolder(SYSTEMD));
  if (!isThere) return { detail: 'no supported service manager here: the daemon does not start at login' };
  const service = serviceOf(context, host);
  const planned = planServiceFor(context, host, programNames(context));
  const { outcome, ended } = await installService(context, { service, planned, host });
  if (flags.json !== true)
    for (const warning of planned.warnings) io.err.write(`warning: the service ${warning}\n`);
  const replaced = ended === null ? '' : `, in place of the daemon with pid ${ended}`;
  const did = outcome === 'installed' ? 'installed' : 'is there already';
  return { detail: `${service.file} (${service.kind}) ${did}${replaced}: it starts at every login` };
}

/** Starts the daemon, or makes the running one load the config. @throws WatchdogError SERVICE_FAILED, CONTROL_FAILED, CONFIG_… */
export async function ensureDaemon(context: CommandContext, host: Host): Promise<StepResult> {
  const { paths, flags, io } = context;
  // With --no-service the daemon runs in this session, even where a service is installed.
  const service = flags.service === false ? null : installedService(context, host);
  const running = await findDaemon(paths, io.clock);
  if (running !== null)
    return await reloaded(
      context,
      await waitUntilStarted(paths, io.clock, service?.logHint ?? 'mcp-watchdog logs'),
    );
  const { pid } =
    service === null ? await startInBackground(paths, io) : await startService(context, service);
  return { detail: `the daemon runs${service === null ? ' in the background' : ''}, pid ${pid}` };
}

/** Makes the running daemon load the config now. */
async function reloaded(
  context: CommandContext,
  { pid, version }: Pick<DaemonStatus, 'pid' | 'version'>,
): Promise<StepResult> {
  const report = await withDaemon(context, (daemon) => daemon.request('reload', {}, { timeout: 300_000 }));
  const loaded = isUnchanged(report) ? '' : ', and loaded the config';
  const old =
    version === readVersion()
      ? ''
      : `; it is of release ${version}: mcp-watchdog restart starts ${readVersion()}`;
  return { detail: `the daemon runs, pid ${pid}${loaded}${old}` };
}
