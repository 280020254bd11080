// Command line of a client's entry, split into a package that the watchdog can install and a command that is kept.
import { parseNpmSpec, parseRunnerLine, programName } from '../../core/base/package-runner.ts';
import type { RunnerLine } from '../../core/base/package-runner.ts';

interface PackageLaunch {
  readonly package: string;
  /** Null: the latest. */
  readonly version: string | null;
  /** The program of the package, when the command line names one. */
  readonly bin: string | null;
  readonly args: readonly string[];
}

export type CommandLine =
  | { readonly kind: 'package'; readonly launch: PackageLaunch }
  | {
      readonly kind: 'command';
      readonly argv: readonly string[];
      /** What is worth knowing about such a program; null when nothing is. */
      readonly note: string | null;
    };

/** Reads a program and its arguments; `env A=b` in front of it and `cmd /c` of Windows are taken away. */
export function readCommandLine(
  written: readonly string[],
): CommandLine & { readonly env: Readonly<Record<string, string>> } {
  const { env, argv } = withoutEnv(withoutCmd(written));
  const found = packageOf(argv);
  if (found !== null && typeof found !== 'string') return { kind: 'package', launch: found, env };
  return { kind: 'command', argv, note: found ?? noteOf(argv), env };
}

/** A package, a sentence why it is none although a package runner is called, or null when none is. */
function packageOf(argv: readonly string[]): PackageLaunch | string | null {
  const line = parseRunnerLine(argv);
  if (line === null || line.index !== 'npm' || line.isLocal) return null;
  const launch = launchOf(line);
  return typeof launch === 'string' ? `kept as ${line.runner}: ${launch}` : launch;
}

/** @returns a reason when nothing can be installed for it */
function launchOf({ packages, target, args, otherFlags }: RunnerLine): PackageLaunch | string {
  const [flag] = otherFlags;
  if (flag !== undefined) return `its flag ${flag} has no counterpart here`;
  if (packages.length > 1) return 'it wants several packages at once';
  const [named = target] = packages;
  if (named === null) return 'it names no package';
  const spec = parseNpmSpec(named);
  if (spec === null) return 'what it starts is not a package of the registry by name and version';
  return {
    package: spec.name,
    version: spec.version,
    bin: packages.length === 0 ? null : target,
    args,
  };
}

/** `cmd /c npx …` is how a file that was made for Windows starts the same program. */
function withoutCmd(argv: readonly string[]): readonly string[] {
  const [program = '', flag = '', ...rest] = argv;
  return programName(program) === 'cmd' && flag.toLowerCase() === '/c' && rest.length > 0 ? rest : argv;
}

function withoutEnv(argv: readonly string[]): { argv: readonly string[]; env: Record<string, string> } {
  const [program = '', ...rest] = argv;
  const end = rest.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
  if (programName(program) !== 'env' || end < 1) return { argv, env: {} };
  const pairs = rest
    .slice(0, end)
    .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]);
  return { argv: rest.slice(end), env: Object.fromEntries(pairs) };
}

const CONTAINER = 'limits and measurements see the client of the container, not what runs inside it';
const FETCHED = 'kept as a command: the watchdog neither installs nor updates it';
const SHELL = 'starts through a shell; the program alone would end more cleanly';

const NOTES: Readonly<Record<string, string>> = {
  docker: CONTAINER,
  podman: CONTAINER,
  nerdctl: CONTAINER,
  uvx: FETCHED,
  uv: FETCHED,
  pipx: FETCHED,
  deno: FETCHED,
  python: FETCHED,
  python3: FETCHED,
  cmd: 'starts a program of Windows; name the one of this machine',
  powershell: 'starts a program of Windows; name the one of this machine',
};

function noteOf([program = '', flag = '']: readonly string[]): string | null {
  const name = programName(program);
  if (['sh', 'bash', 'zsh'].includes(name)) return /^-\w*c$/.test(flag) ? SHELL : null;
  return Object.hasOwn(NOTES, name) ? (NOTES[name] ?? null) : null;
}
