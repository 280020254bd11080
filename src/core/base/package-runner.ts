// Parser of command lines that fetch and run a package: npx, npm exec, pnpm dlx, yarn dlx, bunx, uvx, uv tool run, pipx run.

/** The package index that a runner fetches from. */
export type PackageIndex = 'npm' | 'pypi';

/** One command line of a runner, taken apart; the package specs are as written. */
export interface RunnerLine {
  /** With its verb, without its folder: `npx`, `npm exec`, `uv tool run`. */
  readonly runner: string;
  readonly index: PackageIndex;
  /** Runs what is installed already and fetches nothing: `pnpm exec`. */
  readonly isLocal: boolean;
  /** Named by a flag: `--package`, `--from`, `--spec`. */
  readonly packages: readonly string[];
  /** Installed beside the package: `--with` of uv. */
  readonly extras: readonly string[];
  /** The interpreter that is asked for: `--python 3.12`; null when none is. */
  readonly python: string | null;
  /**
   * The first word behind the flags: the package itself when no flag names one, else a program of it; null when there
   * is none.
   */
  readonly target: string | null;
  /** Place of `target` in argv; the length of argv when there is none. */
  readonly targetAt: number;
  /** What the program gets. */
  readonly args: readonly string[];
  /** Flags that change what is run or where from, without their values, which may be secret. */
  readonly otherFlags: readonly string[];
}

/**
 * `idle` changes nothing about which package runs, or how; `idleValue` neither, and takes the next word with it, as `value`
 * does.
 */
type FlagMeaning = 'idle' | 'idleValue' | 'package' | 'extra' | 'python' | 'value';

/** Flags by what they mean; one that a table does not know stands alone and counts as `otherFlags`. */
type FlagTable = ReadonlyMap<string, FlagMeaning>;

function flagTable(flags: Readonly<Partial<Record<FlagMeaning, string>>>): FlagTable {
  const meanings: readonly FlagMeaning[] = ['idle', 'idleValue', 'package', 'extra', 'python', 'value'];
  return new Map(
    meanings.flatMap((meaning) =>
      (flags[meaning] ?? '')
        .split(' ')
        .filter((flag) => flag !== '')
        .map((flag) => [flag, meaning] as const),
    ),
  );
}

// npm: `npm help config`; pnpm: `pnpm dlx --help`; yarn: `yarn dlx --help`; bun: `bunx --help`.
const NPM_IDLE =
  '-y --yes -q --quiet -s --silent --verbose --prefer-offline --prefer-online --ignore-existing --no-audit --no-fund --no-update-notifier';
const NPM_FLAGS = flagTable({
  idle: NPM_IDLE,
  package: '-p --package',
  value:
    '-c --call -w --workspace --registry --loglevel --cache --prefix --userconfig --globalconfig --script-shell -n --node-options --node-arg',
});
// Here -c is a switch: the words are run through a shell.
const PNPM_FLAGS = flagTable({
  idle: NPM_IDLE,
  package: '-p --package',
  value: '-C --dir --reporter --registry --loglevel --filter -F --cpu --os --libc',
});
const BUN_FLAGS = flagTable({ idle: NPM_IDLE, package: '-p --package', value: '--cwd --config' });

// `uvx --help`, `uv help tool run` of uv 0.13. -p is the interpreter here, not the package.
const UV_FLAGS = flagTable({
  idle: '-q --quiet -v --verbose -n --no-cache --isolated --refresh --offline --no-progress --native-tls --system-certs --no-env-file -U --upgrade --reinstall --compile-bytecode',
  idleValue: '--cache-dir --color --link-mode --refresh-package --reinstall-package -P --upgrade-package',
  package: '--from',
  extra: '-w --with',
  python: '-p --python',
  value:
    '--with-editable --with-requirements --with-executables-from -c --constraint --constraints -b --build-constraint --build-constraints --override --overrides --exclude --excludes --env-file --index --default-index -i --index-url --extra-index-url -f --find-links --index-strategy --keyring-provider --resolution --prerelease --fork-strategy --exclude-newer --exclude-newer-package -C --config-setting --config-settings --config-settings-package --no-build-isolation-package --prerelease-package --upgrade-group --no-sources-package --python-preference --python-platform --torch-backend --directory --project --config-file --allow-insecure-host --no-build-package --no-binary-package',
});

// `pipx run --help` of pipx 1.18.
const PIPX_FLAGS = flagTable({
  idle: '-q --quiet -v --verbose --no-cache --refresh --skip-maintenance --no-path-check --fetch-missing-python',
  idleValue: '--backend --fetch-python',
  package: '--spec',
  extra: '--with',
  python: '--python',
  value: '--pip-args --python-args -i --index-url --cooldown',
});

interface Runner {
  readonly index: PackageIndex;
  readonly flags: FlagTable;
  /** Words that must follow the program before the package, step by step; flags may stand between them. */
  readonly verbs: readonly (readonly string[])[];
  /** A verb that fetches nothing. */
  readonly localVerb?: string;
  /** Takes the first `--` behind the package for itself. */
  readonly eatsSeparator?: boolean;
}

const npm = { index: 'npm', flags: NPM_FLAGS } as const;
const pnpm = { index: 'npm', flags: PNPM_FLAGS } as const;
const bun = { index: 'npm', flags: BUN_FLAGS } as const;
const uv = { index: 'pypi', flags: UV_FLAGS } as const;

/** Every runner that is known; a new one is a line here, and a flag table when its flags differ. */
const RUNNERS: ReadonlyMap<string, Runner> = new Map<string, Runner>([
  ['npx', { ...npm, verbs: [] }],
  ['npm', { ...npm, verbs: [['exec', 'x']], eatsSeparator: true }],
  ['pnpx', { ...pnpm, verbs: [] }],
  ['pnpm', { ...pnpm, verbs: [['dlx', 'exec']], localVerb: 'exec' }],
  ['yarn', { ...npm, verbs: [['dlx', 'exec']], localVerb: 'exec' }],
  ['bunx', { ...bun, verbs: [] }],
  ['bun', { ...bun, verbs: [['x']] }],
  ['uvx', { ...uv, verbs: [] }],
  ['uv', { ...uv, verbs: [['tool'], ['run', 'uvx']] }],
  ['pipx', { index: 'pypi', flags: PIPX_FLAGS, verbs: [['run']] }],
]);

/**
 * Takes a command line apart.
 *
 * @param argv program and arguments
 * @returns null when the program is no runner, or is not asked to run a package: `npm start`
 */
export function parseRunnerLine(argv: readonly string[]): RunnerLine | null {
  const name = programName(argv[0] ?? '');
  const runner = RUNNERS.get(name);
  if (runner === undefined) return null;
  const scan = new FlagScan(argv, runner.flags);
  const verbs: string[] = [];
  for (const known of runner.verbs) {
    const verb = scan.word();
    if (verb === null || !known.includes(verb)) return null;
    verbs.push(verb);
  }
  const { packages, extras, python, otherFlags } = scan;
  const target = scan.word();
  const targetAt = target === null ? argv.length : scan.at - 1;
  const isEaten = runner.eatsSeparator === true && argv[scan.at] === '--';
  return {
    runner: [name, ...verbs].join(' '),
    index: runner.index,
    isLocal: runner.localVerb !== undefined && verbs.includes(runner.localVerb),
    packages,
    extras,
    python: python.at(-1) ?? null,
    target,
    targetAt,
    args: argv.slice(scan.at + (isEaten ? 1 : 0)),
    otherFlags,
  };
}

/** Tells whether a program is a runner, whatever it is asked to do. */
export function isPackageRunner(program: string): boolean {
  return RUNNERS.has(programName(program));
}

/** Strips folder and ending of Windows: `C:\bin\NPX.cmd` -> `npx`. */
export function programName(program: string): string {
  return program
    .replace(/^.*[/\\]/s, '')
    .replace(/\.(?:cmd|exe)$/i, '')
    .toLowerCase();
}

/** Walks over flags from word to word and sorts them by their meaning. */
class FlagScan {
  /** Place of the next word. */
  at = 1;
  readonly packages: string[] = [];
  readonly extras: string[] = [];
  readonly python: string[] = [];
  readonly otherFlags: string[] = [];
  readonly #argv: readonly string[];
  readonly #flags: FlagTable;

  constructor(argv: readonly string[], flags: FlagTable) {
    this.#argv = argv;
    this.#flags = flags;
  }

  /** The next word that is no flag; null at the end. `--` ends the flags. */
  word(): string | null {
    for (let word = this.#take(); word !== null; word = this.#take()) {
      if (word === '--') return this.#take();
      if (!word.startsWith('-')) return word;
      this.#flag(word);
    }
    return null;
  }

  #take(): string | null {
    const word = this.#argv[this.at] ?? null;
    if (word !== null) this.at += 1;
    return word;
  }

  #flag(written: string): void {
    const [, flag = written, given] = /^(--?[^=]+)=(.*)$/s.exec(written) ?? [];
    const meaning = this.#flags.get(flag);
    // `--loglevel=error` says how much is printed, and its value stands with it.
    if (meaning === 'idle' || (flag === '--loglevel' && given !== undefined)) return;
    if (meaning === undefined) this.otherFlags.push(flag);
    else this.#keep(flag, meaning, given ?? this.#take() ?? '');
  }

  #keep(flag: string, meaning: Exclude<FlagMeaning, 'idle'>, value: string): void {
    switch (meaning) {
      case 'idleValue':
        return;
      case 'package':
        this.packages.push(value);
        return;
      case 'extra':
        this.extras.push(value);
        return;
      case 'python':
        this.python.push(value);
        return;
      case 'value':
        this.otherFlags.push(flag);
        return;
      default:
        meaning satisfies never;
    }
  }
}

/** A package of npm's registry, taken apart. */
export interface NpmSpec {
  readonly name: string;
  /** Version, range or tag; null for none or `latest`. */
  readonly version: string | null;
}

/** A name as npm's registry knows it, then perhaps a version, range or tag. */
const NPM_SPEC = /^((?:@[\w~][\w.~-]*\/)?[\w~][\w.~-]*)(?:@([^-@\s/:][^@\s/:]*))?$/;

/** Splits a spec: `@a/b@^1.2` -> `{ name: '@a/b', version: '^1.2' }`; null for a path, an address or an alias. */
export function parseNpmSpec(spec: string): NpmSpec | null {
  const [, name, version] = NPM_SPEC.exec(spec) ?? [];
  if (name === undefined) return null;
  return { name, version: version === undefined || version === 'latest' ? null : version };
}
