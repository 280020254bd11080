// Search for the program of a server, and the reason when it cannot be started: each fault with its own cure.
import { accessSync, closeSync, constants, openSync, readdirSync, readSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { programName } from '../../core/base/package-runner.ts';
import { foreignFormat, loaderOf } from './executable-format.ts';
import { installHint } from './install-hints.ts';
import { isDarwin } from '../../system/platform.ts';

export interface ProgramPlace {
  /** PATH of the server. */
  readonly path: string;
  /** Folder that the server starts in. */
  readonly cwd: string;
  /** Home folder of the user. */
  readonly home: string;
}

/** Why a program does not start. `lasts`: a fault of the config, which waiting does not cure. */
interface ProgramFault {
  readonly why: string;
  readonly hint: string;
  readonly lasts: boolean;
}

export type FoundProgram =
  | { readonly ok: true; readonly file: string }
  | { readonly ok: false; readonly fault: ProgramFault };

/** Finds a program as execvp does, and examines it: a name with a slash is a path, any other is looked up in PATH. */
export function findProgram(command: string, place: ProgramPlace): FoundProgram {
  const file = findExecutable(command, place);
  if (file === null) return { ok: false, fault: missingFault(command, place) };
  const found = fileFault(file, place);
  return found === null ? { ok: true, file } : { ok: false, fault: found };
}

/** Finds the file that execvp would take; null when there is none. */
export function findExecutable(
  command: string,
  { path, cwd }: Pick<ProgramPlace, 'path' | 'cwd'>,
): string | null {
  return candidates(command, { path, cwd }).find(isExecutable) ?? null;
}

function candidates(command: string, { path, cwd }: Pick<ProgramPlace, 'path' | 'cwd'>): string[] {
  if (command.includes('/')) return [resolve(cwd, command)];
  return path
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, command));
}

function missingFault(command: string, place: ProgramPlace): ProgramFault {
  if (/^~(?:\/|$)/.test(command)) {
    const whole = join(place.home, command.slice(1));
    return fault(
      `its program is ${command}, and ~ is not expanded here: no shell reads it`,
      `Write ${whole}`,
      true,
    );
  }
  if (command.startsWith('$'))
    return fault(
      `its program is ${command}, and variables are not expanded here: no shell reads it`,
      'Write the whole path, or ${env:NAME} for a variable of the watchdog',
      true,
    );
  const present = candidates(command, place).find((file) => statsOf(file) !== null);
  if (present !== undefined) return uselessFault(present);
  return command.includes('/') ? absentPathFault(command, place) : absentNameFault(command, place);
}

function uselessFault(file: string): ProgramFault {
  return isFolder(file)
    ? fault(`its program ${file} is a folder`, 'Name the file in it that is to be started', true)
    : fault(`its program ${file} is not executable`, `Make it so: chmod +x ${quoted(file)}`);
}

function absentPathFault(command: string, { cwd }: ProgramPlace): ProgramFault {
  const file = resolve(cwd, command);
  const closed = unreadableFolder(file);
  if (closed !== null)
    return fault(
      `its program ${file} cannot be reached: this user may not enter ${closed}`,
      `chmod u+x ${quoted(closed)}, or move the program`,
    );
  return isAbsolute(command)
    ? fault(`its program ${command} was not found`, 'Check its path; has it been moved or removed?')
    : fault(
        `its program ${command} was looked for in ${cwd} and not found`,
        'Write its whole path, or set cwd to the folder that it is relative to',
      );
}

function absentNameFault(command: string, { path, home }: ProgramPlace): ProgramFault {
  const why = `its program ${command} was not found on the PATH: ${path}`;
  const elsewhere = usualFolders(home)
    .map((folder) => join(folder, command))
    .find(isExecutable);
  if (elsewhere !== undefined)
    return fault(
      why,
      `It is at ${elsewhere}: write that path, or run mcp-watchdog install, which adds the folder`,
    );
  const install = installHint(programName(command));
  const found = 'is it found in your terminal? Then run mcp-watchdog install there, or write its whole path';
  return fault(why, install === null ? `Check its name; ${found}` : `${install}; ${found}`);
}

/** Where installers put programs without asking every shell and service to look there. */
function usualFolders(home: string): string[] {
  const below = [
    '.local/bin',
    '.cargo/bin',
    '.bun/bin',
    '.deno/bin',
    'go/bin',
    '.volta/bin',
    '.rd/bin',
    '.docker/bin',
    'bin',
  ];
  return [...below.map((folder) => join(home, folder)), '/opt/homebrew/bin', '/usr/local/bin', '/snap/bin'];
}

/** Examines a file that may be executed: its interpreter, its format. Null when nothing speaks against it. */
function fileFault(file: string, place: ProgramPlace): ProgramFault | null {
  const start = firstBytes(file);
  // A program that may be executed and not read.
  if (start === null) return null;
  const line = /^#!([^\n]*)/.exec(start.toString('latin1'))?.[1];
  if (line !== undefined) return interpreterFault(file, line, place);
  const format = foreignFormat(start, process);
  if (format !== null) {
    const machine = `${isDarwin ? 'macOS' : 'Linux'} on ${process.arch}`;
    return hasEmulator()
      ? null
      : fault(`its program ${file} is ${format}, and this machine is ${machine}`, OTHER_BUILD);
  }
  const loader = loaderOf(start);
  if (loader === null || statsOf(loader) !== null) return null;
  return fault(`its program ${file} needs the loader ${loader}, which is not here`, LOADER);
}

const OTHER_BUILD = 'Install the build of it that is made for this machine';
const LOADER =
  'It was built for another C library or word size (musl or glibc, 32 or 64 bit): install the build for this system, or that library';

/** Whether Linux was told to run foreign programs: qemu, Wine, Rosetta, WSL. binfmt_misc(5) */
function hasEmulator(): boolean {
  try {
    const handlers = readdirSync('/proc/sys/fs/binfmt_misc');
    return handlers.some((name) => /qemu|box|fex|rosetta|wine|wsl|cli|dos/i.test(name));
  } catch {
    return false;
  }
}

function interpreterFault(file: string, line: string, place: ProgramPlace): ProgramFault | null {
  if (line.endsWith('\r')) {
    const named = line.trim();
    return fault(
      `its program ${file} has line ends of Windows: the interpreter ${named}\\r of its first line does not exist`,
      `Convert it: perl -pi -e 's/\\r$//' ${quoted(file)}`,
    );
  }
  const [interpreter = '', ...words] = line.trim().split(/\s+/);
  const isEnv = programName(interpreter) === 'env' && isExecutable(interpreter);
  const wanted = isEnv ? words.find((word) => !/^-|=/.test(word)) : interpreter;
  if (wanted === undefined || wanted === '' || findExecutable(wanted, place) !== null) return null;
  const install = installHint(programName(wanted));
  return fault(
    `its program ${file} needs the interpreter ${wanted}, which was not found${isEnv ? ` on the PATH: ${place.path}` : ''}`,
    install ?? `Install ${wanted}, or correct the first line of ${file}`,
  );
}

function fault(why: string, hint: string, lasts = false): ProgramFault {
  return { why, hint, lasts };
}

/** Enough for the first line and the headers of every format. */
const HEADER = 4096;

function firstBytes(file: string): Buffer | null {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(HEADER);
      return bytes.subarray(0, readSync(descriptor, bytes, 0, HEADER, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return null;
  }
}

/** The first folder on the way to a file that this user may not enter; null when it is just not there. */
function unreadableFolder(file: string): string | null {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    if (isFolder(folder)) return may(folder) ? null : folder;
  }
  return null;
}

function isFolder(path: string): boolean {
  return statsOf(path)?.isDirectory() ?? false;
}

function isExecutable(path: string): boolean {
  return may(path) && !isFolder(path) && isFile(path);
}

function isFile(path: string): boolean {
  return statsOf(path)?.isFile() ?? false;
}

/** Null for what is not there, and for what this user may not look at. */
function statsOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function may(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
