// Which npm package a command line fetches and runs, so that the watchdog can install it instead.
import { basename } from 'node:path';

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

/** What a program means that is kept as a command: `env A=b` in front of it and the words of Windows are taken away. */
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
  const runner = runnerOf(argv);
  if (runner === null) return null;
  const parsed = parseRunner(runner.rest);
  if (typeof parsed === 'string') return `kept as ${runner.name}: ${parsed}`;
  if (parsed.packages.length > 1) return `kept as ${runner.name}: it wants several packages at once`;
  return (
    launchOf(parsed, runner) ??
    `kept as ${runner.name}: what it starts is not a package of the registry by name and version`
  );
}

function launchOf({ packages, words }: Words, runner: Runner): PackageLaunch | null {
  const [spec = words[0] ?? ''] = packages;
  const [, name, version] = SPEC.exec(spec) ?? [];
  if (name === undefined) return null;
  return {
    package: name,
    version: version === undefined || version === 'latest' ? null : version,
    bin: packages.length === 0 ? null : (words[0] ?? null),
    // npm itself takes the first `--`; the others hand it on.
    args: words.slice(runner.name.startsWith('npm ') && words[1] === '--' ? 2 : 1),
  };
}

/** A name as the registry knows it, then perhaps a version, range or tag. */
const SPEC = /^((?:@[\w~][\w.~-]*\/)?[\w~][\w.~-]*)(?:@([^-@\s/:][^@\s/:]*))?$/;

interface Runner {
  readonly name: string;
  readonly rest: readonly string[];
}

function runnerOf([program = '', ...rest]: readonly string[]): Runner | null {
  const name = programName(program);
  if (['npx', 'bunx', 'pnpx'].includes(name)) return { name, rest };
  const verbs = VERBS.get(name);
  const at = verbs === undefined ? -1 : rest.findIndex((word) => !word.startsWith('-'));
  const verb = rest[at];
  if (verbs === undefined || verb === undefined || !verbs.includes(verb)) return null;
  return { name: `${name} ${verb}`, rest: [...rest.slice(0, at), ...rest.slice(at + 1)] };
}

const VERBS: ReadonlyMap<string, readonly string[]> = new Map([
  ['npm', ['exec', 'x']],
  ['pnpm', ['dlx']],
  ['yarn', ['dlx']],
  ['bun', ['x']],
]);

/** Flags that change nothing about which package runs, or how. */
const IDLE = new Set([
  '-y',
  '--yes',
  '-q',
  '--quiet',
  '-s',
  '--silent',
  '--verbose',
  '--prefer-offline',
  '--prefer-online',
  '--ignore-existing',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
]);

interface Words {
  readonly packages: readonly string[];
  readonly words: readonly string[];
}

/** All flags of a runner stand before the first word; what follows belongs to the program. */
function parseRunner(rest: readonly string[]): Words | string {
  const packages: string[] = [];
  let at = 0;
  for (; at < rest.length; at += 1) {
    const word = rest[at] ?? '';
    if (word === '--' || !word.startsWith('-')) break;
    if (isIdle(word)) continue;
    const named = packageIn(word);
    if (named === null) return `its flag ${word.split('=')[0]} has no counterpart here`;
    if (named === '') at += 1;
    packages.push(named === '' ? (rest[at] ?? '') : named);
  }
  const words = rest.slice(rest[at] === '--' ? at + 1 : at);
  return packages.length + words.length === 0 ? 'it names no package' : { packages, words };
}

/** @returns null for any other flag, '' when the name is the next word */
function packageIn(flag: string): string | null {
  const match = /^(?:-p|--package)(?:=(.*))?$/.exec(flag);
  return match === null ? null : (match[1] ?? '');
}

function isIdle(flag: string): boolean {
  return IDLE.has(flag) || flag.startsWith('--loglevel=');
}

function programName(program: string): string {
  return basename(program.replaceAll('\\', '/'))
    .replace(/\.(?:cmd|exe)$/i, '')
    .toLowerCase();
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
