// Programs of the config on this machine: what the service must find, and where it and this terminal find them.
import { loadConfig } from '../../config/load.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import {
  foldersOf,
  type LocatedProgram,
  locatePrograms,
  programsOf,
  programWarning,
  type ServerProgram,
} from '../../service/plan/programs.ts';
import { folderWarning } from '../../supervisor/program/working-folder.ts';
import { hasServiceManager } from '../../service/select-manager.ts';
import type { CommandContext } from './command.ts';
import { type Host, installedService, planServiceFor, processHost, readServicePath } from './service.ts';

/** Lists the names of the programs that the config starts; none when it cannot be used, which other commands say. */
export function programNames(context: CommandContext): string[] {
  return configuredPrograms(context).map(({ program }) => program);
}

/** Finds the programs of the config as this terminal and as the service find them: the installed one, else the one that would be. */
export function locatedPrograms(
  context: CommandContext,
  host: Host = processHost(context.io),
): LocatedProgram[] {
  const terminal = foldersOf(context.io.env['PATH']);
  const service = hasServiceManager(host.platform) ? servicePath(context, host) : terminal;
  return locatePrograms(configuredPrograms(context), { service, terminal }, host.machine);
}

/** Says for people where each program is, one line each, and below what is to be done. */
export function programLines(programs: readonly LocatedProgram[]): string[] {
  return [
    ...programs
      .filter(({ inService }) => inService !== null)
      .map(
        ({ server, program, inService }) =>
          `program of ${server}, as a service finds it: ${program} is ${inService}`,
      ),
    ...programs.flatMap((each) => programWarning(each) ?? []).map((warning) => `warning: ${warning}`),
  ];
}

/** The same for programs. */
export function programFacts({ server, program, inService, inTerminal }: LocatedProgram): object {
  return { server, program, inService, inTerminal };
}

/** Says of enabled servers that cannot start in the folder that the config names, with the cure. */
export function folderWarnings(servers: readonly ServerSpec[]): string[] {
  return servers
    .filter(({ enabled, source }) => enabled && source.kind !== 'url')
    .flatMap(({ name, cwd }) => (cwd === null ? [] : (folderWarning(name, cwd) ?? [])));
}

function configuredPrograms({ paths, io }: CommandContext): readonly ServerProgram[] {
  try {
    return programsOf(loadConfig(paths.config, io.env).servers, paths.home);
  } catch (error) {
    if (error instanceof WatchdogError) return [];
    throw error;
  }
}

function servicePath(context: CommandContext, host: Host): readonly string[] {
  try {
    const text = installedService(context, host)?.read() ?? null;
    const installed = text === null ? null : readServicePath(text);
    if (installed !== null) return foldersOf(installed);
    return planServiceFor(context, host, programNames(context)).plan.path;
  } catch (error) {
    // A clone in the cache of npx, for instance, of which no service can be made.
    if (error instanceof WatchdogError) return foldersOf(context.io.env['PATH']);
    throw error;
  }
}
