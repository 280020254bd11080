// A Mac played on Linux: macOS' programs as fakes in front of PATH, a launchd that runs its jobs, a user with a home.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { requireThat } from '../fakes/require-program.ts';
import type { AtEnd } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const PRELOAD = new URL('play-platform.mjs', import.meta.url).href;
const LAUNCHD = fileURLToPath(new URL('launchd.mjs', import.meta.url));

const PROGRAMS =
  'ps top lsof launchctl sysctl sw_vers uname codesign csrutil diskutil plutil pmset route footprint osascript open pbcopy security'.split(
    ' ',
  );

/** One call of a program of macOS. */
interface Asked {
  readonly program: string;
  readonly argv: readonly string[];
  /** The locale in force. */
  readonly locale: string;
}

interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Mac {
  readonly uid: number;
  /** Home folder of the user; the watchdog's home is below it. */
  readonly userHome: string;
  readonly home: string;
  /** A node for servers: a script, because a program for Linux would be refused. */
  readonly node: string;
  /** Runs a program on this Mac. */
  run(program: string, ...argv: string[]): Promise<Answer>;
  /** Runs `mcp-watchdog`. */
  watchdog(...argv: string[]): Promise<Answer>;
  /** Asks launchd, without a record. */
  launchctl(...argv: string[]): Promise<Answer>;
  /** The calls of one program so far, oldest first. */
  asked(program: string): Asked[];
  /** Sets what a program answers from now on; null for its usual answers. */
  answers(program: string, answer: { code: number; stdout?: string; stderr?: string } | null): void;
  login(): Promise<void>;
  logout(): Promise<void>;
}

const UID = 501;
/** A process table of its own, with launchd as process 1, and an ordinary user, because launchd agents are not for root. */
const MACHINE = [
  'unshare',
  '--user',
  `--map-user=${UID}`,
  '--map-group=20',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
] as const;
const INSIDE = ['nsenter', '--user', '--preserve-credentials', '--pid', '--mount', '--target'] as const;

/** True where a Mac can be played. */
export function canPlayMac(): boolean {
  const [program, ...argv] = MACHINE;
  const isLinux = process.platform === 'linux';
  const isAllowed = isLinux && spawnSync(program, [...argv, 'true']).status === 0;
  return requireThat('the right to make user and process namespaces', isAllowed);
}

/** Starts the Mac, with a session at the screen; it and all its processes end with the test. */
export async function playMac({
  env: more = {},
  atEnd = onTestFinished,
}: {
  env?: Readonly<Record<string, string>>;
  /** Who ends it: a test that runs beside others gives its own. */
  atEnd?: AtEnd;
} = {}): Promise<Mac> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mac-')));
  const programs = join(folder, 'bin');
  const userHome = join(folder, 'Users', 'josé');
  const home = join(userHome, '.mcp-watchdog');
  for (const path of [programs, join(folder, 'answers'), home])
    mkdirSync(path, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'boot-id'), randomUUID().toUpperCase());
  // On PATH too: servers that are started by name get it.
  const node = join(programs, 'node');
  writeScript(node, [`exec '${process.execPath}' "$@"`]);
  const env = { ...environmentOf({ folder, programs, userHome }), ...more };
  const { launchd, port } = await startLaunchd(folder, env, atEnd);
  for (const program of PROGRAMS) writeProgram(join(programs, program), port);
  const run: Mac['run'] = (program, ...argv) =>
    new Promise((resolve) => {
      const [file, ...rest] = [...INSIDE, String(launchd), program, ...argv];
      const options = { env, cwd: userHome, timeout: 600_000 };
      execFile(file, rest, options, (error, out, err) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : null, out, err }),
      );
    });
  const launchctl: Mac['launchctl'] = async (...argv) => {
    const socket = connect(join(folder, 'launchd.sock'));
    socket.end(JSON.stringify(argv));
    const { code, stdout, stderr } = JSON.parse(await readAll(socket));
    return { code, out: stdout, err: stderr };
  };
  return {
    uid: UID,
    userHome,
    home,
    node,
    run,
    async watchdog(...argv) {
      const answer = await run(process.execPath, CLI, ...argv);
      tell(`$ mcp-watchdog ${argv.join(' ')}\n${answer.out}${answer.err}`);
      return answer;
    },
    launchctl,
    asked: (program) => readAsked(folder).filter((one) => one.program === program),
    answers(program, answer) {
      const file = join(folder, 'answers', `${program}.json`);
      if (answer === null) rmSync(file, { force: true });
      else writeFileSync(file, JSON.stringify(answer));
    },
    login: async () => void (await launchctl('login', join(userHome, 'Library', 'LaunchAgents'))),
    logout: async () => void (await launchctl('logout')),
  };
}

/** Appends to the file that MCP_WATCHDOG_STORY names, for people who want to read what was played. */
export function tell(text: string): void {
  const story = process.env['MCP_WATCHDOG_STORY'];
  if (story !== undefined) appendFileSync(story, `${text.trimEnd()}\n\n`);
}

function writeScript(file: string, lines: readonly string[]): void {
  writeFileSync(file, `#!/bin/sh\n${lines.join('\n')}\n`);
  chmodSync(file, 0o755);
}

/** One of `PROGRAMS`: the process that plays launchd answers for it. A shell is ready in 3 ms, of which Node takes 40. */
function writeProgram(file: string, port: number): void {
  const lines = [
    // A bash complains where it has no such locale.
    '#!/usr/bin/env -S ASKED=${LC_ALL} LC_ALL=C bash',
    `exec 3<>/dev/tcp/127.0.0.1/${port} || exit 71`,
    String.raw`printf '%s\0' '${basename(file)}' "$ASKED" "$LC_CTYPE" "$LANG" "$TZ" "$#" "$@" >&3`,
    "IFS= read -r -d '' code <&3",
    "IFS= read -r -d '' errors <&3",
    'cat <&3',
    String.raw`printf '%s' "$errors" >&2`,
    'exit "$code"',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  chmodSync(file, 0o755);
}

function environmentOf({
  folder,
  programs,
  userHome,
}: Readonly<Record<'folder' | 'programs' | 'userHome', string>>): Record<string, string> {
  return {
    PATH: `${programs}:${process.env['PATH'] ?? ''}`,
    HOME: userHome,
    TMPDIR: folder,
    LANG: 'en_US.UTF-8',
    NO_COLOR: '1',
    NODE_OPTIONS: `--import=${PRELOAD}`,
    MCP_WATCHDOG_PLATFORM: 'darwin',
    MCP_WATCHDOG_PLAYED_PROGRAMS: programs,
  };
}

/** Returns the pid of launchd, as it is seen from here, and the port where the programs ask it. */
async function startLaunchd(
  folder: string,
  env: Readonly<Record<string, string>>,
  atEnd: AtEnd,
): Promise<{ readonly launchd: number; readonly port: number }> {
  // Process 1 buries what is left to it, which Node does not.
  const init = [
    '/bin/sh',
    '-c',
    'exec 3<&0; "$@" <&3 & wait',
    'init',
    process.execPath,
    LAUNCHD,
    folder,
    String(UID),
  ];
  const [program, ...argv] = [...MACHINE, ...init];
  const child = spawn(program, argv, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  atEnd(async () => {
    child.stdin.end();
    await ended;
    await waitFor(() => isRemoved(folder), { what: 'the folder of the Mac to be removed' });
  });
  const [port] = await once(child.stdout, 'data');
  const launchd = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
  return { launchd, port: Number(String(port)) };
}

/** Processes that are still ending may write once more. */
function isRemoved(folder: string): boolean {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  return !existsSync(folder);
}

function readAsked(folder: string): Asked[] {
  const file = join(folder, 'asked.jsonl');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line): Asked => JSON.parse(line));
}
