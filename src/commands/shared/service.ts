// Service of the daemon on this machine: its manager, its plan, and whether it belongs to this home.
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMachine, type Machine } from '../../service/shared/machine.ts';
import type { ServiceManager } from '../../service/shared/service-manager.ts';
import type { RunTool } from '../../service/shared/service-options.ts';
import { planService, type PlannedService } from '../../service/plan/plan-service.ts';
import { hasServiceManager, selectServiceManager } from '../../service/select-manager.ts';
import { systemClock } from '../../system/time/clock.ts';
import { runCommand } from '../../system/process/run-command.ts';
import { userHome } from '../../system/files/paths.ts';
import type { CommandContext, CommandIo } from './command.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';
import { platform } from '../../system/platform.ts';

/** Facts and tools of the machine that decide about the service; tests provide others. */
export interface Host {
  /** As in `process.platform`. */
  readonly platform: string;
  /** Effective user id. */
  readonly uid: number;
  readonly userHome: string;
  readonly node: { readonly path: string; readonly version: string };
  /** Path of `cli.js` as it was started. */
  readonly program: string;
  /** Folders that the system empties by itself. */
  readonly temporary: readonly string[];
  readonly machine: Machine;
  readonly run: RunTool;
}

/** ms. */
const TOOL_TIMEOUT = 150_000;

/** Collects the facts of this machine. */
export function processHost({ env }: CommandIo): Host {
  return {
    platform,
    uid: process.geteuid?.() ?? 0,
    userHome: userHome(),
    node: { path: process.execPath, version: process.versions.node },
    program: fileURLToPath(new URL('../../cli.js', import.meta.url)),
    temporary: [tmpdir(), '/tmp', '/var/tmp', '/var/folders'],
    machine: createMachine(),
    // Real time: a tool hangs in real time.
    run: (argv) => runCommand(argv, { env, timeout: TOOL_TIMEOUT, clock: systemClock }),
  };
}

/** Selects the service manager. @throws WatchdogError SERVICE_FAILED where there is none, or for a label that it refuses */
export function serviceOf(
  { paths, flags, io }: CommandContext,
  host: Host = processHost(io),
): ServiceManager {
  const { platform, uid, userHome, run } = host;
  const label = flags.label ?? null;
  const { env, clock } = io;
  return selectServiceManager({ platform, label, home: paths.home, userHome, uid, env, run, clock });
}

/**
 * Finds the service that is installed for this home, whatever its name. Null with another `--home` or without a service
 * manager: the daemon then runs in the background.
 *
 * @throws WatchdogError SERVICE_FAILED when its file cannot be read
 */
export function installedService(
  context: CommandContext,
  host: Host = processHost(context.io),
): ServiceManager | null {
  if (!hasServiceManager(host.platform)) return null;
  const { paths, flags } = context;
  const service = serviceOf(context, host);
  const text = service.read();
  if (text !== null && readServiceHome(text) === paths.home) return service;
  const label = flags.label === undefined ? labelFor(paths.home, service.file, host) : null;
  return label === null ? null : serviceOf({ ...context, flags: { ...flags, label } }, host);
}

/** Finds the `--label` of an installed service; null when no file beside `file` is for this home. */
function labelFor(home: string, file: string, { machine }: Host): string | null {
  const folder = dirname(file);
  const kind = extname(file);
  const names = machine.list(folder).filter((name) => extname(name) === kind);
  const name = names.find((name) => readServiceHome(readFileOrNull(join(folder, name)) ?? '') === home);
  return name === undefined ? null : basename(name, kind);
}

/** Reads which home a service file of either kind serves; null when the watchdog did not write it. */
export function readServiceHome(text: string): string | null {
  const xml = /<key>MCP_WATCHDOG_HOME<\/key>\s*<string>([^<]*)<\/string>/u.exec(text)?.[1];
  if (xml !== undefined) return xml.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  const quoted = /^Environment="MCP_WATCHDOG_HOME=(.*)"$/mu.exec(text)?.[1];
  const plain = /^Environment=MCP_WATCHDOG_HOME=(\S+)$/mu.exec(text)?.[1];
  const unit = quoted?.replaceAll(/\\(["\\])/gu, '$1') ?? plain;
  return unit?.replaceAll('%%', '%') ?? null;
}

/** Plans the service of this home. @param programs names of the programs that it must find */
export function planServiceFor(
  { paths, io }: CommandContext,
  host: Host,
  programs: readonly string[],
): PlannedService {
  const { node, program, userHome, platform, temporary, machine } = host;
  return planService(
    { node, program, home: paths.home, userHome, platform, temporary, env: io.env, programs },
    machine,
  );
}

/** Reads the PATH in a service file of either kind; null when there is none. */
export function readServicePath(text: string): string | null {
  const xml = /<key>PATH<\/key>\s*<string>([^<]*)<\/string>/u.exec(text)?.[1];
  if (xml !== undefined) return xml.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  const unit = /^Environment="?PATH=([^"\n]*)"?$/mu.exec(text)?.[1];
  return unit?.replaceAll(/\\(["\\])/gu, '$1').replaceAll('%%', '%') ?? null;
}
