// Command `install`: makes the daemon a service that starts at every login.
import { WatchdogError } from '../../core/base/errors.ts';
import type { ServiceManager } from '../../service/shared/service-manager.ts';
import type { PlannedService } from '../../service/plan/plan-service.ts';
import { findDaemon, shutDown, startInBackground, waitUntilStarted } from '../daemon/daemon-process.ts';
import type { CommandContext } from '../shared/command.ts';
import { type Host, readServiceHome, planServiceFor, processHost, serviceOf } from '../shared/service.ts';
import { locatedPrograms, programFacts, programLines, programNames } from '../shared/programs.ts';
import { serviceEnvironmentPath, writeServiceEnvironment } from '../shared/service-environment.ts';
import { programWarning } from '../../service/plan/programs.ts';
import { runsBesideService } from '../daemon/service-control.ts';
import { printJson, printResult, say } from '../shared/output.ts';

export async function run(context: CommandContext, host: Host = processHost(context.io)): Promise<number> {
  const service = serviceOf(context, host);
  const planned = planServiceFor(context, host, programNames(context));
  if (context.flags.print === true) return printFile(context, planned, { service, host });
  const { warnings } = planned;
  const result = await installService(context, { service, planned, host });
  say(context, installedLines(result, service, planned.plan.home));
  warn(context, warnings);
  const programs = locatedPrograms(context, host).flatMap((each) => programWarning(each) ?? []);
  advise(
    context,
    programs.map((sentence) => `warning: ${sentence}`),
  );
  const { paths, io } = context;
  const { pid } = await waitUntilStarted(paths, io.clock, service.logHint);
  const { detail } = await service.state();
  const { kind, file } = service;
  printResult(context, { service: { kind, file }, ...result, daemon: { pid }, warnings }, [
    `The daemon runs, pid ${pid}, and starts at every login. See mcp-watchdog status, or mcp-watchdog logs -f`,
    ...(detail === null ? [] : [`${service.kind}: ${detail}`]),
    ...NOTES[service.kind],
  ]);
  return 0;
}

export interface InstallRequest {
  readonly service: ServiceManager;
  readonly planned: PlannedService;
  readonly host: Host;
}

export interface InstallResult {
  readonly outcome: 'installed' | 'unchanged';
  /** Pid of a daemon outside the service that was shut down; null when none ran. */
  readonly ended: number | null;
  /** Variables of this shell that were written for the service. */
  readonly variables: readonly string[];
}

/**
 * Installs and starts the service, and prints nothing. The daemon may need a moment until it answers.
 *
 * @throws WatchdogError SERVICE_FAILED, CONTROL_FAILED; a daemon that ran before runs again then
 */
export async function installService(
  { paths, flags, io }: CommandContext,
  { service, planned: { plan }, host }: InstallRequest,
): Promise<InstallResult> {
  refuseSudo(host, io.env);
  const isForced = flags.force === true;
  if (!isForced) refuseOther(service, plan.home);
  const running = await findDaemon(paths, io.clock);
  // Two daemons cannot share a home: the service would find it locked and stay down.
  const isOutside = running !== null && (await runsBesideService(service, running));
  let ended: number | null = null;
  const makeWay = async (): Promise<void> => {
    if (isOutside) ended = await shutDown(paths, io.clock);
  };
  // Before the service starts: its daemon reads them then.
  const variables = writeServiceEnvironment(plan.home, io.env);
  try {
    const outcome = await service.install(plan, { force: isForced, beforeChange: makeWay });
    if (outcome === 'unchanged' && variables.length > 0) await service.restart();
    return { outcome, ended, variables };
  } catch (error) {
    if (ended !== null) await startInBackground(paths, { clock: io.clock, program: plan.program });
    throw error;
  }
}

/** Prints nothing but the file to stdout, so that it can be piped. */
function printFile(
  context: CommandContext,
  { plan, warnings }: PlannedService,
  { service, host }: Pick<InstallRequest, 'service' | 'host'>,
): number {
  const { kind, file } = service;
  const text = service.render(plan);
  const programs = locatedPrograms(context, host);
  if (context.flags.json === true)
    printJson(context, { service: { kind, file }, text, warnings, programs: programs.map(programFacts) });
  else context.io.out.write(text);
  warn(context, warnings);
  advise(context, programLines(programs));
  return 0;
}

function advise({ io, flags }: CommandContext, lines: readonly string[]): void {
  if (flags.json !== true) for (const line of lines) io.err.write(`${line}\n`);
}

function warn({ io, flags }: CommandContext, warnings: readonly string[]): void {
  if (flags.json === true) return;
  for (const warning of warnings) io.err.write(`warning: the service ${warning}\n`);
}

function installedLines(
  { outcome, ended, variables }: InstallResult,
  { kind, file }: ServiceManager,
  home: string,
): string[] {
  const did =
    outcome === 'installed' ? 'Installed the service' : 'The service is installed already, and runs';
  return [
    ...(ended === null ? [] : [`Stopped the daemon with pid ${ended}, which ran without the service`]),
    `${did}: ${file} (${kind})`,
    ...(variables.length === 0
      ? []
      : [
          `Wrote ${variables.join(', ')} of this shell to ${serviceEnvironmentPath(home)}, which the service reads`,
        ]),
  ];
}

const NOTES: Readonly<Record<ServiceManager['kind'], readonly string[]>> = {
  launchd: [
    'macOS shows "Background Items Added" and lists it as "node" under System Settings, General, Login Items & Extensions: leave it on there',
  ],
  systemd: [],
};

/** Refuses sudo: the service of root would have another home, and files that the user can no longer write. */
function refuseSudo({ uid }: Host, env: CommandContext['io']['env']): void {
  if (uid !== 0 || env['SUDO_UID'] === undefined) return;
  throw new WatchdogError(
    'SERVICE_FAILED',
    'Cannot install the service with sudo: it would be that of root',
    {
      hint: 'Run it as yourself: mcp-watchdog install',
    },
  );
}

/** Refuses to replace the service of another home, which would lose it silently. */
function refuseOther(service: ServiceManager, home: string): void {
  const text = service.read();
  const other = text === null ? null : readServiceHome(text);
  if (other === null || other === home) return;
  throw new WatchdogError(
    'SERVICE_FAILED',
    `Cannot install the service: ${service.file} serves the home ${other}, not ${home}`,
    { hint: 'Give this one another name with --label NAME, or replace the other with --force' },
  );
}
