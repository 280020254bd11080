// Count of other processes connected to a local TCP port.
import { readdirSync, readlinkSync } from 'node:fs';
import { readFileOrNull } from '../files/read-file.ts';
import { isLinux } from '../platform.ts';

/**
 * Counts the established connections to a listening port, without our own. Null on systems other than Linux, which
 * would need a program to be started, and where the tables cannot be read.
 */
export function countClients(port: number): number | null {
  if (!isLinux) return null;
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFileOrNull(path, 'latin1'));
  if (tables.every((table) => table === null)) return null;
  return clientsOf(
    tables.map((table) => table ?? ''),
    port,
    ownSockets(),
  ).length;
}

interface Row {
  readonly local: string;
  readonly remote: string;
  readonly inode: string;
}

const ESTABLISHED = '01';

/**
 * Returns the remote addresses connected to `port`, in the notation of the tables.
 *
 * @param tables lines of /proc/net/tcp and tcp6, see proc_net(5)
 * @param own inodes of sockets to leave out
 */
export function clientsOf(
  tables: readonly string[],
  port: number,
  own: ReadonlySet<string>,
): readonly string[] {
  const rows = tables.flatMap(parse);
  const ours = new Set(rows.filter(({ inode }) => own.has(inode)).map(({ local }) => local));
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  return rows
    .filter(({ local, remote }) => local.endsWith(`:${hexPort}`) && !ours.has(remote))
    .map(({ remote }) => remote);
}

function parse(table: string): Row[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/u))
    .filter((fields) => fields[3] === ESTABLISHED)
    .map(([, local = '', remote = '', , , , , , , inode = '']) => ({
      local: withoutV4Prefix(local),
      remote: withoutV4Prefix(remote),
      inode,
    }));
}

/** An IPv4 connection to a server that listens on IPv6 is in both tables, in different notations. */
function withoutV4Prefix(address: string): string {
  return address.replace(/^0{16}FFFF0000(?=[\dA-F]{8}:)/u, '');
}

function ownSockets(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const name of descriptorNames()) {
    const inode = socketAt(`/proc/self/fd/${name}`);
    if (inode !== null) found.add(inode);
  }
  return found;
}

function descriptorNames(): readonly string[] {
  try {
    return readdirSync('/proc/self/fd');
  } catch {
    return [];
  }
}

function socketAt(path: string): string | null {
  try {
    return /^socket:\[(\d+)\]$/u.exec(readlinkSync(path))?.[1] ?? null;
  } catch {
    return null;
  }
}
