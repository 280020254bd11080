// Whether a process waits for connections, and whether it has any, on Linux.
import { readdirSync, readlinkSync } from 'node:fs';
import type { RequestChannels } from './process-inspector.ts';
import { readFileOrNull } from '../system/files/read-file.ts';

export function listeningOf(pid: number): Pick<RequestChannels, 'listens' | 'isUsed'> {
  const inodes = socketsOf(pid);
  if (inodes === null) return { listens: null, isUsed: null };
  // Those of its own network namespace: it may be another than ours.
  const tableOf = (name: string): string => readFileOrNull(`/proc/${pid}/net/${name}`, 'latin1') ?? '';
  const tables = [tableOf('tcp'), tableOf('tcp6')];
  const connections = tables.flatMap(parseTable);
  const ports = connections
    .filter(({ state, inode }) => state === LISTEN && inodes.has(inode))
    .map(({ port }) => port);
  // Who is connected to a file cannot be seen.
  if (listensOnFile(tableOf('unix'), inodes)) return { listens: true, isUsed: null };
  const isUsed = connections.some(({ state, port }) => state === ESTABLISHED && ports.includes(port));
  return { listens: ports.length > 0, isUsed };
}

/** Lines of /proc/net/unix: a listening socket has this flag. */
const ACCEPTING = '00010000';

function listensOnFile(table: string, inodes: ReadonlySet<string>): boolean {
  return table.split('\n').some((line) => {
    const [, , , flags, , , inode = ''] = line.trim().split(/\s+/u);
    return flags === ACCEPTING && inodes.has(inode);
  });
}

const ESTABLISHED = '01';
const LISTEN = '0A';

interface Connection {
  readonly state: string;
  /** Of this end. */
  readonly port: number;
  readonly inode: string;
}

/** Lines of /proc/net/tcp and tcp6, see proc_net(5). */
function parseTable(text: string): Connection[] {
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
