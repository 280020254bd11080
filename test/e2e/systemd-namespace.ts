// Real `systemd --user` for one test file: an unprivileged user in namespaces of its own, removed afterwards.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../fakes/wait-for.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/u, '');
const SCRIPT = fileURLToPath(new URL('systemd-namespace.sh', import.meta.url));
const USER = 12_345;
const CGROUPS = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup'];

/** Paths as they are seen inside. */
export const INSIDE = {
  home: '/run/home',
  node: '/run/node/bin/node',
  cli: '/run/project/dist/cli.js',
  project: '/run/project',
  units: '/run/home/.config/systemd/user',
} as const;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Namespace {
  /** Runs a program as the user, inside. */
  run(...argv: readonly string[]): Ended;
  /** The command as this user types it. */
  cli(...argv: readonly string[]): Ended;
  systemctl(...argv: readonly string[]): Ended;
  /** One property of a unit. */
  show(unit: string, property: string): string;
  /** Where a path of the inside is for us, who are outside. */
  outside(path: string): string;
  write(path: string, text: string): void;
  read(path: string): string;
  /** The command line of each process inside whose command line contains `text`, by its pid inside. */
  processes(text: string): Map<number, string>;
  kill(pid: number, signal: string): void;
  close(): Promise<void>;
}

/** Whether this machine allows it: we must be root, and all the programs be there. */
export function canUseNamespaces(): boolean {
  const programs = ['unshare', 'nsenter', 'setpriv', 'systemctl', 'systemd-notify'];
  const script =
    'for each; do command -v "$each" >/dev/null || exit 1; done; unshare --mount --pid --fork true';
  return process.getuid?.() === 0 && spawnSync('/bin/sh', ['-c', script, 'sh', ...programs]).status === 0;
}

export async function openNamespace(): Promise<Namespace> {
  const name = `mcp-watchdog-test-${process.pid}`;
  const node = dirname(dirname(process.execPath));
  const argv = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const host = spawn('unshare', [...argv, 'sh', SCRIPT, String(USER), name, PROJECT, node], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  host.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await waitFor(
    () => {
      if (host.exitCode !== null) throw new Error(`There is no systemd --user: ${said}`);
      return said.includes('ready\n');
    },
    { timeout: 40_000, what: 'systemd --user to listen' },
  );
  return inNamespace(host, firstInside(host), name);
}

/** The process that is pid 1 inside. */
function firstInside({ pid = 0 }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}

function inNamespace(host: ChildProcess, first: number, name: string): Namespace {
  const root = `/proc/${first}/root`;
  const enter = ['--target', String(first), '--mount', '--pid', '--'];
  const user = ['--reuid', String(USER), '--regid', String(USER), '--clear-groups', 'env', '-i'];
  const environment = [
    'PATH=/run/node/bin:/usr/local/bin:/usr/bin:/bin',
    `HOME=${INSIDE.home}`,
    `XDG_RUNTIME_DIR=/run/user/${USER}`,
    'NO_COLOR=1',
  ];
  const run: Namespace['run'] = (...argv) => {
    const { status, stdout, stderr } = spawnSync(
      'nsenter',
      [...enter, 'setpriv', ...user, ...environment, ...argv],
      { encoding: 'utf8', cwd: '/', timeout: 60_000 },
    );
    return { code: status, out: stdout, err: stderr };
  };
  const systemctl: Namespace['systemctl'] = (...argv) => run('systemctl', '--user', '--no-pager', ...argv);
  const outside = (path: string): string => join(root, path);
  const asRoot = (...argv: readonly string[]): string =>
    execFileSync('nsenter', [...enter, ...argv], { encoding: 'utf8', cwd: '/' });
  return {
    run,
    systemctl,
    outside,
    cli: (...argv) => run(INSIDE.node, INSIDE.cli, ...argv),
    show: (unit, property) => systemctl('show', unit, '--property', property, '--value').out.trim(),
    read: (path) => readFileSync(outside(path), 'utf8'),
    write(path, text) {
      run('mkdir', '-p', dirname(path));
      writeFileSync(outside(path), text, { mode: 0o644 });
      asRoot('chown', `${USER}:${USER}`, path);
    },
    processes(text) {
      const rows = asRoot('ps', '-eww', '-o', 'pid=,args=').split('\n');
      const found = rows.map((row) => /^\s*(\d+) (.*)$/u.exec(row)).filter((row) => row !== null);
      return new Map(
        found.flatMap(([, pid, args = '']) => (args.includes(text) ? [[Number(pid), args]] : [])),
      );
    },
    kill: (pid, signal) => void asRoot('kill', `-${signal}`, String(pid)),
    close: () => close(host, name),
  };
}

async function close(host: ChildProcess, name: string): Promise<void> {
  const ended = new Promise((resolve) => host.once('exit', resolve));
  // Its first process ends, and takes with it whatever runs inside.
  host.stdin?.end();
  if (host.exitCode === null) await ended;
  for (const tree of CGROUPS)
    await waitFor(() => isRemoved(join(tree, name)), { what: `${tree} to be empty` });
}

/** A control group can be removed once nothing runs in it, and nothing is below it. */
function isRemoved(folder: string): boolean {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) isRemoved(join(folder, entry.name));
    rmdirSync(folder);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}
