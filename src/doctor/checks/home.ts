// Check of the home: owner, permissions, socket path.
import { accessSync, constants, existsSync, lstatSync, readdirSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { fitsSocketPath } from '../../control/find-socket.ts';
import { type Check, type Finding, ok, problem, warning } from '../check.ts';
import type { DoctorContext } from '../context.ts';

export const home: Check = {
  id: 'home',
  title: 'Home',
  run({ paths, uid }) {
    const found = lookAt(paths.home);
    if (found === null) return Promise.resolve([absent(paths.home)]);
    const findings = [...folderFaults(paths.home, found, uid), ...fileFaults(paths, uid)];
    if (!fitsSocketPath(paths.socket))
      findings.push(ok('its path is too long for a socket, which is in the temporary folder instead'));
    return Promise.resolve(
      findings.some(({ status }) => status !== 'ok')
        ? findings
        : [ok(`${paths.home} is yours alone`), ...findings],
    );
  },
};

function absent(path: string): Finding {
  const parent = nearestFolder(path);
  try {
    accessSync(parent, constants.W_OK | constants.X_OK);
    return problem(`${path} does not exist`, 'mcp-watchdog init makes it');
  } catch {
    return problem(
      `${path} does not exist, and you cannot make it in ${parent}`,
      'choose another home with --home DIR',
    );
  }
}

/** Returns the path, or what is there of it. */
export function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
}

function folderFaults(path: string, stats: Stats, uid: number): Finding[] {
  if (!stats.isDirectory())
    return [problem(`${path} is not a folder`, 'move it away, then mcp-watchdog init')];
  if (stats.uid !== uid)
    return [
      problem(
        `${path} belongs to user ${stats.uid}, not to you (${uid})`,
        `sudo chown -R ${uid} ${quoted(path)}`,
      ),
    ];
  const mode = (stats.mode & 0o777).toString(8);
  if ((stats.mode & OURS) !== OURS)
    return [problem(`you cannot read and write ${path}: its mode is ${mode}`, `chmod 700 ${quoted(path)}`)];
  if ((stats.mode & 0o077) === 0) return [];
  const may = (stats.mode & 0o022) !== 0 ? 'change' : 'read';
  return [problem(`others can ${may} files in ${path}: its mode is ${mode}`, `chmod 700 ${quoted(path)}`)];
}

/** Read, write and search for the owner. */
const OURS = 0o700;

/** Checks our own files only: installed packages keep their modes, and their folder is closed to others. */
function fileFaults(paths: DoctorContext['paths'], uid: number): Finding[] {
  const folders = [paths.run, paths.logs, paths.serverLogs, join(paths.journal, '..'), paths.backups];
  const all = [paths.config, ...folders.flatMap(listFiles)];
  const files = all
    .map((path) => ({ path, stats: lookAt(path) }))
    .filter(({ stats }) => stats?.isFile() === true);
  const open = files.filter(({ stats }) => ((stats?.mode ?? 0) & 0o077) !== 0).map(({ path }) => path);
  const foreign = files.filter(({ stats }) => stats?.uid !== uid && stats?.uid !== 0).map(({ path }) => path);
  return [
    ...(open.length === 0
      ? []
      : [warning(`others can access ${few(open)}`, `chmod 600 ${open.map(quoted).join(' ')}`)]),
    ...(foreign.length === 0
      ? []
      : [problem(`another user owns ${few(foreign)}`, `sudo chown ${uid} ${foreign.map(quoted).join(' ')}`)]),
  ];
}

function few(paths: readonly string[]): string {
  const [first = '', ...others] = paths;
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function lookAt(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

function quoted(path: string): string {
  return /^[\w./@-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
