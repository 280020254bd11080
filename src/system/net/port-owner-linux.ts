// TCP listeners on Linux: the kernel's socket tables give an inode, /proc/PID/fd the process that holds it.
import { readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { codeOf } from '../../core/base/guards.ts';
import { listPids } from '../process/process-table-linux.ts';
import { readFileOrNull } from '../files/read-file.ts';

export interface ListeningSocket {
  /** In the usual notation: `127.0.0.1`, `::1`; the wildcards are `0.0.0.0` and `::`. */
  readonly address: string;
  readonly inode: string;
}

/** Lists every socket of this network namespace that listens on `port`, whoever owns it. */
export function listListening(port: number): ListeningSocket[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) =>
    parseSocketTable(readFileOrNull(path, 'latin1') ?? '', port),
  );
}

const LISTEN = '0A';

/** Parses /proc/net/tcp and tcp6, see proc_net(5). */
export function parseSocketTable(text: string, port: number): ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [address = '', hexPort = ''] = (fields[1] ?? '').split(':');
    const inode = fields[9];
    if (fields[3] !== LISTEN || inode === undefined || Number.parseInt(hexPort, 16) !== port) continue;
    sockets.push({ address: parseAddress(address), inode });
  }
  return sockets;
}

/** Finds the first process whose descriptors hold one of the sockets; null when it belongs to another user. */
export async function findHolder(inodes: ReadonlySet<string>): Promise<number | null> {
  for (const [index, pid] of listPids().entries()) {
    if (index % 20 === 19) await nextTurn();
    if (holdsAny(pid, inodes) === true) return pid;
  }
  return null;
}

/** Null when the descriptors of the process cannot be read. */
export function holdsAny(pid: number, inodes: ReadonlySet<string>): boolean | null {
  const descriptor = findDescriptor(pid, inodes);
  return descriptor === null ? null : descriptor !== undefined;
}

/** Finds a descriptor that holds one of the sockets; undefined when none does, null when they cannot be read. */
export function findDescriptor(pid: number, inodes: ReadonlySet<string>): Descriptor | undefined | null {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch (error) {
    return isDenied(error) ? null : undefined;
  }
  const found = names
    .map((name) => `/proc/${pid}/fd/${name}`)
    .map((path) => ({ path, inode: inodeOf(path) }));
  return found.find(({ inode }) => inodes.has(inode));
}

/** A descriptor of a process that refers to a socket. */
export interface Descriptor {
  readonly path: string;
  readonly inode: string;
}

/** True while the descriptor still refers to the same socket. */
export function isStillThere({ path, inode }: Descriptor): boolean {
  return inodeOf(path) === inode;
}

function isDenied(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(codeOf(error) ?? '');
}

function inodeOf(path: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1] ?? '';
  } catch {
    return '';
  }
}

/** The kernel prints addresses as 32-bit words in machine byte order, which is little-endian wherever Node runs. */
function parseAddress(hex: string): string {
  const bytes = Buffer.from(hex, 'hex').swap32();
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
