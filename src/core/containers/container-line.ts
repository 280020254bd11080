// Parser of `docker run` and `podman run` lines, and what is added to them so that their container can be found again.
import { programName } from '../base/package-runner.ts';

/** A line that starts a container and stays in front of it. */
export interface ContainerLine {
  readonly engine: 'docker' | 'podman';
  /** The client with its global options: what every other order to the same engine begins with. */
  readonly client: readonly [string, ...string[]];
  /** Place in argv behind the word `run`. */
  readonly optionsAt: number;
  readonly isInteractive: boolean;
  /** The engine removes the container when it has ended. */
  readonly isRemoved: boolean;
  /** It is started in the background, and the client ends at once. */
  readonly isDetached: boolean;
  readonly hasInit: boolean;
  /** Path of a `--cidfile` of the user's own; null without one. */
  readonly cidfile: string | null;
  /** Null when the line names none. */
  readonly image: string | null;
}

/** Global options that stand alone (`docker --help`, `podman --help`); all others take a value. */
const GLOBAL_SWITCHES = words(
  '-D --debug --tls --tlsverify -v --version -r --remote --noout --syslog --transient-store --help',
);
/** Options of `run` that stand alone (`docker run --help` of 28, `podman run --help` of 5); all others take a value. */
const SWITCHES = words(
  '--detach --disable-content-trust --env-host --help --http-proxy --init --interactive --no-healthcheck --no-hostname --no-hosts --oom-kill-disable --passwd --privileged --publish-all --quiet --read-only --read-only-tmpfs --replace --rm --rmi --rootfs --sig-proxy --tls-verify --tty --unsetenv-all --use-api-socket',
);
/** Of these several may stand behind one dash, as in `-it`. */
const SHORT_SWITCHES = words('d i t P q');

/** Takes a line apart; null when it starts no container: another program, or `docker exec`, `docker compose`. */
export function parseContainerLine(argv: readonly string[]): ContainerLine | null {
  const engine = programName(argv[0] ?? '');
  if (engine !== 'docker' && engine !== 'podman') return null;
  const verbAt = afterOptions(argv, 1, isGlobalSwitch);
  const runAt = argv[verbAt] === 'container' ? verbAt + 1 : verbAt;
  if (argv[runAt] !== 'run') return null;
  const imageAt = afterOptions(argv, runAt + 1, isSwitch);
  const options = readOptions(argv.slice(runAt + 1, imageAt));
  const isOn = (...names: readonly string[]): boolean =>
    names.some((name) => options.has(name) && options.get(name) !== 'false');
  const [program = engine, ...globals] = argv.slice(0, verbAt);
  return {
    engine,
    client: [program, ...globals],
    optionsAt: runAt + 1,
    isInteractive: isOn('-i', '--interactive'),
    isRemoved: isOn('--rm'),
    isDetached: isOn('-d', '--detach'),
    hasInit: options.has('--init'),
    cidfile: options.get('--cidfile') ?? null,
    image: argv[imageAt] ?? null,
  };
}

/** What is added; null leaves that option out. */
export interface ContainerMarks {
  readonly init: boolean;
  readonly cidfile: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** Adds options behind `run`, and returns what was added too. */
export function markContainer(
  argv: readonly [string, ...string[]],
  { optionsAt }: ContainerLine,
  { init, cidfile, labels }: ContainerMarks,
): { readonly argv: readonly [string, ...string[]]; readonly added: readonly string[] } {
  const added = [
    ...(init ? ['--init'] : []),
    ...(cidfile === null ? [] : ['--cidfile', cidfile]),
    ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
  ];
  const [program, ...rest] = argv;
  return { argv: [program, ...rest.slice(0, optionsAt - 1), ...added, ...rest.slice(optionsAt - 1)], added };
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '));
}

function isGlobalSwitch(word: string): boolean {
  return GLOBAL_SWITCHES.has(word);
}

/** `--rm`, `-it`; a cluster whose last letter takes a value, as in `-ie NAME`, is none. */
function isSwitch(word: string): boolean {
  return word.startsWith('--') ? SWITCHES.has(word) : letters(word).every((each) => SHORT_SWITCHES.has(each));
}

function letters(cluster: string): string[] {
  return cluster.slice(1).split('');
}

/** Place of the first word from `start` on that is neither an option nor the value of one. */
function afterOptions(
  argv: readonly string[],
  start: number,
  standsAlone: (word: string) => boolean,
): number {
  let at = start;
  for (let word = argv[at]; word !== undefined && word.startsWith('-') && word !== '-'; word = argv[at]) {
    if (word === '--') return at + 1;
    at += takesNext(word, standsAlone) ? 2 : 1;
  }
  return at;
}

/** `--env A=b` and `-e A=b` take the next word; `--env=A=b` and `-eA=b` hold their value. */
function takesNext(word: string, standsAlone: (word: string) => boolean): boolean {
  if (word.includes('=') || standsAlone(word)) return false;
  if (word.startsWith('--')) return true;
  const valueAt = letters(word).findIndex((letter) => !SHORT_SWITCHES.has(letter));
  return valueAt === letters(word).length - 1;
}

/** Options by name, a cluster letter by letter; a switch has the value `true`, or what stands behind its `=`. */
function readOptions(written: readonly string[]): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (let at = 0; at < written.length; at += 1) {
    const word = written[at] ?? '';
    const [, name = word, given] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const takes = takesNext(word, isSwitch);
    if (word.startsWith('--')) options.set(name, given ?? (takes ? (written[at + 1] ?? '') : 'true'));
    else
      for (const letter of switchesOf(word))
        options.set(`-${letter}`, word.endsWith('=false') ? 'false' : 'true');
    if (takes) at += 1;
  }
  return options;
}

/** The switches at the front of a cluster: `-ie` is `i`, and `e` has a value. */
function switchesOf(word: string): string[] {
  const all = letters(word);
  const end = all.findIndex((letter) => !SHORT_SWITCHES.has(letter));
  return end === -1 ? all : all.slice(0, end);
}
