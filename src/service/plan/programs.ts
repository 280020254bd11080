// Programs of the servers, and where a service and a terminal find each of them.
import { delimiter, join, resolve } from 'node:path';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { Machine } from '../shared/machine.ts';

/** The program of one server, as its config names it. */
export interface ServerProgram {
  readonly server: string;
  readonly program: string;
  /** The PATH that the config sets for it; null when it has that of the watchdog. */
  readonly path: string | null;
  /** Folder that a relative path starts in. */
  readonly cwd: string;
}

export interface LocatedProgram extends ServerProgram {
  /** File that a service starts; null when it finds none. */
  readonly inService: string | null;
  /** File that this terminal starts. */
  readonly inTerminal: string | null;
}

/** Lists the programs of enabled servers, those of exec probes too. */
export function programsOf(servers: readonly ServerSpec[], home: string): ServerProgram[] {
  return servers
    .filter(({ enabled }) => enabled)
    .flatMap(({ name, source, env, cwd, probe }) => {
      const [program] = source.kind === 'command' ? source.command : [];
      const [probing] = probe.kind === 'exec' ? probe.command : [];
      const place = { server: name, path: env['PATH'] ?? null, cwd: cwd ?? home };
      return [program, probing].filter((one) => one !== undefined).map((one) => ({ ...place, program: one }));
    });
}

/** Folders of both search paths, in their order. */
export interface SearchPaths {
  readonly service: readonly string[];
  readonly terminal: readonly string[];
}

export function locatePrograms(
  programs: readonly ServerProgram[],
  paths: SearchPaths,
  machine: Pick<Machine, 'isExecutable'>,
): LocatedProgram[] {
  return programs.map((each) => ({
    ...each,
    inService: locate(each, paths.service, machine),
    inTerminal: locate(each, paths.terminal, machine),
  }));
}

/** Splits a PATH into its folders; relative ones are left out, as they depend on the working folder. */
export function foldersOf(path: string | undefined): string[] {
  return (path ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
}

function locate(
  { program, path, cwd }: ServerProgram,
  folders: readonly string[],
  { isExecutable }: Pick<Machine, 'isExecutable'>,
): string | null {
  const searched = path === null ? folders : foldersOf(path);
  const candidates = program.includes('/')
    ? [resolve(cwd, program)]
    : searched.map((folder) => join(folder, program));
  return candidates.find((file) => isExecutable(file)) ?? null;
}

/** Says what keeps a service from starting what the terminal starts, as `message; cure`; null when both agree. */
export function programWarning({ server, program, inService, inTerminal }: LocatedProgram): string | null {
  if (inService === inTerminal)
    return inService === null ? `${server}: its program ${program} is not found; ${FIX}` : null;
  if (inTerminal === null) return null;
  const service = inService === null ? 'a service does not find it' : `a service starts ${inService}`;
  return `${server}: its program ${program} is ${inTerminal} here, and ${service}; ${inService === null ? REACH : SAME}`;
}

const FIX = 'install it, or correct its name: the last failure in mcp-watchdog status says more';
const REACH =
  'mcp-watchdog install adds its folder to the PATH of the service unless the system empties that folder; or write the whole path';
const SAME = 'write the whole path of the one that is meant';
