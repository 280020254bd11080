// User at the other end of a TCP connection within this machine, from the kernel's tables of sockets.
import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { isLinux } from '../platform.ts';

/** Both ends of a connection as its server sees them. */
export interface ConnectionEnds {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/**
 * Returns the uid of the process that opened the connection. Null where there is no such table (macOS), when it has no row
 * for the client (other machine, other network namespace), and when the client has closed its socket: that row says 0.
 */
export function connectionOwner(ends: ConnectionEnds): number | null {
  return connectionOwners([ends])[0] ?? null;
}

/** Does the same for several connections in one reading: the kernel needs half a millisecond for its table, however few sockets there are. */
export function connectionOwners(connections: readonly ConnectionEnds[]): readonly (number | null)[] {
  if (!isLinux) return connections.map(() => null);
  const wanted = connections.map(namesOf);
  const found = new Map<string, string>();
  findRows(
    '/proc/net/tcp',
    wanted.flatMap((names) => names?.narrow ?? []),
    found,
  );
  const others = wanted.flatMap((names) =>
    names === null || (names.narrow !== null && found.has(names.narrow)) ? [] : names.wide,
  );
  findRows('/proc/net/tcp6', others, found);
  return wanted.map((names) => {
    if (names === null) return null;
    return ownerIn((names.narrow === null ? null : found.get(names.narrow)) ?? found.get(names.wide) ?? null);
  });
}

/** Both ends as the tables write them, the client's first; null for what is no TCP connection. */
interface RowNames {
  /** In the table of IPv4; null for an IPv6 client. */
  readonly narrow: string | null;
  readonly wide: string;
}

function namesOf(ends: ConnectionEnds): RowNames | null {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = ends;
  const client = socketName(remoteAddress, remotePort);
  const server = socketName(localAddress, localPort);
  if (client === null || server === null) return null;
  // The client's row: its local end is our remote one.
  const narrow = `${client} ${server} `;
  // A client may reach an IPv4 listener with an IPv6 socket.
  return isIpv4(remoteAddress)
    ? { narrow, wide: `${MAPPED}${client} ${MAPPED}${server} ` }
    : { narrow: null, wide: narrow };
}

/** @param row of proc_net(5): number, local, remote, state, queues, timer, retransmits, uid, timeout, inode */
function ownerIn(row: string | null): number | null {
  const [, , , , , , , uid, , inode] = row?.trim().split(/\s+/u) ?? [];
  // A socket that no process holds any more has no inode, and uid 0.
  return uid === undefined || inode === undefined || inode === '0' ? null : Number(uid);
}

const MAPPED = '0000000000000000FFFF0000';

function isIpv4(address: string): boolean {
  return address.replace(/^::ffff:/u, '').includes('.');
}

/** Writes address and port as the tables do: words in the byte order of the machine. */
export function socketName(address: string, port: number): string | null {
  const bytes = addressBytes(address);
  if (bytes === null) return null;
  const isLittle = endianness() === 'LE';
  const words: string[] = [];
  for (let index = 0; index < bytes.length; index += 4) {
    const word = bytes.slice(index, index + 4);
    words.push(Buffer.from(isLittle ? word.toReversed() : word).toString('hex'));
  }
  return `${words.join('')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

/** Null for an address with a zone, and for what is none. */
function addressBytes(address: string): number[] | null {
  const bare = address.replace(/^::ffff:(?=\d+\.)/u, '');
  if (/^\d+(?:\.\d+){3}$/u.test(bare)) return bare.split('.').map(Number);
  if (!/^[\da-f:]+$/iu.test(bare) || !URL.canParse(`http://[${bare}]`)) return null;
  const [head = '', tail = ''] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::');
  const front = groups(head);
  const back = groups(tail);
  return [...front, ...Array.from({ length: 16 - front.length - back.length }, () => 0), ...back];
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text
    .split(':')
    .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}

/** Reads a table piece by piece until all rows are found: it has one for each socket of the machine. */
function findRows(path: string, names: readonly string[], found: Map<string, string>): void {
  if (names.length === 0) return;
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    const missing = new Set(names);
    let rest = '';
    while (missing.size > 0) {
      const length = readSync(descriptor, CHUNK);
      if (length === 0) return;
      const text = rest + CHUNK.toString('latin1', 0, length);
      const whole = text.lastIndexOf('\n') + 1;
      rest = text.slice(whole);
      const rows = text.slice(0, whole);
      for (const name of missing) {
        const row = rowOf(rows, name);
        if (row === null) continue;
        found.set(name, row);
        missing.delete(name);
      }
    }
  } catch {
    // What was found so far counts.
  } finally {
    closeSync(descriptor);
  }
}

/** @param rows whole ones */
function rowOf(rows: string, name: string): string | null {
  const start = rows.indexOf(`: ${name}`);
  // The number before the colon is of no use, its field is.
  return start === -1 ? null : `0${rows.slice(start, rows.indexOf('\n', start))}`;
}

/** Shared: a reading is over before the next begins. */
const CHUNK = Buffer.alloc(16_384);
