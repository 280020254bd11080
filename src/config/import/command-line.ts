// Command line of a client's entry, split into a package that the watchdog can install and a command that is kept.
import { parseNpmSpec, parseRunnerLine, programName } from '../../core/base/package-runner.ts';
import type { RunnerLine } from '../../core/base/package-runner.ts';
import { parseContainerLine } from '../../core/containers/container-line.ts';
import { pythonLaunch } from '../../core/python/runner-launch.ts';
import type { PythonLaunch } from '../../core/python/runner-launch.ts';

/** A package in the keys of our config; `interpreter` and `with` only of a Python package. */
type PackageLaunch = PythonLaunch;

export type CommandLine =
  | { readonly kind: 'package'; readonly launch: PackageLaunch }
  | {
      readonly kind: 'command';
      readonly argv: readonly string[];
      /** What is worth knowing about such a program; null when nothing is. */
      readonly note: string | null;
    };

/**
 * Reads a program and its arguments; `env A=b` in front of it and `cmd /c` of Windows are taken away.
 *
 * @param given variables that it is started with
 */
export function readCommandLine(
  written: readonly string[],
  given: Readonly<Record<string, string>> = {},
): CommandLine & { readonly env: Readonly<Record<string, string>> } {
  const { env, argv } = withoutEnv(withoutCmd(written));
  const found = packageOf(argv, { ...env, ...given });
  if (found !== null && typeof found !== 'string') return { kind: 'package', launch: found, env };
  return { kind: 'command', argv, note: found ?? noteOf(argv), env };
}

/** Writes a package as keys of a server; what is left out has its default. */
export function launchKeys(
  launch: PackageLaunch,
): (readonly [key: string, value: string | readonly string[]])[] {
  const { package: name, version, bin, interpreter, with: beside, args } = launch;
  const keys = [
    ['package', name],
    ['version', version],
    ['bin', bin],
    ['python', interpreter],
    ['with', beside],
    ['args', args],
  ] as const;
  return keys.flatMap(([key, value]) =>
    value === null || value.length === 0 ? [] : [[key, value] as const],
  );
}

/** A package, a sentence why it is none although a package runner is called, or null when none is. */
function packageOf(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): PackageLaunch | string | null {
  const line = parseRunnerLine(argv);
  if (line === null || line.isLocal) return null;
  const launch = line.index === 'npm' ? npmLaunch(line) : pythonLaunch(line, env);
  return typeof launch === 'string' ? `kept as ${line.runner}: ${launch}; ${UNMANAGED}` : launch;
}

/** @returns a reason when nothing can be installed for it */
function npmLaunch({ packages, target, args, otherFlags }: RunnerLine): PackageLaunch | string {
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
    interpreter: null,
    with: [],
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

const CONTAINER =
  'limits and measurements see the client of the container, not what runs inside it, which may live on when the client is killed';
const OWN_CONTAINER =
  'its container is marked at the start, ended with it, and measured through its engine; the image is neither pulled anew nor updated';
const UNMANAGED = 'it is watched and restarted, but neither installed nor updated';
const FETCHED = `kept as a command: ${UNMANAGED}`;
const SHELL = 'starts through a shell; the program alone would end more cleanly';
const WINDOWS = 'starts a program of Windows; name the one of this machine';

/** What is worth knowing, by program and, after a space, by its first word; the longer key wins. */
const NOTES: Readonly<Record<string, string>> = {
  docker: CONTAINER,
  podman: CONTAINER,
  nerdctl: CONTAINER,
  uvx: FETCHED,
  uv: FETCHED,
  'uv run': `${FETCHED}; uv stays as its parent, so the python of the project's .venv alone would end more cleanly`,
  pipx: FETCHED,
  deno: `${FETCHED}; a version in the address, as in npm:NAME@1.2 or jsr:@scope/name@1.2, keeps it from changing by itself`,
  go: FETCHED,
  'go run': `${FETCHED}; it is compiled at each start, and go stays as its parent: go install, and the program that it makes`,
  cargo: FETCHED,
  'cargo run': `${FETCHED}; it is compiled at each start, and cargo stays as its parent: cargo install, and the program that it makes`,
  python: FETCHED,
  python3: FETCHED,
  cmd: WINDOWS,
  powershell: WINDOWS,
};

function noteOf(argv: readonly string[]): string | null {
  const container = parseContainerLine(argv);
  if (container !== null && !container.isDetached) return OWN_CONTAINER;
  const [program = '', word = ''] = argv;
  const name = programName(program);
  if (['sh', 'bash', 'zsh'].includes(name)) return /^-\w*c$/.test(word) ? SHELL : null;
  const key = [`${name} ${word}`, name].find((each) => Object.hasOwn(NOTES, each));
  return key === undefined ? null : (NOTES[key] ?? null);
}
