// Listening sockets of a process on Linux, and whether anybody is connected to them.
import { readdirSync, readlinkSync } from 'node:fs';
import type { RequestChannels } from './process-inspector.ts';
import { readFileOrNull } from '../system/files/read-file.ts';

/** Tells whether a process listens, and whether it has connections. */
export function listeningOf(pid: number): Pick<RequestChannels, 'listens' | 'isUsed'> {
  const inodes = socketsOf(pid);
  if (inodes === null) return { listens: null, isUsed: null };
  // The tables of its own network namespace: it may be another than ours.
  const tableOf = (name: string): string => readFileOrNull(`/proc/${pid}/net/${name}`, 'latin1') ?? '';
  const tables = [tableOf('tcp'), tableOf('tcp6')];
  const sockets = tables.flatMap(parseTable);
  const ports = sockets
    .filter(({ state, inode }) => state === LISTEN && inodes.has(inode))
    .map(({ port }) => port);
  // Connections to a socket file cannot be seen.
  if (listensOnFile(tableOf('unix'), inodes)) return { listens: true, isUsed: null };
  const isUsed = sockets.some(({ state, port }) => state === ESTABLISHED && ports.includes(port));
  return { listens: ports.length > 0, isUsed };
}

/** Flag of a listening socket in /proc/net/unix. */
const ACCEPTING = '00010000';

function listensOnFile(table: string, inodes: ReadonlySet<string>): boolean {
  return table.split('\n').some((line) => {
    const [, , , flags, , , inode = ''] = line.trim().split(/\s+/u);
    return flags === ACCEPTING && inodes.has(inode);
  });
}

const ESTABLISHED = '01';
const LISTEN = '0A';

interface TcpSocket {
  readonly state: string;
  /** Port of this end. */
  readonly port: number;
  readonly inode: string;
}

/** Parses /proc/net/tcp or tcp6, see proc_net(5). */
function parseTable(text: string): TcpSocket[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/u))
    .filter(({ length }) => length > 9)
    .map(([, local = '', , state = '', , , , , , inode = '']) => ({
      state,
      port: Number.parseInt(local.split(':')[1] ?? '', 16),
      inode,
    }));
}

function socketsOf(pid: number): Set<string> | null {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return null;
  }
  return new Set(names.map((name) => inodeOf(`/proc/${pid}/fd/${name}`)).filter((inode) => inode !== ''));
}

function inodeOf(path: string): string {
  try {
    return /^socket:\[(\d+)\]$/u.exec(readlinkSync(path))?.[1] ?? '';
  } catch {
    return '';
  }
}
